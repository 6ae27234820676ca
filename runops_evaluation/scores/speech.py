"""Word error rate of what was said. Pure."""

from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein

from runops.transcript import AudioItem, TranscriptItem
from runops_evaluation.gold.events import Speech
from runops_evaluation.text.plain import words
from runops_evaluation.text.spoken_numbers import in_digits

__all__ = ["word_error_rate"]


def word_error_rate(gold: Iterable[Speech], transcript: Iterable[TranscriptItem], *, language: str) -> float | None:
    """Return (substitutions + deletions + insertions) / words said. It can be more than 1.

    Case, punctuation and the form of numbers make no difference. Where nothing was said: None where nothing was heard,
    else 1.
    """
    # In one piece: a number may be in two items.
    said = words(in_digits(" ".join(one.text for one in gold), language))
    spoken = (item.verbatim_transcript_segment for item in transcript if isinstance(item, AudioItem))
    heard = words(in_digits(" ".join(spoken), language))
    if not said:
        return 1.0 if heard else None
    return Levenshtein.distance(said, heard) / len(said)
