"""Which rows in error a person means: by reason, by text, by time. Pure."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runops.failures import CANCEL_SENTENCE, TABLE, Reason, by_sentence
from runops.supabase.row_summaries import RowSummary

__all__ = ["OTHER", "FailedRows", "complete_reason", "parse_reason", "parse_since", "reason_of"]

OTHER = "Other"
"""Rows whose error is in words of their own: most of them say what is wrong with one recording."""
_NAMES = (*sorted(reason.value for reason in TABLE), OTHER)
_AGO = re.compile(r"(\d{1,6})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class FailedRows:
    """The choice.

    Attributes
    ----------
    reasons
        Only rows that failed for one of these; for any where empty.
    matching
        Only rows whose error contains this text, in any case.
    since
        Only rows that failed at this time or later.
    """

    reasons: Collection[str] = ()
    matching: str = ""
    since: datetime | None = None

    def takes(self, row: RowSummary) -> bool:
        """Whether a row in error is among them, but for the time."""
        return (not self.reasons or reason_of(row) in self.reasons) and (
            self.matching.casefold() in (row.error or "").casefold()
        )


def reason_of(row: RowSummary) -> str:
    """Return the reason of a row in error, by the sentence that its error begins with."""
    error = row.error or ""
    if error.startswith(CANCEL_SENTENCE):
        return Reason.CANCELLED.value
    failure = by_sentence(error)
    return OTHER if failure is None else failure.reason.value


def parse_reason(text: str) -> str:
    """Return the reason of this name, in any case.

    Raises
    ------
    ValueError
        There is none; the message names those that are near.
    """
    by_name = {name.casefold(): name for name in _NAMES}
    if (name := by_name.get(text.strip().casefold())) is not None:
        return name
    near = difflib.get_close_matches(text.strip().casefold(), by_name, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(by_name[one] for one in near)}?" if near else "docs/failures.md lists all."
    raise ValueError(f"There is no reason {text.strip()!r}. {hint}")


def complete_reason(incomplete: str) -> list[str]:
    """Return the names of reasons that begin so, for the shell."""
    return [name for name in _NAMES if name.casefold().startswith(incomplete.casefold())]


def parse_since(text: str, *, now: datetime) -> datetime:
    """Return the time that a text names: 90s, 30m, 2h, 7d or 1w ago, a date, or a date with a time; UTC without a zone.

    Raises
    ------
    ValueError
        It names none, or one that is still to come.
    """
    given = text.strip()
    if (ago := _AGO.fullmatch(given)) is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError(
            f"{given!r} is no time. Use 30m, 2h or 7d, a date such as 2026-11-30, or 2026-11-30T08:00:00Z."
        ) from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if at > now:
        raise ValueError(f"{given} is still to come.")
    return at
