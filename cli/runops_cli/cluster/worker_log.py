"""The worker's log lines for a person. Pure."""

import json
from datetime import UTC, datetime
from typing import Any

__all__ = ["readable"]

_NAMED_BEFORE = ("ts", "level", "logger", "msg", "job_id", "exception")


def readable(line: str) -> str:
    """Return a line of JSON as time, level, message and what else it says; any other line as it is.

    Parameters
    ----------
    line
        As the worker wrote it, see `runops.logs`.
    """
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(said, dict) or "msg" not in said:
        return line
    more = "".join(f"  {name}={value}" for name, value in said.items() if name not in _NAMED_BEFORE)
    trace = "".join(f"\n    {one}" for one in str(said.get("exception") or "").splitlines())
    return f"{_time(said.get('ts'))}  {said.get('level') or '-'!s:<8}{said['msg']}{more}{trace}"


def _time(stamp: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(stamp))
    except ValueError:
        return "-" if stamp is None else str(stamp)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
