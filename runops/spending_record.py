"""The count of what all videos of an installation cost, as the operator keeps it in a ConfigMap. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

__all__ = ["KEY_IN_RECORD", "Record", "RecordUnreadable", "read_record", "write_record"]

KEY_IN_RECORD = "spending.json"
"""Key of the ConfigMap's data."""
_FORMAT = 1


class RecordUnreadable(Exception):  # noqa: N818 - names the state
    """The record is not one that this operator wrote."""


@dataclass(frozen=True, slots=True)
class Record:
    """The count. Amounts are millionths of a US dollar.

    Attributes
    ----------
    month, day
        The present ones in UTC, such as 2026-11 and 2026-11-30.
    of_month, of_day
        What was spent in them.
    of_users
        What each user spent today; "" for videos without a user.
    added
        By the name of a count: what was added already, by day.
    ended_before
        VideoJobs that ended by this time and have no entry are counted; empty where there is none.
    """

    month: str = ""
    day: str = ""
    of_month: int = 0
    of_day: int = 0
    of_users: Mapping[str, int] = field(default_factory=dict)
    added: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    ended_before: str = ""


def write_record(record: Record) -> str:
    """Return the record as it is stored."""
    value = {
        "format": _FORMAT,
        "month": record.month,
        "day": record.day,
        "ofMonth": record.of_month,
        "ofDay": record.of_day,
        "ofUsers": dict(record.of_users),
        "added": {name: dict(days) for name, days in record.added.items()},
        "endedBefore": record.ended_before,
    }
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def read_record(text: str) -> Record:
    """Return a stored record.

    Raises
    ------
    RecordUnreadable
        Somebody else wrote it, or a later version did.
    """
    try:
        value = json.loads(text)
        if value["format"] != _FORMAT:
            raise RecordUnreadable(f"its format is {value['format']!r}, and {_FORMAT} is known")
        return Record(
            month=str(value["month"]),
            day=str(value["day"]),
            of_month=_amount(value["ofMonth"]),
            of_day=_amount(value["ofDay"]),
            of_users={str(user): _amount(amount) for user, amount in value["ofUsers"].items()},
            added={
                str(name): {date.fromisoformat(day).isoformat(): _amount(amount) for day, amount in days.items()}
                for name, days in value["added"].items()
            },
            ended_before=str(value["endedBefore"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordUnreadable(f"it is not a count of spending ({type(error).__name__})") from error


def _amount(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value
