"""What a row shows after a claim whose answer is missing or empty. Pure."""

from enum import Enum, auto

from runops.job_row import JobRow

__all__ = ["ClaimResult", "claim_result"]


class ClaimResult(Enum):
    """The result of a claim."""

    WON = auto()
    """The row carries our token."""
    LOST = auto()
    """Another client changed or deleted the row, be it only its metadata."""
    OPEN = auto()
    """The row is as it was read before: the claim did not arrive and can be repeated."""


def claim_result(there: JobRow | None, *, read: JobRow, from_status: str | None, token: str) -> ClaimResult:
    """Return the result of a claim by reading the row back.

    Parameters
    ----------
    there
        The row now; None where there is none.
    read
        The row as it was read before the claim.
    from_status
        The status that the claim demanded.
    token
        Of the claim.
    """
    if there is None:
        return ClaimResult.LOST
    if there.is_held_by(token):
        return ClaimResult.WON
    unchanged = (there.updated_at, there.version) == (read.updated_at, read.version)
    return ClaimResult.OPEN if there.status == from_status and unchanged else ClaimResult.LOST
