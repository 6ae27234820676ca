"""Times and lengths as people write them: `2h`, `7d`, `2026-11-30`. Pure."""

import re
from datetime import UTC, datetime, timedelta

__all__ = ["parse_seconds", "parse_since"]

_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PLAIN = re.compile(r"\d{1,9}(?:\.\d{1,3})?")


def parse_since(text: str, *, now: datetime) -> datetime:
    """Return the time that a text names: 90s, 30m, 2h, 7d or 1w ago, a date, or a date with a time; UTC without a zone.

    Raises
    ------
    ValueError
        It names none, or one that is still to come.
    """
    given = text.strip()
    ago = _SPAN.fullmatch(given)
    if ago is not None and not _span(ago):
        raise ValueError(f"Nothing happened since {given} ago. Use 30m, 2h or 7d.")
    try:
        if ago is not None:
            return now - _span(ago)
        at = datetime.fromisoformat(given)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{given!r} is no time. Use 30m, 2h or 7d, a date such as 2026-11-30, or 2026-11-30T08:00:00Z."
        ) from None
    if at > now:
        raise ValueError(f"{given} is still to come.")
    return at


def parse_seconds(text: str) -> float:
    """Return the length that a text names, in seconds: 90, 90s, 10m, 1.5h.

    Raises
    ------
    ValueError
        It names none.
    """
    given = text.strip()
    if _PLAIN.fullmatch(given):
        return float(given)
    if (span := _SPAN.fullmatch(given)) is None:
        raise ValueError(f"{given!r} is no length. Use 90s, 10m or 1.5h.")
    return _span(span).total_seconds()


def _span(found: re.Match[str]) -> timedelta:
    return timedelta(**{_UNITS[found[2]]: float(found[1])})
