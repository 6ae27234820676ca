"""Time ranges without a transcript: how they are marked in it, and read back. Pure.

A gap is an item of the transcript in one fixed form. So the transcript alone tells where it has gaps.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from runops.quality import Gap, GapReason
from runops.transcript import ActionType, VisualItem, seconds, timestamp

__all__ = ["WHY", "gap_item", "gaps_in", "joined"]

WHY: Final[Mapping[GapReason, str]] = {
    "refused": "the model refused it",
    "empty": "the model gave no usable answer about it",
    "cut_off": "the model's answer broke off each time",
    "not_covered": "the model's answer left it out",
}
"""Why a part has no transcript, in words."""

_REASONS: Final = {sentence: reason for reason, sentence in WHY.items()}
_MARK: Final = re.compile(r"This part of the recording was not transcribed: (?P<why>[^.]{1,80})\.")
_NOT_KNOWN: Final = "Not known."
_APPLICATION: Final = "unknown"


def gap_item(gap: Gap) -> VisualItem:
    """Return the item that marks a gap in the transcript."""
    return VisualItem(
        timestamp_start_visual=timestamp(gap.start),
        timestamp_end_visual=timestamp(gap.end),
        application_in_focus=_APPLICATION,
        action_type_observed=ActionType.SCREEN_UPDATE,
        screen_region_description_pre_action=f"This part of the recording was not transcribed: {WHY[gap.reason]}.",
        screen_region_description_post_action=_NOT_KNOWN,
    )


def gaps_in(items: Iterable[Mapping[str, Any]]) -> tuple[Gap, ...]:
    """Return the gaps of a transcript, in its order.

    Parameters
    ----------
    items
        The transcript as it is stored, see `runops.transcript.dump_transcript`.
    """
    return tuple(gap for item in items if (gap := _gap(item)) is not None)


def _gap(item: Mapping[str, Any]) -> Gap | None:
    match = _MARK.fullmatch(item.get("screen_region_description_pre_action") or "")
    reason = None if match is None else _REASONS.get(match["why"])
    end = item.get("timestamp_end_visual")
    is_mark = item.get("application_in_focus") == _APPLICATION and (
        item.get("screen_region_description_post_action") == _NOT_KNOWN
    )
    if reason is None or end is None or not is_mark:
        return None
    return Gap(start=seconds(item["timestamp_start_visual"]), end=seconds(end), reason=reason)


def joined(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Return the gaps in order, with those joined into one that touch and have the same reason."""
    result: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: (gap.start, gap.end)):
        last = result[-1] if result else None
        if last is not None and gap.start <= last.end and gap.reason == last.reason:
            result[-1] = last.model_copy(update={"end": max(last.end, gap.end)})
        else:
            result.append(gap)
    return tuple(result)
