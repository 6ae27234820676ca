"""Whether a header claims more than the file holds. A header alone proves nothing; the end of the file does."""

from typing import Final

__all__ = ["claims_too_much", "missing_seconds"]

# A header may claim a little more than the file holds, because the length of the last picture is often a guess.
_MISSING_SHARE: Final = 0.03
_MISSING_SECONDS: Final = 2.0


def missing_seconds(*, claimed: float | None, found: float, end: float) -> float:
    """Return by how many seconds the header claims more than was read; 0 if it claims no more.

    Parameters
    ----------
    claimed
        Length by the header; None if it has none. Some containers write the time of the end instead, which is later
        if the recording does not begin at 0.
    found
        Seconds from the first packet to the end of the last one.
    end
        When the last packet ends.
    """
    return 0.0 if claimed is None else max(claimed - max(found, end), 0.0)


def claims_too_much(missing: float, found: float) -> bool:
    """Return whether so much is missing that it cannot be a guess of the header."""
    return missing > max(_MISSING_SECONDS, (found + missing) * _MISSING_SHARE)
