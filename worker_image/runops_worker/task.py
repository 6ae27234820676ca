"""The task of a worker: one row, its recording, and the settings of this video."""

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from runops import object_names
from runops.picture_resolution import PictureResolution

__all__ = ["Prompt", "Task"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt as it is used.

    Attributes
    ----------
    name
        Name of its file.
    text
        Its words; kept out of the representation, so that they reach no log.
    sha256
        Hash of the words in hexadecimal, by which checkpoints and reports name it.
    """

    name: str
    text: str = field(repr=False)
    sha256: str

    @classmethod
    def of(cls, name: str, text: str) -> "Prompt":
        """Return the prompt with the hash of its text."""
        return cls(name, text, hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One video.

    Attributes
    ----------
    job_id
        The row's `job_id`.
    claim
        The token under which the row is held; every write to the row is fenced by it.
    user_id
        Owner of the SOP; None where the job names no user.
    source_bucket, source_object
        Where the recording is. Results go into the same bucket.
    transcribe_model, sop_model
        Names of the models.
    fallback_models
        Names of the models that are asked where one of these is retired, overloaded, or refuses the recording.
    transcription_prompt, sop_prompt
        Instructions for the models.
    fps, height, crf
        Of the slim video: pictures per second, pixels of the shorter side, x264 rate factor.
    leave_out_idle
        Whether stretches in which nothing happens are left out of what the model gets.
    resolution
        How finely the model sees the pictures.
    redaction
        Whether secrets that the recording shows or says are hidden before anything is stored.
    sop_language
        Language of the SOP, such as `German`; None for the one that is spoken in the recording.
    page
        Whether the page of the procedure is written to storage.
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
    leave_out_idle: bool = False
    resolution: PictureResolution = PictureResolution.HIGH
    redaction: bool = True
    sop_language: str | None = None
    fallback_models: tuple[str, ...] = ()
    page: bool = False

    @property
    def transcription_models(self) -> tuple[str, ...]:
        """The models that are asked for a transcript, in order."""
        return tuple(dict.fromkeys((self.transcribe_model, *self.fallback_models)))

    @property
    def sop_models(self) -> tuple[str, ...]:
        """The models that are asked for a SOP, in order."""
        return tuple(dict.fromkeys((self.sop_model, *self.fallback_models)))

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
        """Where the checkpoint is put."""
        return object_names.checkpoint_object(self.job_id)

    @property
    def sop_object(self) -> str:
        """Where the SOP is put."""
        return object_names.sop_object(self.job_id)

    @property
    def evidence_object(self) -> str:
        """Where the items that each step of the SOP rests on are put."""
        return object_names.evidence_object(self.job_id)

    @property
    def merged_sop_object(self) -> str:
        """Where the generated SOP is kept on which the one in the table rests."""
        return object_names.merged_sop_object(self.job_id)

    @property
    def page_object(self) -> str:
        """Where the page of the procedure is put."""
        return object_names.page_object(self.job_id)
