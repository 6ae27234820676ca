"""What the product made of one recording."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runops.quality import Quality
from runops.report import Usage
from runops.sop import Sop
from runops.transcript import TranscriptItem

__all__ = ["Interval", "Result"]

Interval = tuple[float, float]
"""From one second of the recording to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the product made of one recording.

    Attributes
    ----------
    transcript, sop
        The results. Of a video that failed: no item, no SOP.
    usage, quality
        As in the status of a VideoJob; None where it is not known.
    evidence
        By node, when the items last on which it rests; None where no evidence was kept.
    failure
        Why the video failed; None for a success.
    """

    transcript: tuple[TranscriptItem, ...] = ()
    sop: Sop | None = None
    usage: Usage | None = None
    quality: Quality | None = None
    evidence: Mapping[str, tuple[Interval, ...]] | None = field(default=None)
    failure: str | None = None
