"""What is done already, so that a retry repeats neither the transcode nor a paid call.

See `docs/decisions/` on checkpoints. Each part carries a key: the hash of everything that went into it. A part whose
key is not the one of this run is as good as absent.

A transcript is made of the slim video, and begun before that is whole: what its content will be is not known then. So
its key is of what goes into the slim video, the recording and the settings. Where storage does not tell one recording
from another, it is of the slim video's content, and nothing begins early.
"""

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from runops_worker.gemini.schema import SCHEMA_VERSION
from runops_worker.model.ledger import Ledger
from runops_worker.prompts import Prompt
from runops_worker.task import Task

__all__ = [
    "Checkpoint",
    "ChunkDone",
    "SlimDone",
    "SopDone",
    "TranscriptDone",
    "content_sha256",
    "read_checkpoint",
    "slim_key",
    "sop_key",
    "transcript_key",
]

FORMAT = 1
"""Raised, here and in `Checkpoint.format`, when a checkpoint changes its meaning; older ones are then ignored."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str


class SlimDone(_Part):
    """The slim video lies in storage."""

    sha256: str
    size_bytes: int
    duration_seconds: float
    frames: int
    has_audio: bool

    @property
    def origin(self) -> str:
        """What a transcript's key is made of: what went into the slim video, or where that is not known, what it is."""
        return self.key or self.sha256


class ChunkDone(_Part):
    """One stretch of the recording was transcribed; times are relative to its start."""

    items: list[dict[str, Any]]


class TranscriptDone(_Part):
    """The whole transcript lies in storage."""

    sha256: str


class SopDone(_Part):
    """The SOP lies in storage."""

    sha256: str


class Checkpoint(BaseModel):
    """Everything done for one job, and what it cost.

    Attributes
    ----------
    cut_off
        Keys of the stretches whose answer was too long: they are not asked for again, but their halves.
    decoded_whole
        Key of a slim video for which all of the recording is decoded. Where an earlier attempt left out pictures and
        could not be trusted, its answers were forgotten; those that are kept under this key are of all of it.
    uploads
        What was begun to be uploaded and may lie in storage unfinished where a worker was killed.
    """

    model_config = ConfigDict(extra="ignore")

    format: Literal[1] = 1
    slim: SlimDone | None = None
    chunks: list[ChunkDone] = []
    cut_off: list[str] = []
    decoded_whole: str | None = None
    uploads: list[str] = []
    transcript: TranscriptDone | None = None
    sop: SopDone | None = None
    ledger: Ledger = Ledger()

    def chunk(self, key: str) -> list[dict[str, Any]] | None:
        """Return the items of a stretch that was transcribed under this key; of nothing but an empty list, None."""
        return next((done.items for done in self.chunks if done.key == key and done.items), None)


def read_checkpoint(value: Any) -> Checkpoint:
    """Return the checkpoint in a JSON value; an empty one where there is none that can be read."""
    try:
        return Checkpoint.model_validate(value)
    except ValidationError:
        return Checkpoint()


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def content_sha256(value: Any) -> str:
    """Return the hash of a JSON value, whatever the order of its keys and its spacing."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def slim_key(task: Task, *, etag: str | None, size: int) -> str | None:
    """Return the key of the slim video, or None where storage gives the recording no entity tag.

    Parameters
    ----------
    task
        Its transcode settings go in.
    etag, size
        Of the recording, as storage tells them.
    """
    return None if not etag else _hash("slim", FORMAT, etag, size, task.fps, task.height, task.crf)


def transcript_key(origin: str, *, prompt: Prompt, model: str, stretch: tuple[float, float] | None = None) -> str:
    """Return the key of a transcript, or of one stretch (start and end in seconds) of it.

    Parameters
    ----------
    origin
        Of the slim video, see `SlimDone.origin`.
    prompt, model, stretch
        What else goes in.
    """
    return _hash("transcript", FORMAT, SCHEMA_VERSION, origin, prompt.sha256, model, stretch)


def sop_key(transcript_sha256: str, *, prompt: Prompt, model: str) -> str:
    """Return the key of a SOP."""
    return _hash("sop", FORMAT, SCHEMA_VERSION, transcript_sha256, prompt.sha256, model)
