"""One gold recording."""

from dataclasses import dataclass
from pathlib import Path

from runops.sop import Sop
from runops_evaluation.gold.about import About
from runops_evaluation.gold.events import Events

__all__ = ["GoldRecording"]


@dataclass(frozen=True, slots=True)
class GoldRecording:
    """One gold recording.

    Attributes
    ----------
    name
        Name of its folder.
    about, events, sop
        Its files.
    recording
        The recording; None where only its script is kept.
    """

    name: str
    about: About
    events: Events
    sop: Sop
    recording: Path | None = None
