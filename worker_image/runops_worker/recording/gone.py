"""Why there is no recording, as far as the row tells. Pure."""

from datetime import datetime

from runops.failures import Failed, Reason
from runops.recording_age import CLEAN_UP, age_of, age_text

__all__ = ["recording_gone"]


def recording_gone(place: str, *, created_at: str | None, now: datetime) -> Failed:
    """Return the failure of a row whose recording is not in storage.

    Parameters
    ----------
    place
        Bucket and name of the recording.
    created_at
        Of the row; None where it is not known.
    now
        The time.
    """
    age = age_of(created_at, now=now)
    if age is None or age < CLEAN_UP:
        return Failed(
            Reason.SOURCE_MISSING, f"There is no recording at {place}. Upload it and set the row back to queued."
        )
    return Failed(
        Reason.SOURCE_MISSING,
        f"There is no recording at {place}. The row was first queued {age_text(age)} ago, and apps often delete "
        "recordings after a day, also those whose row still waits. "
        "Upload it again and set the row back to queued.",
    )
