"""Joins the speech of two neighbouring chunks, so that each word is there once. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from runops.transcript import AudioItem, seconds, timestamp
from runops_worker.transcription.merge.common_speech import Step, common_speech
from runops_worker.transcription.merge.spoken_words import SpokenWord, spoken_words, text_of

__all__ = ["joined_speech"]

_CLOSING_SIGNS = re.compile(r"[^\w]*$")
_INAUDIBLE = "inaudible"

_Key = tuple[Literal["earlier", "later"], int]
"""Names an item: of which chunk, and its place there."""


@dataclass(slots=True)
class _Sentence:
    """An item that is being put together, with the items that its first and its last word are from."""

    first: AudioItem
    last: AudioItem
    words: list[SpokenWord] = field(default_factory=list)

    def item(self) -> AudioItem:
        text = text_of(self.words)
        if self.first is self.last and text == text_of(spoken_words([self.first])):
            return self.first
        end = max(self.first.start, seconds(self.last.timestamp_end_audio))
        return AudioItem(
            timestamp_start_audio=self.first.timestamp_start_audio,
            timestamp_end_audio=timestamp(end),
            verbatim_transcript_segment=text,
        )


class _Sentences:
    """Collects words in the order in which they were said, each with the item that it belongs to."""

    def __init__(self, earlier: Sequence[AudioItem], later: Sequence[AudioItem]) -> None:
        self._items = {"earlier": earlier, "later": later}
        self._sentences: dict[_Key, _Sentence] = {}
        self._joined: dict[_Key, _Key] = {}

    def add(self, word: SpokenWord, *, key: _Key, last: _Key | None = None) -> None:
        """Add a word to an item; `last` names the item that says when it ends, if that is another one."""
        source = self._item(last or key)
        key = self._target(key)
        sentence = self._sentences.setdefault(key, _Sentence(first=self._item(key), last=source))
        sentence.words.append(word)
        sentence.last = source

    def join(self, key: _Key, *, to: _Key) -> None:
        """Add what follows of one item to another item."""
        target = self._target(to)
        if self._target(key) != target:
            self._joined[key] = target

    def items(self) -> list[AudioItem]:
        """Return the items. None starts before the one that precedes it, whatever the two chunks say about times."""
        items: list[AudioItem] = []
        for sentence in self._sentences.values():
            item = sentence.item()
            if items and item.start < items[-1].start:
                item = _not_before(item, items[-1].start)
            items.append(item)
        return items

    def _target(self, key: _Key) -> _Key:
        while key in self._joined:
            key = self._joined[key]
        return key

    def _item(self, key: _Key) -> AudioItem:
        return self._items[key[0]][key[1]]


def joined_speech(earlier: Sequence[AudioItem], later: Sequence[AudioItem]) -> list[AudioItem]:
    """Return the items of two neighbouring chunks as one list, each word once.

    What both chunks report is found by `common_speech`. The words of the earlier chunk are used up to the middle of it,
    those of the later chunk from there on: each chunk is least reliable at its edge. If both end an item in the common
    part, the change is there. A sentence that goes across becomes one item. A word that only one of them reports is
    kept.

    Parameters
    ----------
    earlier, later
        The items near the seam, each in order, in the time of the recording.
    """
    before, after = spoken_words(earlier), spoken_words(later)
    steps = common_speech(before, after)
    if not steps:
        return [*earlier, *later]
    sentences = _Sentences(earlier, later)
    change = _change(steps)
    for word in before[: len(before) - sum(one is not None for one, _ in steps)]:
        sentences.add(word, key=("earlier", word.item))
    for place, step in enumerate(steps):
        _add(step, sentences, place=place, change=change)
    for word in after[sum(other is not None for _, other in steps) :]:
        sentences.add(word, key=("later", word.item))
    return sentences.items()


def _change(steps: Sequence[Step]) -> int:
    """Return the place of the last word that is taken from the earlier chunk."""
    common = [
        (place, one.is_last and other.is_last)
        for place, (one, other) in enumerate(steps)
        if one is not None and other is not None and _INAUDIBLE not in {one.plain, other.plain}
    ]
    middle = common[len(common) // 2][0]
    ends = [place for place, both_end in common if both_end]
    return min(ends, key=lambda place: (abs(place - middle), -place)) if ends else middle


def _add(step: Step, sentences: _Sentences, *, place: int, change: int) -> None:
    one, other = step
    if one is None or other is None:
        word = one or other
        assert word is not None
        sentences.add(word, key=("earlier" if other is None else "later", word.item))
        return
    left: _Key = ("earlier", one.item)
    right: _Key = ("later", other.item)
    if place < change:
        sentences.join(right, to=left)
        sentences.add(other if one.plain == _INAUDIBLE else one, key=left)
    elif place > change:
        sentences.join(left, to=right)
        sentences.add(one if other.plain == _INAUDIBLE else other, key=right)
    elif one.is_last and other.is_last:
        sentences.add(one, key=left)
    else:
        # What follows this word is taken from the later chunk, and so is the sign behind it.
        sentences.join(right, to=left)
        word = one if len(one.plain) >= len(other.plain) else other
        sentences.add(replace(word, text=_ending_as(word.text, other.text)), key=left, last=right)


def _ending_as(text: str, other: str) -> str:
    signs = _CLOSING_SIGNS.search(other)
    return _CLOSING_SIGNS.sub("", text, count=1) + (signs.group() if signs is not None else "")


def _not_before(item: AudioItem, start: float) -> AudioItem:
    return item.model_copy(
        update={
            "timestamp_start_audio": timestamp(start),
            "timestamp_end_audio": timestamp(max(start, seconds(item.timestamp_end_audio))),
        }
    )
