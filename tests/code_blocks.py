"""The code blocks of a documentation page, so that tests run what the page shows. Pure."""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "Block", "code_blocks"]

DOCS = Path(__file__).parents[1] / "docs"
_FENCED = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w-]+)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, and the line on which the text begins."""

    language: str
    text: str
    line: int


def code_blocks(page: Path, language: str | None = None) -> list[Block]:
    """Return the fenced blocks of a page in order; only those of one language, if it is given."""
    text = page.read_text("utf-8")
    found = [
        Block(one["language"], one["text"], text.count("\n", 0, one.start("text")) + 1)
        for one in _FENCED.finditer(text)
    ]
    return [one for one in found if language in (None, one.language)]
