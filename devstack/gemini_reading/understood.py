"""Whether speech was understood: a model that knows one language writes words of it for every other. Pure."""

import statistics
import zlib
from collections.abc import Sequence

from devstack.gemini_reading.recording import Spoken

__all__ = ["INAUDIBLE", "understood"]

INAUDIBLE = "[inaudible]"
"""What the transcript's prompt asks for where words cannot be understood."""
_LEAST_SCORE, _LEAST_OF_SUREST = -0.7, -0.43
"""Of what is said as a rule, and of the surest fifth. Both have to be lower than this: see docs/gemini-stand-in.md."""
_SUREST = 5
_MOST_ALIKE = 2.0
"""Letters to their compressed ones. Repeated words are invented ones: Whisper takes 2.4; English has 1.04 at most."""


def understood(heard: Sequence[tuple[Spoken, float]]) -> list[Spoken]:
    """Return what was heard; the places without the words where the whole cannot be in the model's language.

    Parameters
    ----------
    heard
        Each stretch with the mean logarithm of the probability of its words.
    """
    scores = sorted((score for _, score in heard), reverse=True)
    if scores and statistics.median(scores) < _LEAST_SCORE and _surest(scores) < _LEAST_OF_SUREST:
        return [spoken.model_copy(update={"text": INAUDIBLE}) for spoken, _ in heard]
    return [spoken.model_copy(update={"text": INAUDIBLE}) if _repeats(spoken.text) else spoken for spoken, _ in heard]


def _surest(scores: Sequence[float]) -> float:
    """Return the mean of the best fifth: what is said badly in the model's own language is heard well now and then."""
    return statistics.mean(scores[: max(len(scores) // _SUREST, 1)])


def _repeats(text: str) -> bool:
    letters = text.encode()
    return len(letters) > _MOST_ALIKE * len(zlib.compress(letters))
