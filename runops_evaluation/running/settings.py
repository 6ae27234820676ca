"""What a run of the worker depends on besides the recording."""

from dataclasses import dataclass

from pydantic import ValidationError

from runops.picture_resolution import PictureResolution
from runops.videojob import ModelChoice, Transcode

__all__ = ["PipelineSettings", "fault_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSettings:
    """How recordings are turned into SOPs.

    Attributes
    ----------
    models, transcode
        As in a VideoJob.
    transcription_prompt, sop_prompt
        The name of an installed prompt, or, with a slash in it, the path of a file.
    redaction
        Whether secrets are hidden.
    leave_out_idle
        Whether the model does not get stretches in which nothing happens.
    resolution
        How finely the model sees the pictures.
    sop_language
        Language of the SOP; None for the one that is spoken.
    """

    models: ModelChoice
    transcription_prompt: str
    sop_prompt: str
    transcode: Transcode
    redaction: bool = True
    leave_out_idle: bool = False
    resolution: PictureResolution = PictureResolution.HIGH
    sop_language: str | None = None


def fault_of(error: ValidationError) -> str:
    """Return the first fault of a setting as a sentence."""
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}."
