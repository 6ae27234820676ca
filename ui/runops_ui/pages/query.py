"""The filter in a URL, as pages read and write it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

__all__ = ["Chip", "chips", "joined", "url"]

_WORDS = {
    "status": "status",
    "user": "user",
    "reason": "reason",
    "model": "model",
    "since": "queued since",
    "changed_since": "changed since",
    "longer_than": "longer than",
    "text": "text",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition of the filter, and the address of the page without it."""

    name: str
    value: str
    without: str


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return a query whose keys may come several times, with commas between their values."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if value.strip():
            values.setdefault(name, []).append(value.strip())
    return {name: ",".join(some) for name, some in values.items()}


def url(path: str, *queries: Mapping[str, str]) -> str:
    """Return an address with the queries, of which a later one wins and empty values are left out."""
    query = {name: value for one in queries for name, value in one.items()}
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{said}" if said else path


def chips(query: Mapping[str, str], path: str) -> list[Chip]:
    """Return the conditions that the query of a page names, each with the way to take it out."""
    given = {name: value for name, value in query.items() if name in _WORDS}
    rest = {name: value for name, value in query.items() if name not in _WORDS and name != "after"}
    return [
        Chip(_WORDS[name], value, url(path, {key: one for key, one in given.items() if key != name}, rest))
        for name, value in given.items()
    ]
