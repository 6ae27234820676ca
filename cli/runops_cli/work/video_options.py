"""How `runops work` runs videos: the values of its options."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from runops.picture_resolution import PictureResolution
from runops.videojob import ModelChoice, PromptChoice, Transcode

__all__ = ["VideoOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOptions:
    """Values of options. None means the worker's default.

    Attributes
    ----------
    models, prompts, transcode
        As in a VideoJob.
    max_bytes, max_seconds
        Largest and longest recording that is accepted.
    least_readable_percent, least_readable_seconds
        How much of a recording that is cut off or damaged must be readable.
    max_cost_usd
        The most that the model may cost for one video, in US dollars; no cap where None.
    require_landlock
        Whether to run no video if the kernel has no Landlock.
    redaction
        Whether secrets in the recording are hidden before anything is stored.
    leave_out_idle
        Whether the model does not get stretches in which nothing happens.
    resolution
        How finely the model sees the pictures.
    sop_language
        Language of the SOP.
    page
        Whether the page of the procedure is written to storage.
    upload_seconds
        Time limit of one upload to storage.
    gemini_file_seconds
        Time limit within which Gemini must process an uploaded video.
    workdir
        Where scratch folders are created; the system's temporary directory where None.
    """

    models: ModelChoice
    prompts: PromptChoice
    transcode: Transcode
    max_bytes: int | None = None
    max_seconds: float | None = None
    least_readable_percent: int | None = None
    least_readable_seconds: float | None = None
    max_cost_usd: Decimal | None = None
    require_landlock: bool = False
    redaction: bool = True
    leave_out_idle: bool = False
    resolution: PictureResolution = PictureResolution.HIGH
    sop_language: str | None = None
    page: bool = False
    upload_seconds: float | None = None
    gemini_file_seconds: float | None = None
    workdir: Path | None = None
