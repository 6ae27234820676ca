"""Videos at the Gemini Files API: upload, wait until they are processed, delete."""

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from runops.failures import Reason
from runops_worker.gemini.file_names import name_prefix, new_name
from runops_worker.gemini.judge_error import Action, CallFailed, Verdict
from runops_worker.gemini.sdk_errors import verdicts

if TYPE_CHECKING:
    from google.genai import Client, types

__all__ = ["DISPLAY_NAME", "FileDeadlines", "UploadedFile", "delete", "delete_left_behind", "upload"]

DISPLAY_NAME = "runops-worker"
"""Of every uploaded file: names the program, and nothing about the job."""

_MIME_TYPE = "video/mp4"
_PAGE = 100
_MOST_PAGES = 10
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileDeadlines:
    """Deadlines in seconds.

    Attributes
    ----------
    upload_seconds
        For the upload of one file.
    processing_seconds
        Until an uploaded file must be ready.
    poll_seconds
        Between two polls; the first comes after a fifth of it.
    answer_seconds
        For the answer to one poll.
    delete_seconds
        For the deletion of a file; after that it is left to expire (48 h).
    sweep_seconds
        For finding and deleting the files that killed workers left.
    """

    upload_seconds: float = 600.0
    processing_seconds: float = 600.0
    poll_seconds: float = 2.0
    answer_seconds: float = 20.0
    delete_seconds: float = 3.0
    sweep_seconds: float = 20.0


@dataclass(slots=True)
class UploadedFile:
    """A video that the model can see.

    Attributes
    ----------
    path
        The local file.
    job_id
        Of the job that it belongs to.
    seconds, fps
        Its length, and its pictures per second.
    file
        The file at Gemini; another one after a second upload.
    again
        Whether it was uploaded a second time, because the first file was gone.
    """

    path: Path
    job_id: UUID
    seconds: float
    fps: int
    file: "types.File"
    again: bool = False


async def upload(
    client: "Client", path: Path, *, job_id: UUID, base_url: str | None, deadlines: FileDeadlines
) -> "types.File":
    """Upload a video under a new name, and return it once the model can see it.

    Where this fails or is cancelled, the file is deleted.

    Parameters
    ----------
    client
        The connection.
    path
        The video; its file name must be ASCII, since it travels in a header.
    job_id
        Of the job, for the name.
    base_url
        As for the client. The SDK sends the bytes to the host in the upload's address, which is not the gateway, unless
        each upload names the gateway again.
    deadlines
        Deadlines.

    Raises
    ------
    CallFailed
        `UploadIncomplete` where fewer bytes arrived than were sent (the SDK skips a chunk that was answered with an
        error and a status of "active") or the upload was not known to its end, `ModelFileRejected` where the video
        could not be processed or was gone before that; all may pass. `ModelFileTimeout` where that took too long.
        Everything else as `verdicts` says.
    """
    name = new_name(job_id)
    try:
        file = await _sent(client, path, name=name, base_url=base_url, deadlines=deadlines)
        return await _active(client, file, deadlines=deadlines)
    except BaseException:
        # The file may be there although its upload failed: an answer can be lost.
        await delete(client, name, deadlines=deadlines)
        raise


async def _sent(
    client: "Client", path: Path, *, name: str, base_url: str | None, deadlines: FileDeadlines
) -> "types.File":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    size = await asyncio.to_thread(lambda: path.stat().st_size)
    options = types.HttpOptions(base_url=base_url) if base_url else None
    config = types.UploadFileConfig(name=name, mime_type=_MIME_TYPE, display_name=DISPLAY_NAME, http_options=options)
    try:
        with verdicts("Gemini's file store"):
            async with asyncio.timeout(deadlines.upload_seconds):
                file = await client.aio.files.upload(file=str(path), config=config)
    except CallFailed as failed:
        raise CallFailed(_of_upload(failed.verdict)) from failed
    except ValueError as error:
        # The SDK's only sign of a last chunk that was answered as if another one came.
        raise CallFailed(_incomplete("Gemini did not take the end of the video.")) from error
    _check_whole(file, size)
    return file


def _of_upload(verdict: Verdict) -> Verdict:
    """Return the verdict on a failed upload: one whose bytes were refused, or that was lost, starts again."""
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
    """Return the verdict on a failed poll: a video that is gone is uploaded again."""
    if not _is_gone(verdict):
        return verdict
    sentence = "Gemini no longer has the uploaded video."
    return Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, sentence, attempts=2)


def _is_gone(verdict: Verdict) -> bool:
    return verdict.action is Action.UPLOAD_AGAIN or verdict.reason is Reason.MODEL_NOT_FOUND


def _check_whole(file: "types.File", size: int) -> None:
    if file.size_bytes != size:
        raise CallFailed(_incomplete(f"Of {size} bytes of the video {file.size_bytes or 0} arrived at Gemini."))


async def _active(client: "Client", file: "types.File", *, deadlines: FileDeadlines) -> "types.File":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    deadline = time.monotonic() + deadlines.processing_seconds
    pause = deadlines.poll_seconds / 5
    while file.state == types.FileState.PROCESSING or file.state is None:
        if time.monotonic() > deadline:
            sentence = (
                f"Gemini did not finish processing the uploaded video within {deadlines.processing_seconds:.0f} s."
            )
            raise CallFailed(Verdict(Action.FAIL, Reason.MODEL_FILE_TIMEOUT, sentence))
        await asyncio.sleep(pause)
        pause = deadlines.poll_seconds
        try:
            with verdicts("Gemini's file store"):
                async with asyncio.timeout(deadlines.answer_seconds):
                    file = await client.aio.files.get(name=file.name or "")
        except CallFailed as failed:
            raise CallFailed(_of_poll(failed.verdict)) from failed
    if file.state != types.FileState.ACTIVE:
        code = file.error.code if file.error is not None else None
        sentence = f"Gemini could not process the uploaded video (code {code})."
        raise CallFailed(Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, sentence, attempts=2))
    return file


async def delete(client: "Client", name: str, *, deadlines: FileDeadlines) -> bool:
    """Delete a file, if it is there, and tell whether it is gone. A failure is only logged."""
    try:
        with verdicts("Gemini's file store"):
            async with asyncio.timeout(deadlines.delete_seconds):
                await client.aio.files.delete(name=name)
    except CallFailed as failed:
        if _is_gone(failed.verdict):
            return True
        _LOG.warning("an uploaded video could not be deleted at Gemini", extra={"reason": failed.verdict.reason})
        return False
    return True


async def delete_left_behind(client: "Client", job_id: UUID, *, deadlines: FileDeadlines) -> bool:
    """Delete the files of a job that killed workers or lost answers left, and tell whether they are gone.

    A failure is only logged: the files expire by themselves.

    It reads at most the 1,000 newest files of the project: the API cannot select by name.
    """
    prefix = name_prefix(job_id)
    try:
        with verdicts("Gemini's file store"):
            async with asyncio.timeout(deadlines.sweep_seconds):
                left = [name for name in await _newest(client) if name.startswith(prefix)]
                if left:
                    _LOG.info("deleting videos that were left at Gemini", extra={"files": len(left)})
                return all([await delete(client, name, deadlines=deadlines) for name in left])
    except CallFailed as failed:
        _LOG.warning("videos of this job may stay at Gemini until they expire", extra={"why": str(failed)})
        return False


async def _newest(client: "Client") -> list[str]:
    pager = await client.aio.files.list(config={"page_size": _PAGE})
    names = [file.name or "" for file in pager.page]
    for _ in range(_MOST_PAGES - 1):
        try:
            names += [file.name or "" for file in await pager.next_page()]
        except IndexError:
            break
    return names
