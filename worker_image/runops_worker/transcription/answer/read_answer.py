"""Reads the answer about one chunk: what can be settled by rule is settled, and no good item is lost for a bad one."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from runops.transcript import TranscriptItem, ordered
from runops_worker.model.answer_json import cleaned
from runops_worker.transcription.answer.raw_items import Broken, RawItems, raw_items
from runops_worker.transcription.answer.rules import Rule
from runops_worker.transcription.answer.settle_item import SettledItem, settle_item, times_of
from runops_worker.transcription.answer.stamps import Clock

__all__ = ["TranscriptAnswer", "UnsettledItem", "read_answer"]

_MOST_ITEMS = 100_000
"""As many as a transcript may have."""
_REFUSED = re.compile(r"\x00|\\u0000|\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""What may become a character that PostgreSQL's jsonb refuses: NUL and lone surrogates."""


@dataclass(frozen=True, slots=True)
class UnsettledItem:
    """An object of the answer that has no clear meaning.

    Attributes
    ----------
    index
        Its place in the answer, from 0.
    raw
        The object, or the part of it that has no clear meaning; its text where it is not JSON.
    faults
        What is wrong with it, one sentence each, without its place.
    """

    index: int
    raw: Any = field(repr=False)
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptAnswer:
    """An answer about one chunk, as it was read.

    Attributes
    ----------
    items
        In order, each once, with times within the clip.
    settled
        How often each rule was applied, by the names in `Rule`.
    dropped
        One sentence for each thing that was left out and may have said something.
    unsettled
        Objects that are not among the items.
    complete
        False where the JSON ended early. The items are then those before its end.
    unusable
        Why nothing could be read, as a sentence; None otherwise.
    """

    items: tuple[TranscriptItem, ...] = field(default=(), repr=False)
    settled: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    dropped: tuple[str, ...] = ()
    unsettled: tuple[UnsettledItem, ...] = ()
    complete: bool = True
    unusable: str | None = None


def read_answer(text: str, *, length: float) -> TranscriptAnswer:
    """Read the answer about one chunk. It never raises, whatever the text is.

    Parameters
    ----------
    text
        The answer.
    length
        Seconds of the clip.
    """
    raw = raw_items(text)
    if raw.unusable is not None:
        return TranscriptAnswer(unusable=raw.unusable, complete=raw.complete)
    return _settled(raw, length=length, may_be_refused=_REFUSED.search(text) is not None)


def _settled(raw: RawItems, *, length: float, may_be_refused: bool) -> TranscriptAnswer:
    rules: Counter[Rule] = Counter(raw.rules)
    values = raw.values[:_MOST_ITEMS]
    more = len(raw.values) - len(values)
    dropped = [f"{more} items after the first {_MOST_ITEMS}."] if more else []
    clock = Clock.of((time for value in values if isinstance(value, dict) for time in times_of(value)), length=length)
    items: list[TranscriptItem] = []
    unsettled: list[UnsettledItem] = []
    before = 0
    for index, value in enumerate(values):
        if not isinstance(value, dict | Broken):
            dropped.append(f"[{index}] is not an object.")
            continue
        plain, one = _one(value, clock, after=before, may_be_refused=may_be_refused)
        if may_be_refused and isinstance(value, dict) and plain != value:
            rules[Rule.REFUSED_CHARACTER] += 1
        if one.faults:
            # Of an object with something seen and something said, one may be good.
            unsettled.append(UnsettledItem(index, dict(one.rest) if one.items else plain, one.faults))
        rules.update(one.rules)
        items.extend(one.items)
        before = round(one.items[0].start * 1000) if one.items else before
    rules[Rule.UNORDERED] += sum(1 for one, other in pairwise(items) if other.start < one.start)
    once = _once(ordered(items))
    rules[Rule.DUPLICATE_ITEM] += len(items) - len(once)
    return TranscriptAnswer(
        items=once,
        settled=MappingProxyType({rule.value: number for rule, number in sorted(rules.items()) if number}),
        dropped=tuple(dropped),
        unsettled=tuple(unsettled),
        complete=raw.complete,
    )


def _one(value: dict[str, Any] | Broken, clock: Clock, *, after: int, may_be_refused: bool) -> tuple[Any, SettledItem]:
    if isinstance(value, Broken):
        return cleaned(value.text), SettledItem(faults=("it is not valid JSON.",))
    try:
        plain = cleaned(value) if may_be_refused else value
        return plain, settle_item(plain, clock, after=after)
    except RecursionError:
        return None, SettledItem(faults=("it is nested too deeply.",))


def _once(items: list[TranscriptItem]) -> tuple[TranscriptItem, ...]:
    """Return the items without exact repetitions."""
    kept: dict[str, TranscriptItem] = {}
    for item in items:
        kept.setdefault(item.model_dump_json(), item)
    return tuple(kept.values())
