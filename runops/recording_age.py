"""How old a recording is at least, told by its row, and whether an app's clean-up may have deleted it. Pure."""

from datetime import UTC, datetime, timedelta

__all__ = ["CLEAN_UP", "age_of", "age_text"]

CLEAN_UP = timedelta(hours=24)
"""The age at which the app deletes recordings from `raw/`. Its rows do not tell, and another app may take another."""


def age_of(created_at: str | None, *, now: datetime) -> timedelta | None:
    """Return how long ago a row was first queued; None where its time is missing or cannot be read.

    Parameters
    ----------
    created_at
        Of the row, as PostgREST gives it. A time without a zone counts as UTC.
    now
        The time, with a zone.
    """
    try:
        created = datetime.fromisoformat(created_at or "")
    except ValueError:
        return None
    if created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    return now - created


def age_text(age: timedelta) -> str:
    """Return an age as a person reads it: `30 hours`, `3 days`."""
    hours = int(age.total_seconds() // 3600)
    if hours < 48:
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{hours // 24} days"
