"""Times as they stand in a status."""

from datetime import datetime

__all__ = ["moment"]


def moment(text: str | None) -> datetime | None:
    """Return a time that stands in a status; None for one without a zone too: nobody can tell when it was."""
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
