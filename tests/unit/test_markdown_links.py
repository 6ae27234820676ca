"""Links in our pages lead to files and headings that there are."""

import re
from collections.abc import Iterator
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?m:^\[[^\]]+\]: (\S+)$)")
_CODE = re.compile(r"(?ms)^```.*?^```|`[^`\n]+`")
_HEADING = re.compile(r"(?m)^#+ +(.+?) *$")


def _pages() -> list[Path]:
    below = (page for folder in ("benchmarks", "deploy", "docs") for page in (_CHECKOUT / folder).rglob("*.md"))
    return [*_CHECKOUT.glob("*.md"), *below]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    kept = re.sub(r"(?ms)^```.*?^```", "", text)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip().lower().replace(" ", "-")
        for heading in _HEADING.findall(kept)
    }


def dead_links(page: Path) -> Iterator[str]:
    """Return the links of a page within the repository that lead nowhere."""
    for found in _LINK.finditer(_CODE.sub("", page.read_text("utf-8"))):
        link = found[1] or found[2]
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            yield link


def test_links_between_pages_lead_somewhere() -> None:
    pages = _pages()
    assert len(pages) > 20
    assert {str(page.relative_to(_CHECKOUT)): found for page in pages if (found := list(dead_links(page)))} == {}


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n\n## 5. Watch `it`, now\n\n[a](#5-watch-it-now) [b](page.md#a-page) [c](https://example.com/#x)\n"
        "`[d](e)` [f](page.md#watching) [g](none.md)\n\n[h]: none/\n",
        "utf-8",
    )

    assert list(dead_links(page)) == ["page.md#watching", "none.md", "none/"]
