"""Which files of the repository are in the site, where, and what is made of them."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from docs_site.links import linked_for_site

__all__ = ["CHECKOUT", "places_in_site", "written_pages"]

CHECKOUT: Final = Path(__file__).parents[1]
_FROM_ELSEWHERE: Final = {
    "deploy/helm/runops-operator/README.md": "values.md",
    "benchmarks/README.md": "benchmarks.md",
    "CONTRIBUTING.md": "contributing.md",
    "AGENTS.md": "map.md",
}
_TITLED: Final = {"deploy/helm/runops-operator/README.md": "Values of the chart", "AGENTS.md": "Map of the code"}
_LISTED: Final = {
    "docs/runbooks": (
        "Runbooks",
        "What to do when an alert fires. Each alert of the chart links to its page here.",
    ),
    "docs/decisions": (
        "Decisions",
        "Why things are as they are: one page for each decision, with what was measured or tried before it.",
    ),
}
_HEADING: Final = re.compile(r"(?m)^# +(.+?) *$")


def places_in_site() -> dict[str, str]:
    """Return where each file is in the site, by its path in the repository."""
    files = (path.relative_to(CHECKOUT).as_posix() for path in sorted((CHECKOUT / "docs").rglob("*")) if path.is_file())
    places = {name: name.removeprefix("docs/") for name in files}
    # Lists that the repository shows by itself, as folders.
    lists = {f"{folder}/index.md": f"{folder.removeprefix('docs/')}/index.md" for folder in _LISTED}
    return {**places, **_FROM_ELSEWHERE, **lists}


def written_pages(folder: Path) -> None:
    """Write the site's sources into a folder."""
    places = places_in_site()
    titles = {
        source: _title(CHECKOUT / source)
        for source in places
        if source.endswith(".md") and (CHECKOUT / source).exists()
    }
    for source, place in places.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        file = CHECKOUT / source
        if not file.exists():
            target.write_text(_list_of(Path(source).parent.as_posix()), "utf-8")
        elif file.suffix == ".md":
            target.write_text(
                linked_for_site(file.read_text("utf-8"), source=source, places=places, titles=titles), "utf-8"
            )
        else:
            target.write_bytes(file.read_bytes())


def _list_of(folder: str) -> str:
    title, about = _LISTED[folder]
    lines = [f"- [{_title(page)}]({page.name})" for page in _pages_of(folder)]
    return "\n".join([f"# {title}", "", about, "", *lines, ""])


def _pages_of(folder: str) -> Iterable[Path]:
    return sorted(path for path in (CHECKOUT / folder).glob("*.md") if path.name != "index.md")


def _title(page: Path) -> str:
    found = _HEADING.search(page.read_text("utf-8"))
    title = found[1] if found else page.stem
    number = re.match(r"\d{4}", page.stem)
    return title if number is None or title.startswith(number[0]) else f"{number[0]} {title}"
