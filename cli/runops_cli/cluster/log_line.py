"""Formats a log line of the worker for a person. Pure."""

import json
from datetime import UTC, datetime
from typing import Any

__all__ = ["readable"]

_SHOWN_SEPARATELY = ("ts", "level", "logger", "msg", "job_id", "exception")


def readable(line: str) -> str:
    """Return a JSON log line as time, level, message and the other fields; any other line unchanged.

    Parameters
    ----------
    line
        As the worker wrote it, see `runops.logs`.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(record, dict) or "msg" not in record:
        return line
    fields = "".join(f"  {name}={value}" for name, value in record.items() if name not in _SHOWN_SEPARATELY)
    traceback = "".join(f"\n    {one}" for one in str(record.get("exception") or "").splitlines())
    return f"{_time(record.get('ts'))}  {record.get('level') or '-'!s:<8}{record['msg']}{fields}{traceback}"


def _time(stamp: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(stamp))
    except ValueError:
        return "-" if stamp is None else str(stamp)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
