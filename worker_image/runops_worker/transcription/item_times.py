"""Moves an item in time. Pure."""

from runops.transcript import AudioItem, TranscriptItem, seconds, timestamp

__all__ = ["shifted"]


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
