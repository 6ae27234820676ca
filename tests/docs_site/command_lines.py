"""The command lines that documentation pages show. Pure."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CommandLine", "command_lines"]

_FENCED = re.compile(r"(?ms)^ *```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^ *```$")
_SHELLS = {"sh", "bash", "shell", "console"}
_INDENTED = re.compile(r"(?m)(?:^(?: {4,}|\t)\S.*(?:\n|\Z))+")
_PROMPT = re.compile(r"^\$ ")
_SUBSTITUTED = re.compile(r"\$\(([^()]*)\)")
_BETWEEN = {"|", "||", "&&", ";", "&"}
_REDIRECTION = re.compile(r"^\d*[<>].*|.*[<>]$")


@dataclass(frozen=True)
class CommandLine:
    """One command with its arguments.

    Attributes
    ----------
    page
        Where it stands.
    words
        The program first; environment assignments, `nice` and comments are left out.
    prompted
        Whether it stands behind `$ `, or in a block that is for the shell: then it cannot be anything else.
    """

    page: Path
    words: tuple[str, ...]
    prompted: bool

    def __str__(self) -> str:
        return f"{self.page.name}: {' '.join(self.words)}"


def command_lines(page: Path) -> Iterator[CommandLine]:
    """Yield the command lines of a page, and lines of indented blocks that may be something else."""
    text = page.read_text("utf-8")
    for block in _FENCED.finditer(text):
        if block["language"] in _SHELLS:
            # Of a console only what stands behind the prompt was typed.
            yield from _of_block(page, block["text"], all_typed=block["language"] != "console")
    for block in _INDENTED.finditer(_FENCED.sub("\n", text)):
        yield from _of_block(page, block.group(), all_typed=False)


def _of_block(page: Path, text: str, *, all_typed: bool) -> Iterator[CommandLine]:
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        typed = line.strip()
        prompted = all_typed or _PROMPT.match(typed) is not None
        for inner in _SUBSTITUTED.findall(typed):
            yield from _commands(page, inner, prompted=prompted)
        yield from _commands(page, _SUBSTITUTED.sub("OUTPUT", _PROMPT.sub("", typed)), prompted=prompted)


def _commands(page: Path, line: str, *, prompted: bool) -> Iterator[CommandLine]:
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        # An unbalanced quote: what a program printed.
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if word in _BETWEEN:
            kept = _without_wrapping(command)
            if kept:
                yield CommandLine(page, tuple(kept), prompted)
            command = []
        elif not _REDIRECTION.match(word):
            command.append(word)


def _without_wrapping(words: list[str]) -> list[str]:
    kept = list(words)
    while kept and (kept[0] in {"nice", "eval", "export", "sudo"} or re.match(r"^[A-Z_]+=", kept[0])):
        kept.pop(0)
    return kept
