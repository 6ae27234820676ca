"""What is learned from one finished video."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runops.progress import Stage

__all__ = ["PHASES", "FinishedVideo", "Phase", "model_key"]


class Phase(StrEnum):
    """Parts of the time between the claim and the end, in their order."""

    STARTING = "starting"
    """Until the first worker runs: nodes come up, images are pulled."""
    RETRIES = "retries"
    """Earlier attempts and the pauses after them."""
    PREPARING_VIDEO = Stage.PREPARING_VIDEO.value
    TRANSCRIBING = Stage.TRANSCRIBING.value
    PARSING_SOP = Stage.PARSING_SOP.value
    FINALIZING = Stage.FINALIZING.value


PHASES: tuple[Phase, ...] = tuple(Phase)
"""All phases in their order."""


def model_key(transcribe: str, sop: str) -> str:
    """Return the models of a video as one word: those of one key are compared with each other."""
    return transcribe if transcribe == sop else f"{transcribe},{sop}"


@dataclass(frozen=True, slots=True)
class FinishedVideo:
    """A video that was completed.

    Attributes
    ----------
    ended
        When.
    recording_seconds
        Length of the recording.
    seconds
        How long each phase took; one that is not known, or that did less work than usual since a checkpoint was there,
        is left out.
    model
        Which models worked on it; None where that is not known.
    recording_bytes
        Size of the recording; None where that is not known.
    """

    ended: datetime
    recording_seconds: float
    seconds: Mapping[Phase, float]
    model: str | None = None
    recording_bytes: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether enough is known of it to learn from: the length, and each stage."""
        stages = PHASES[2:]
        return self.recording_seconds > 0 and all(self.seconds.get(phase, -1.0) >= 0 for phase in stages)
