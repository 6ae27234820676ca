"""Word error rate of what was said. Pure."""

from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein

from evaluation.gold.events import Speech
from evaluation.text.plain import words
from runops.transcript import AudioItem, TranscriptItem

__all__ = ["word_error_rate"]


def word_error_rate(gold: Iterable[Speech], transcript: Iterable[TranscriptItem]) -> float | None:
    """Return (substitutions + deletions + insertions) / words said. It can be more than 1.

    Case, punctuation and number formats make no difference; a number in letters and one in digits do. Where nothing was
    said: None where nothing was heard, else 1.
    """
    said = [word for one in gold for word in words(one.text)]
    heard = [
        word for item in transcript if isinstance(item, AudioItem) for word in words(item.verbatim_transcript_segment)
    ]
    if not said:
        return 1.0 if heard else None
    return Levenshtein.distance(said, heard) / len(said)
