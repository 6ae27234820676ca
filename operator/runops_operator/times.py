"""Times in a status."""

from datetime import datetime

__all__ = ["moment"]


def moment(text: str | None) -> datetime | None:
    """Return a time from a status; None where it is malformed or has no zone."""
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
