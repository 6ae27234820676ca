"""What a run of the worker depends on besides the recording."""

from dataclasses import dataclass

from runops.videojob import ModelChoice, PromptChoice, Transcode

__all__ = ["PipelineSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSettings:
    """How recordings are turned into SOPs.

    Attributes
    ----------
    models, prompts, transcode
        As in a VideoJob.
    redaction
        Whether secrets are hidden.
    sop_language
        Language of the SOP; None for the one that is spoken.
    """

    models: ModelChoice
    prompts: PromptChoice
    transcode: Transcode
    redaction: bool = True
    sop_language: str | None = None
