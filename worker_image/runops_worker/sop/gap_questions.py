"""Questions to the owner about the gaps of a transcript. Pure."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from runops.quality import Gap
from runops.transcript import timestamp
from runops_worker.sop.wording.sentences import Wording

__all__ = ["gap_questions"]

_MOST_QUESTIONS: Final = 10
"""In one SOP; more of them would hide the others."""


def gap_questions(gaps: Sequence[Gap], wording: Wording) -> tuple[str, ...]:
    """Return the questions about the gaps: one for each, or for all of one reason where there are many."""
    if len(gaps) <= _MOST_QUESTIONS:
        return tuple(_question([gap], wording) for gap in gaps)
    by_reason = groupby(sorted(gaps, key=lambda gap: gap.reason), key=lambda gap: gap.reason)
    return tuple(_question(list(same), wording) for _, same in by_reason)


def _question(gaps: Sequence[Gap], wording: Wording) -> str:
    ranges = [
        wording.say("gap_range", start=timestamp(int(gap.start)), end=timestamp(round(gap.end)))
        for gap in gaps[:_MOST_QUESTIONS]
    ]
    named = wording.row(ranges)
    if len(gaps) > _MOST_QUESTIONS:
        named = wording.say("more_gaps", ranges=named, count=len(gaps) - _MOST_QUESTIONS)
    return wording.say("gap", ranges=named, why=wording.say(f"gap_{gaps[0].reason}"))
