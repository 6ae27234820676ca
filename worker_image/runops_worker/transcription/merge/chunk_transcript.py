"""What the model wrote about one chunk."""

from collections.abc import Sequence
from dataclasses import dataclass

from runops.transcript import AudioItem, TranscriptItem, seconds

__all__ = ["ChunkTranscript", "end_of"]

_USUAL_SECONDS = 2.0
"""How long a visual item lasts that has no end."""


@dataclass(frozen=True, slots=True)
class ChunkTranscript:
    """The transcript of one chunk.

    Attributes
    ----------
    start, end
        Of the chunk, in seconds of the recording.
    items
        Their times count from the start of the chunk.
    """

    start: float
    end: float
    items: Sequence[TranscriptItem]


def end_of(item: TranscriptItem) -> float:
    """Return the second at which an item ends."""
    stamp = item.timestamp_end_audio if isinstance(item, AudioItem) else item.timestamp_end_visual
    return item.start + _USUAL_SECONDS if stamp is None else seconds(stamp)
