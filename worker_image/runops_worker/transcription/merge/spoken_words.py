"""Divides speech into words with an estimate of when each was said. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runops.transcript import AudioItem, seconds

__all__ = ["SpokenWord", "spoken_words", "text_of"]

# Scripts that are written without spaces. Each character counts as a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SIGN = rf"[^\w\s{_UNSPACED}]"
_LETTER = rf"[^\W{_UNSPACED}]"
# A word, with the signs before and behind it. A sign between two spaces belongs to the word before it.
_WORD = re.compile(rf"{_SIGN}*(?:[{_UNSPACED}]|{_LETTER}+(?:{_SIGN}+{_LETTER}+)*){_SIGN}*(?:\s+{_SIGN}+(?=\s|$))*")
_SIGNS = re.compile(r"^[^\w]+|[^\w]+$")
_STARTS_UNSPACED = re.compile(rf"{_SIGN}*[{_UNSPACED}]")


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word of a transcript.

    Attributes
    ----------
    text
        As it is written, with its punctuation.
    plain
        Without punctuation and case.
    item
        Place of its item among the items given.
    at
        Estimate of the second at which it was said, as if all letters of an item took the same time.
    is_spaced
        Whether a space divides it from the word before it.
    is_last
        Whether it is the last word of its item.
    """

    text: str
    plain: str
    item: int
    at: float
    is_spaced: bool
    is_last: bool


def spoken_words(items: Sequence[AudioItem]) -> list[SpokenWord]:
    """Return the words of items in their order. An item without letters and digits is one word."""
    words: list[SpokenWord] = []
    for place, item in enumerate(items):
        text = item.verbatim_transcript_segment
        found = list(_WORD.finditer(text)) or list(re.finditer(r".*\S.*", text, re.DOTALL))
        length = seconds(item.timestamp_end_audio) - item.start
        for number, match in enumerate(found):
            before = text[match.start() - 1 : match.start()]
            words.append(
                SpokenWord(
                    text=match.group(),
                    plain=_SIGNS.sub("", match.group()).casefold(),
                    item=place,
                    at=item.start + length * (match.start() + match.end()) / (2 * max(len(text), 1)),
                    is_spaced=before.isspace() or (number == 0 and _STARTS_UNSPACED.match(match.group()) is None),
                    is_last=number == len(found) - 1,
                )
            )
    return words


def text_of(words: Sequence[SpokenWord]) -> str:
    """Return the words as one text."""
    return "".join(f" {word.text}" if word.is_spaced else word.text for word in words).strip()
