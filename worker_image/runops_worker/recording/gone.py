"""Why there is no recording, as far as the row tells. Pure."""

from datetime import datetime

from runops.failures import Failed, Reason
from runops.recording_age import CLEAN_UP, age_of, age_text

__all__ = ["recording_gone"]


def recording_gone(place: str, *, created_at: str | None, oldest: str | None, now: datetime) -> Failed:
    """Return the failure of a row whose recording is not in storage.

    Parameters
    ----------
    place
        Bucket and name of the recording.
    created_at
        Of the row; None where it is not known.
    oldest
        Since when the oldest recording beside it is there; None where there is none, or it is not known. One that is
        older than the row shows that nobody cleans up.
    now
        The time.
    """
    age, kept = age_of(created_at, now=now), age_of(oldest, now=now)
    if age is None or age < CLEAN_UP or (kept is not None and kept > age):
        return Failed(
            Reason.SOURCE_MISSING, f"There is no recording at {place}. Upload it and set the row back to queued."
        )
    return Failed(
        Reason.SOURCE_MISSING,
        f"There is no recording at {place}. The row was first queued {age_text(age)} ago, and apps often delete "
        "recordings after a day, also those whose row still waits. "
        "Upload it again and set the row back to queued.",
    )
