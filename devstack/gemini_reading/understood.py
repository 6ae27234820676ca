"""Whether speech was understood: a model that knows one language writes words of it for every other. Pure."""

import statistics
from collections.abc import Sequence

from devstack.gemini_reading.recording import Spoken

__all__ = ["INAUDIBLE", "understood"]

INAUDIBLE = "[inaudible]"
"""What the transcript's prompt asks for where words cannot be understood."""
_LEAST_SCORE = -0.85
"""Of what is said as a rule. Measured with eSpeak NG's voices: English -0.3 to -0.6, German -1.1."""


def understood(heard: Sequence[tuple[Spoken, float]]) -> list[Spoken]:
    """Return what was heard; the places without the words where the whole cannot be in the model's language.

    Parameters
    ----------
    heard
        Each stretch with the mean logarithm of the probability of its words.
    """
    if heard and statistics.median(score for _, score in heard) < _LEAST_SCORE:
        return [spoken.model_copy(update={"text": INAUDIBLE}) for spoken, _ in heard]
    return [spoken for spoken, _ in heard]
