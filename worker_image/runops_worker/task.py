"""What a worker is told to do: one row, its recording, and how."""

from dataclasses import dataclass
from uuid import UUID

from runops import object_names
from runops_worker.prompts import Prompt

__all__ = ["Task"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One video to be worked on.

    Attributes
    ----------
    job_id
        The row's `job_id`.
    claim
        The token under which the row is held; every write to the row is fenced by it.
    user_id
        Owner of the SOP; None where the job names no user.
    source_bucket, source_object
        Where the recording lies. Results go into the same bucket.
    transcribe_model, sop_model
        Names of the models.
    transcription_prompt, sop_prompt
        What the models are instructed with.
    fps, height, crf
        Of the slim video: pictures per second, pixels, x264 rate factor.
    """

    job_id: UUID
    claim: str
    user_id: UUID | None
    source_bucket: str
    source_object: str
    transcribe_model: str
    sop_model: str
    transcription_prompt: Prompt
    sop_prompt: Prompt
    fps: int = 1
    height: int = 720
    crf: int = 32

    @property
    def slim_object(self) -> str:
        """Where the slim video is put."""
        return object_names.slim_object(self.job_id)

    @property
    def transcript_object(self) -> str:
        """Where the transcript is put."""
        return object_names.transcript_object(self.job_id)

    @property
    def checkpoint_object(self) -> str:
        """Where the worker remembers what is done already."""
        return object_names.checkpoint_object(self.job_id)

    @property
    def sop_object(self) -> str:
        """Where the SOP is put."""
        return object_names.sop_object(self.job_id)
