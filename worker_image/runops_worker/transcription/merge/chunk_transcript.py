"""What the model wrote about one chunk."""

from collections.abc import Sequence
from dataclasses import dataclass

from runops.transcript import AudioItem, TranscriptItem, seconds, timestamp

__all__ = ["ChunkTranscript", "end_of", "shifted"]

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


def shifted(item: TranscriptItem, offset: float) -> TranscriptItem:
    """Return the item with its times moved later by so many seconds."""
    if isinstance(item, AudioItem):
        return item.model_copy(
            update={
                "timestamp_start_audio": timestamp(item.start + offset),
                "timestamp_end_audio": timestamp(seconds(item.timestamp_end_audio) + offset),
            }
        )
    update = {"timestamp_start_visual": timestamp(item.start + offset)}
    if item.timestamp_end_visual is not None:
        update["timestamp_end_visual"] = timestamp(seconds(item.timestamp_end_visual) + offset)
    return item.model_copy(update=update)
