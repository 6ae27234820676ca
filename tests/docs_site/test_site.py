"""The documentation as a site: no warning, every link leads somewhere, every page is in the navigation."""

import tomllib
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from docs_site.build import SiteError, built_site
from docs_site.links import REPOSITORY, linked_for_site
from docs_site.pages import CHECKOUT, places_in_site, written_pages

_ELSEWHERE = "https://runops.github.io/runops-operator/"
_LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
# Pages about the project's own history: whoever needs one is led there by its list.
_LISTS = ("runbooks/", "decisions/")


class Page(HTMLParser):
    """What a built page links to, loads, and can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if (name := given.get("id")) is not None:
            self.anchors.add(name)
        if tag == "a" and (link := given.get("href")):
            self.links.append(link)
        if tag in _LOADS and given.get("rel") != "canonical" and (loaded := given.get(_LOADS[tag])):
            self.loads.append(loaded)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html")}


def target_of(link: str, page: Path, site: Path) -> tuple[Path, str] | None:
    """The file and the anchor that a link of a page leads to; None for another site."""
    link = link.removeprefix(_ELSEWHERE) if link.startswith(_ELSEWHERE) else link
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    path = unquote(parts.path)
    base = site if path.startswith("/") else page.parent
    found = (base / path.lstrip("/")).resolve() if path else page
    return (found / "index.html" if found.is_dir() or path.endswith("/") else found), unquote(parts.fragment)


@pytest.mark.slow("the first test with the site builds it, with an environment of its own")
def test_every_link_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    dead: list[str] = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            found = target_of(link, path, site)
            if found is None:
                continue
            target, anchor = found
            known = pages.get(target)
            if not target.exists() or (known is not None and anchor not in known.anchors and anchor != "__tabbed"):
                dead.append(f"{path.relative_to(site)} -> {link}")
    assert dead == []
    assert len(pages) > 100


def test_links_to_the_repository_lead_to_files_that_there_are(pages: dict[Path, Page]) -> None:
    links = {link for page in pages.values() for link in page.links if link.startswith(REPOSITORY)}
    paths = {unquote(urlsplit(link).path.split("/blob/main/")[1]) for link in links}
    assert [path for path in sorted(paths) if not (CHECKOUT / path).exists()] == []
    assert len(paths) > 10


def test_a_page_loads_nothing_from_another_server(pages: dict[Path, Page]) -> None:
    loaded = {one for page in pages.values() for one in page.loads}
    assert [one for one in sorted(loaded) if urlsplit(one).netloc and not one.startswith(_ELSEWHERE)] == []


def in_navigation(items: Iterable[Any]) -> set[str]:
    found: set[str] = set()
    for item in items:
        for value in item.values():
            found |= {value} if isinstance(value, str) else in_navigation(value)
    return found


def test_every_page_is_in_the_navigation_and_nothing_else() -> None:
    configuration = tomllib.loads((CHECKOUT / "docs_site" / "zensical.toml").read_text("utf-8"))
    listed = in_navigation(configuration["project"]["nav"])
    there = {place for place in places_in_site().values() if place.endswith(".md")}
    assert listed - there == set()
    assert {page for page in there - listed if not page.startswith(_LISTS)} == set()


def test_lists_name_each_of_their_pages(site: Path) -> None:
    for name in _LISTS:
        text = (site / name / "index.html").read_text("utf-8")
        missing = [path.stem for path in (CHECKOUT / "docs" / name).glob("*.md") if f'href="{path.stem}/"' not in text]
        assert missing == []


def test_a_dead_link_fails_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_page_is_wrong(folder: Path) -> None:
        written_pages(folder)
        with (folder / "index.md").open("a", encoding="utf-8") as page:
            page.write("\nSee [nothing](nothing.md).\n")

    monkeypatch.setattr("docs_site.build.written_pages", one_page_is_wrong)
    with pytest.raises(SiteError, match=r"nothing\.md"):
        built_site(tmp_path / "docs", lambda _: None)


PLACES = {
    "docs/a.md": "a.md",
    "docs/deep/b.md": "deep/b.md",
    "CONTRIBUTING.md": "contributing.md",
    "docs/runbooks/index.md": "runbooks/index.md",
}
TITLES = {"docs/a.md": "Title of A", "CONTRIBUTING.md": "Contributing"}


@pytest.mark.parametrize(
    ("source", "text", "made"),
    [
        ("docs/deep/b.md", "[x](../a.md#y)", "[x](../a.md#y)"),
        ("docs/deep/b.md", "[a.md](../a.md#y)", "[Title of A](../a.md#y)"),
        ("docs/a.md", "[x](../CONTRIBUTING.md)", "[x](contributing.md)"),
        ("CONTRIBUTING.md", "[docs/a.md](docs/a.md)", "[Title of A](a.md)"),
        ("docs/a.md", "[x](../runops/sop.py#L3)", f"[x]({REPOSITORY}/runops/sop.py#L3)"),
        ("docs/a.md", "[x](runbooks)", "[x](runbooks/index.md)"),
        ("docs/a.md", "[x](https://example.com/a.md) [y](#z)", "[x](https://example.com/a.md) [y](#z)"),
        ("docs/a.md", "`[x](../runops/sop.py)`", "`[x](../runops/sop.py)`"),
        ("docs/a.md", "```\n[x](../runops/sop.py)\n```", "```\n[x](../runops/sop.py)\n```"),
        ("docs/a.md", "[x]: ../runops/sop.py", f"[x]: {REPOSITORY}/runops/sop.py"),
        ("docs/a.md", "[`x`](deep/b.md)", "[`x`](deep/b.md)"),
    ],
)
def test_links_are_made_for_the_site(source: str, text: str, made: str) -> None:
    assert linked_for_site(text, source=source, places=PLACES, titles=TITLES) == made


def test_the_first_page_lists_every_page_for_readers_without_the_site() -> None:
    listed = (CHECKOUT / "docs" / "index.md").read_text("utf-8")
    pages = [path.name for path in (CHECKOUT / "docs").glob("*.md") if path.name != "index.md"]
    hidden = {"cli-reference.md", "mutation-score.md", "simulated-world.md", "slowest-tests.md"}
    assert [name for name in sorted(pages) if f"]({name})" not in listed and name not in hidden] == []
