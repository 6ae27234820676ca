"""Reads and writes ids of items, one by one or as ranges. Pure."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

__all__ = ["as_ranges", "read_ids"]

_ID = re.compile(r"t\d{1,6}|(?<![A-Za-z0-9])a\d{4}(?!\d)")
"""Of an item, or of an answer."""
_RANGE = re.compile(r"(t\d{1,6})\s*(?:-|–|to|bis|\.\.)\s*(t\d{1,6})")  # noqa: RUF001
_LONGEST_RANGE = 50


def read_ids(value: Any, *, longest_range: int = _LONGEST_RANGE) -> tuple[str, ...]:
    """Return the ids in a value, in order and each once. Whether the items exist is not known here.

    Models write ids as a list, as one text, in brackets, as a range (`t0003-t0006`) or with a wrong number of zeros.

    Parameters
    ----------
    value
        What the model wrote.
    longest_range
        Of a range with more items than this only the first and the last id are returned.
    """
    return tuple(dict.fromkeys(_ids(value, longest_range)))


def as_ranges(ids: Iterable[str]) -> tuple[str, ...]:
    """Return ids in the order of their items, with a range in place of three or more that follow each other.

    `read_ids` reads them back.

    Parameters
    ----------
    ids
        As `item_id` writes them.
    """
    numbers = sorted({int(name[1:]) for name in ids})
    runs: list[list[int]] = [[number] for number in numbers[:1]]
    for before, number in pairwise(numbers):
        if number == before + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return tuple(name for run in runs for name in _written(run))


def _written(run: list[int]) -> Iterator[str]:
    if len(run) < 3:
        yield from map(_name, run)
    else:
        yield f"{_name(run[0])}-{_name(run[-1])}"


def _ids(value: Any, longest_range: int) -> Iterator[str]:
    if isinstance(value, str):
        at = 0
        for found in _RANGE.finditer(value):
            yield from map(_full, _ID.findall(value[at : found.start()]))
            yield from _between(int(found[1][1:]), int(found[2][1:]), longest_range)
            at = found.end()
        yield from map(_full, _ID.findall(value[at:]))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _ids(each, longest_range)
    elif isinstance(value, dict):
        yield from _ids(list(value.values()), longest_range)


def _full(written: str) -> str:
    return written if written[0] == "a" else _name(int(written[1:]))


def _name(number: int) -> str:
    return f"t{number:04d}"


def _between(first: int, last: int, longest_range: int) -> Iterator[str]:
    numbers = range(first, last + 1) if first <= last < first + longest_range else (first, last)
    yield from map(_name, numbers)
