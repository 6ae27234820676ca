"""Keys of finished work: the hash of everything that went into it. Pure.

Work whose key differs from this run's key counts as absent, so a changed input repeats exactly what depends on it.
"""

import hashlib
import json
from typing import Any

from runops.picture_resolution import PictureResolution
from runops_worker.task import Prompt, Task

__all__ = ["content_sha256", "section_key", "slim_key", "sop_key", "transcript_key"]

_FORMAT = 1
"""Raised when a checkpoint changes its meaning, together with `Checkpoint.format`. Older ones are then ignored."""
_SLIM_VERSION = 3
"""Raised when the slim video of a recording changes: which tracks are in it, how large it is, when it shows what."""
_ANSWER_VERSION = 4
"""Raised when the schema of an answer changes, or the way an answer is read."""


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def content_sha256(value: Any) -> str:
    """Return the hash of a JSON value. The order of its keys and its spacing do not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def slim_key(task: Task, *, etag: str | None, size: int) -> str | None:
    """Return the key of the slim video, or None where storage gives the recording no entity tag.

    Parameters
    ----------
    task
        Its transcode settings are part of the key.
    etag, size
        Of the recording, as storage reports them.
    """
    return None if not etag else _hash("slim", _FORMAT, _SLIM_VERSION, etag, size, task.fps, task.height, task.crf)


def transcript_key(
    origin: str,
    *,
    prompt: Prompt,
    model: str,
    redaction: bool,
    resolution: PictureResolution = PictureResolution.HIGH,
    chunk: tuple[float, float] | None = None,
) -> str:
    """Return the key of a transcript, or of the part of it for one chunk.

    Parameters
    ----------
    origin
        Of the slim video, see `SlimDone.origin`.
    prompt, model, redaction
        What else is part of the key. A transcript that was stored with its secrets is made again without them.
    resolution
        At which the pictures were seen. Part of the key only where it is not high: older keys stay what they are.
    chunk
        Start and end in seconds; None for the whole transcript.
    """
    seen = () if resolution is PictureResolution.HIGH else (resolution,)
    return _hash("transcript", _FORMAT, _ANSWER_VERSION, origin, prompt.sha256, model, redaction, chunk, *seen)


def sop_key(
    transcript_sha256: str,
    *,
    prompt: Prompt,
    model: str,
    redaction: bool,
    language: str | None = None,
    answers_sha256: str | None = None,
) -> str:
    """Return the key of a SOP.

    Parameters
    ----------
    transcript_sha256, prompt, model, redaction
        What is part of the key.
    language
        The one that was chosen for it, see `Task.sop_language`.
    answers_sha256
        Hash of the answers to questions of an earlier SOP; None without any.
    """
    chosen = () if language is None else (language,)
    answered = () if answers_sha256 is None else ("answers", answers_sha256)
    return _hash(
        "sop", _FORMAT, _ANSWER_VERSION, transcript_sha256, prompt.sha256, model, redaction, *chosen, *answered
    )


def section_key(items_sha256: str, *, instruction: str, model: str) -> str:
    """Return the key of the notes about one section of a long transcript."""
    return _hash("section", _FORMAT, _ANSWER_VERSION, items_sha256, instruction, model)
