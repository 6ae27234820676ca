"""Times and lengths as the page writes them. Pure."""

from datetime import UTC, datetime

__all__ = ["clock", "day_and_clock", "span", "spans", "time_or_none"]

_STEPS = ((86_400, "d"), (3600, "h"), (60, "min"))


def clock(at: datetime) -> str:
    """Return a time of the day in UTC: `12:03:04`."""
    return at.astimezone(UTC).strftime("%H:%M:%S")


def day_and_clock(at: datetime) -> str:
    """Return a time with its day, in UTC: `28 Nov 2026, 12:03:04`."""
    at = at.astimezone(UTC)
    return f"{at.day} {at.strftime('%b %Y, %H:%M:%S')}"


def span(seconds: float) -> str:
    """Return a length: `45 s`, `12 min`, `3 h`, `8 d`. Two of a unit are the least; below that the next one is used."""
    whole = max(0, int(seconds))
    for size, letter in _STEPS:
        if whole >= 2 * size:
            return f"{whole // size} {letter}"
    return f"{whole} s"


def spans(least: float, most: float) -> str:
    """Return a range of lengths: `4 to 7 min`, `50 s to 3 min`."""
    first, last = span(least), span(most)
    if first == last:
        return first
    number, _, unit = first.partition(" ")
    return f"{number} to {last}" if last.endswith(f" {unit}") else f"{first} to {last}"


def time_or_none(text: object) -> datetime | None:
    """Return a time that somebody wrote; None where it is none. One without a zone counts as UTC."""
    try:
        at = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
