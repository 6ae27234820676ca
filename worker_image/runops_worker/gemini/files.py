"""Videos at the Gemini Files API: put there whole, waited for, taken away."""

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runops.failures import Reason
from runops_worker.gemini.troubles import verdicts
from runops_worker.gemini.verdict import Action, ModelTrouble, Verdict

if TYPE_CHECKING:
    from google.genai import Client, types

__all__ = ["DISPLAY_NAME", "FilePatience", "delete", "upload"]

DISPLAY_NAME = "runops-worker"
"""Of every uploaded file: says whose it is, and nothing about the job."""

_MIME_TYPE = "video/mp4"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FilePatience:
    """Deadlines in seconds.

    Attributes
    ----------
    upload_seconds
        For the upload of one file.
    processing_seconds
        Until an uploaded file must be ready.
    poll_seconds
        Between two questions whether it is; the first comes after a fifth of it.
    answer_seconds
        For the answer to one such question.
    delete_seconds
        For taking a file away; after that it is left to expire (48 h).
    """

    upload_seconds: float = 600.0
    processing_seconds: float = 600.0
    poll_seconds: float = 2.0
    answer_seconds: float = 20.0
    delete_seconds: float = 3.0


async def upload(
    client: "Client", path: Path, *, name: str, base_url: str | None, patience: FilePatience
) -> "types.File":
    """Put a video there, in place of what lies under its name, and return it once the model can see it.

    What was put there stays, also where this fails: whoever asked for it deletes it by its name.

    Parameters
    ----------
    client
        The connection.
    path
        The video; its name must be ASCII, since it travels in a header.
    name
        At Gemini: at most 40 lower-case letters, digits and inner dashes.
    base_url
        As for the client: the SDK sends the bytes to the host that an upload's address names, which behind a
        gateway is not the gateway, unless it is told again with each upload.
    patience
        Deadlines.

    Raises
    ------
    ModelTrouble
        `UploadIncomplete` where fewer bytes arrived than were sent (the SDK skips a chunk that was answered with an
        error and a status of "active") or the upload was not known to its end, `ModelFileRejected` where the video
        could not be processed or was gone before that; all may pass. `ModelFileTimeout` where that took too long.
        Everything else as `verdicts` says.
    """
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    # A worker that was killed, or an upload whose answer got lost, has left it there, and a name is given once.
    await delete(client, name, patience=patience)
    size = await asyncio.to_thread(lambda: path.stat().st_size)
    options = types.HttpOptions(base_url=base_url) if base_url else None
    config = types.UploadFileConfig(name=name, mime_type=_MIME_TYPE, display_name=DISPLAY_NAME, http_options=options)
    try:
        with verdicts("Gemini's file store"):
            async with asyncio.timeout(patience.upload_seconds):
                file = await client.aio.files.upload(file=str(path), config=config)
    except ModelTrouble as trouble:
        raise ModelTrouble(_of_upload(trouble.verdict)) from trouble
    except ValueError as error:
        # All that the SDK says of a last chunk that was answered as if another one came.
        raise ModelTrouble(_incomplete("Gemini did not take the end of the video.")) from error
    _check_whole(file, size)
    return await _active(client, file, patience=patience)


def _of_upload(verdict: Verdict) -> Verdict:
    """Return the verdict on an upload: one that was refused for its bytes, or lost, may fare better from its start."""
    if verdict.reason is Reason.MODEL_NOT_FOUND:
        return _incomplete(
            "Gemini lost the upload before it was whole, or GOOGLE_GEMINI_BASE_URL does not lead to Gemini."
        )
    if verdict.reason is Reason.MODEL_REFUSED_REQUEST:
        return _incomplete(f"Gemini refused the upload. {verdict.text}")
    return verdict


def _incomplete(sentence: str) -> Verdict:
    return Verdict(Action.RETRY, Reason.UPLOAD_INCOMPLETE, sentence, attempts=3)


def _of_poll(verdict: Verdict) -> Verdict:
    """Return the verdict on a look at a video: one that is gone can be put there once more."""
    if not _is_gone(verdict):
        return verdict
    sentence = "Gemini no longer has the uploaded video."
    return Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, sentence, attempts=2)


def _is_gone(verdict: Verdict) -> bool:
    return verdict.action is Action.UPLOAD_AGAIN or verdict.reason is Reason.MODEL_NOT_FOUND


def _check_whole(file: "types.File", size: int) -> None:
    if file.size_bytes != size:
        raise ModelTrouble(_incomplete(f"Of {size} bytes of the video {file.size_bytes or 0} arrived at Gemini."))


async def _active(client: "Client", file: "types.File", *, patience: FilePatience) -> "types.File":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    deadline = time.monotonic() + patience.processing_seconds
    pause = patience.poll_seconds / 5
    while file.state == types.FileState.PROCESSING or file.state is None:
        if time.monotonic() > deadline:
            sentence = f"Gemini was not done with the uploaded video after {patience.processing_seconds:.0f} s."
            raise ModelTrouble(Verdict(Action.FAIL, Reason.MODEL_FILE_TIMEOUT, sentence))
        await asyncio.sleep(pause)
        pause = patience.poll_seconds
        try:
            with verdicts("Gemini's file store"):
                async with asyncio.timeout(patience.answer_seconds):
                    file = await client.aio.files.get(name=file.name or "")
        except ModelTrouble as trouble:
            raise ModelTrouble(_of_poll(trouble.verdict)) from trouble
    if file.state != types.FileState.ACTIVE:
        code = file.error.code if file.error is not None else None
        sentence = f"Gemini could not process the uploaded video (code {code})."
        raise ModelTrouble(Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, sentence, attempts=2))
    return file


async def delete(client: "Client", name: str, *, patience: FilePatience) -> None:
    """Take away what lies under a name, often nothing. Failing to is logged and no more: it expires by itself."""
    try:
        with verdicts("Gemini's file store"):
            async with asyncio.timeout(patience.delete_seconds):
                await client.aio.files.delete(name=f"files/{name}")
    except ModelTrouble as trouble:
        if _is_gone(trouble.verdict):
            return
        _LOG.warning("an uploaded video may stay at Gemini until it expires", extra={"reason": trouble.verdict.reason})
