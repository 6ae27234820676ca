"""Leaves out the item by which each chunk begins. Pure.

The prompt asks for a `SCREEN_UPDATE` at the start of each clip that says what is on the screen. In the middle of a
recording nothing has changed there.
"""

from collections.abc import Sequence

from runops.transcript import ActionType, TranscriptItem, VisualItem
from runops_worker.transcription.merge.same_action import is_other_screen

__all__ = ["without_opening"]

_LATEST_START = 1.0
"""Seconds after the start of the chunk."""
_MOST_APART = 3.0
"""Seconds by which the two chunks may disagree about when the screen changed."""
_COMPARED = 3
"""Number of items that its opening item is compared with, besides those that are as late."""


def without_opening(
    items: Sequence[TranscriptItem], *, start: float, before: Sequence[TranscriptItem], earlier_end: float
) -> list[TranscriptItem]:
    """Return the items of a chunk without its opening item, unless that tells something.

    It is kept at the start of the recording, behind a gap, and where it names another application and another screen
    than all of the latest items before it: then the earlier chunk missed a change.

    Parameters
    ----------
    items
        Of the chunk, in order, in the time of the recording.
    start
        Of the chunk.
    before
        Items of the earlier chunks, in order.
    earlier_end
        Where the earlier chunks end, in seconds of the recording.
    """
    opening = next((item for item in items if isinstance(item, VisualItem)), None)
    if opening is None or not _is_opening(opening, start=start) or earlier_end < start:
        return list(items)
    seen = [item for item in before if isinstance(item, VisualItem)]
    latest = [item for item in seen if item.start < opening.start - _MOST_APART][-_COMPARED:]
    latest += [item for item in seen if abs(item.start - opening.start) <= _MOST_APART]
    if latest and all(is_other_screen(item, opening) for item in latest):
        return list(items)
    return [item for item in items if item is not opening]


def _is_opening(item: VisualItem, *, start: float) -> bool:
    return (
        item.action_type_observed == ActionType.SCREEN_UPDATE
        and item.start <= start + _LATEST_START
        and item.target_element_details is None
        and item.data_input_observed is None
    )
