"""Whether speech was understood: a model that knows one language writes words of it for every other. Pure."""

import statistics
import zlib
from collections.abc import Sequence

from devstack.gemini_reading.recording import Spoken

__all__ = ["INAUDIBLE", "understood"]

INAUDIBLE = "[inaudible]"
"""What the transcript's prompt asks for where words cannot be understood."""
_LEAST_SCORE = -0.74
"""Of what is said as a rule: in the middle between eleven English recordings (-0.36 to -0.50) and German ones (-0.98)."""
_MOST_ALIKE = 2.0
"""Letters to their compressed ones. Repeated words are invented ones: Whisper takes 2.4; English has 1.04 at most."""


def understood(heard: Sequence[tuple[Spoken, float]]) -> list[Spoken]:
    """Return what was heard; the places without the words where the whole cannot be in the model's language.

    Parameters
    ----------
    heard
        Each stretch with the mean logarithm of the probability of its words.
    """
    if heard and statistics.median(score for _, score in heard) < _LEAST_SCORE:
        return [spoken.model_copy(update={"text": INAUDIBLE}) for spoken, _ in heard]
    return [spoken.model_copy(update={"text": INAUDIBLE}) if _repeats(spoken.text) else spoken for spoken, _ in heard]


def _repeats(text: str) -> bool:
    letters = text.encode()
    return len(letters) > _MOST_ALIKE * len(zlib.compress(letters))
