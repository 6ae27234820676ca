"""What videos cost today and this month, by the operator's record or by the VideoJobs. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from runops.dollars import reported_microdollars
from runops.spending_record import KEY_IN_RECORD, Record, RecordUnreadable, read_record

__all__ = ["Spending", "spending_by_records", "spending_by_videos"]


@dataclass(frozen=True, slots=True)
class Spending:
    """Amounts in millionths of a US dollar, by days in UTC.

    Attributes
    ----------
    of_whole
        Whether VideoJobs that were deleted count too: the operator's record has them.
    """

    today: int
    month: int
    of_whole: bool


def spending_by_records(configmaps: Iterable[Mapping[str, Any]], *, today: date) -> Spending | None:
    """Return the sum of the operators' records; None where there is none that can be read."""
    records: list[Record] = []
    for item in configmaps:
        text = (item.get("data") or {}).get(KEY_IN_RECORD)
        if not isinstance(text, str):
            continue
        try:
            records.append(read_record(text))
        except RecordUnreadable:
            # `runops check` says what to do about it; half a sum would be taken for the whole.
            return None
    if not records:
        return None
    day, month = today.isoformat(), today.isoformat()[:7]
    return Spending(
        today=sum(one.of_day for one in records if one.day == day),
        month=sum(one.of_month for one in records if one.month == month),
        of_whole=True,
    )


def spending_by_videos(videojobs: Iterable[Mapping[str, Any]], *, today: date) -> Spending:
    """Return what the VideoJobs that still exist report."""
    day, month = today.isoformat(), today.isoformat()[:7]
    of_day = of_month = 0
    for manifest in videojobs:
        usage = (manifest.get("status") or {}).get("usage")
        days = usage.get("days") if isinstance(usage, Mapping) else None
        for item in days if isinstance(days, list) else []:
            if not isinstance(item, Mapping):
                continue
            amount = reported_microdollars(str(item.get("costUsd")))
            of_day += amount if item.get("day") == day else 0
            of_month += amount if str(item.get("day")).startswith(month) else 0
    return Spending(of_day, of_month, of_whole=False)
