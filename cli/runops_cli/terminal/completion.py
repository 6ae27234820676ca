"""What the shell completes."""

from runops.row_reason import REASON_NAMES

__all__ = ["complete_reason"]


def complete_reason(incomplete: str) -> list[str]:
    """Return the names of reasons that begin so."""
    return [name for name in REASON_NAMES if name.casefold().startswith(incomplete.casefold())]
