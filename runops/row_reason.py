"""Which reason of the failure table a row is in `error` for, or waits for. Pure."""

import difflib
from collections.abc import Iterable

from runops.failures import CANCEL_SENTENCE, TABLE, Reason, by_sentence
from runops.job_row import RowStatus
from runops.row_summary import RowSummary

__all__ = ["OTHER", "REASON_NAMES", "parse_reason", "reason_of"]

OTHER = "Other"
"""Rows whose error is in words of their own: most of them say what is wrong with one recording."""
_LEAST_ALIKE = 0.6
_MOST_NEAR = 12
_SHORTEST, _LONGEST = 3, 80
REASON_NAMES = (*sorted(reason.value for reason in TABLE), OTHER)


def reason_of(row: RowSummary) -> str | None:
    """Return the reason of a row; None where it is completed, or where nothing is said to hinder it.

    A row in `error` has the reason whose sentence its error begins with. An earlier attempt's reason in its metadata
    says nothing about its end. A row that has not ended has the reason of its last attempt, or that of the sentence
    that explains why it is not claimed.
    """
    error = row.error or ""
    if error.startswith(CANCEL_SENTENCE):
        said: str | None = Reason.CANCELLED.value
    else:
        failure = by_sentence(error)
        said = None if failure is None else failure.reason.value
    if row.status == RowStatus.ERROR:
        return said or OTHER
    if row.ended:
        return None
    claim = row.claim
    return claim.reason.value if claim is not None and claim.reason is not None else said


def parse_reason(text: str) -> str:
    """Return the reason of this name, in any case.

    Raises
    ------
    ValueError
        There is none; the message names those that are near.
    """
    by_name = {name.casefold(): name for name in REASON_NAMES}
    if (name := by_name.get(text.strip().casefold())) is not None:
        return name
    near = _near(text.strip().casefold(), by_name)
    meant = f"Did you mean {', '.join(by_name[one] for one in near)}? " if near else ""
    raise ValueError(f"There is no reason {text.strip()[:80]!r}. {meant}All: {', '.join(REASON_NAMES)}.")


def _near(text: str, names: Iterable[str]) -> list[str]:
    """Return the names that a text may mean, at most `_MOST_NEAR`: as a whole, or as a part of them."""
    length = len(text)
    if not length:
        return []

    def likeness(name: str) -> float:
        if length >= _SHORTEST and text in name:
            return 1.0
        beginnings = (name, name[: max(length, _SHORTEST)], name[: length + 1])
        return max(difflib.SequenceMatcher(None, text[:_LONGEST], one).ratio() for one in beginnings)

    by_likeness = sorted(((likeness(name), name) for name in names), key=lambda one: (-one[0], one[1]))
    best = by_likeness[0][0]
    return [name for like, name in by_likeness if like == best >= _LEAST_ALIKE][:_MOST_NEAR]
