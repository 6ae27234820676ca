"""How much of a recording has no transcript. Pure."""

from runops.quality import Quality

__all__ = ["gap_share"]


def gap_share(quality: Quality | None, *, duration: float) -> float | None:
    """Return the share of the recording that lies in gaps, from 0 to 1; None where the quality is not known."""
    if quality is None or quality.transcript is None:
        return None
    return min(sum(max(gap.end - gap.start, 0.0) for gap in quality.transcript.gaps) / duration, 1.0)
