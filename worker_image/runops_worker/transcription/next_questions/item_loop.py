"""Where a model began to repeat itself without end. Pure."""

from collections.abc import Sequence
from typing import Final

from runops.transcript import TranscriptItem
from runops_worker.transcription.item_words import words

__all__ = ["before_loop"]

_MOST_CYCLE: Final = 12
_LEAST_CYCLES: Final = 3


def before_loop(items: Sequence[TranscriptItem]) -> Sequence[TranscriptItem]:
    """Return the items up to where they begin to repeat themselves, each cycle with other times at most."""
    said = [words(item) for item in items]
    for cycle in range(1, _MOST_CYCLE + 1):
        repeated = 0
        while repeated + cycle < len(said) and said[-1 - repeated] == said[-1 - repeated - cycle]:
            repeated += 1
        if repeated >= (_LEAST_CYCLES - 1) * cycle:
            return items[: len(items) - repeated]
    return items
