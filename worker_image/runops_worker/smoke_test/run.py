"""Makes the calls of a smoke test with the worker's own client: each once, since a repetition would be paid, too."""

from collections.abc import Sequence
from dataclasses import dataclass

from runops_worker.gemini.call import CallDeadlines, stream_answer
from runops_worker.gemini.client import open_client
from runops_worker.gemini.files import FileDeadlines, UploadedFile, delete, delete_left_behind, upload
from runops_worker.gemini.judge_error import CallFailed, Verdict
from runops_worker.gemini.seen_pictures import SeenPictures
from runops_worker.model.protocol import Answer, CallUsage
from runops_worker.smoke_test.calls import CLIP, CLIP_SECONDS, SMOKE_JOB, SmokeCall

__all__ = ["CallEnd", "SmokeResult", "make_calls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """How one call ended.

    Attributes
    ----------
    call
        Which one.
    answer
        What was answered; None where the call failed.
    failure
        Why it failed, or why its answer is not believed.
    usage
        What was billed, as far as that is known.
    """

    call: SmokeCall
    answer: Answer | None = None
    failure: Verdict | None = None
    usage: CallUsage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeResult:
    """How all calls ended.

    Attributes
    ----------
    upload_failure
        Why the clip could not be shown to the models; None where it could. Without it no call about it is made.
    is_deleted
        Whether the clip is gone from Gemini.
    ends
        Of the calls that were made.
    """

    upload_failure: Verdict | None = None
    is_deleted: bool = True
    ends: tuple[CallEnd, ...] = ()


async def make_calls(
    calls: Sequence[SmokeCall], *, key: str, base_url: str | None, deadlines: FileDeadlines | None = None
) -> SmokeResult:
    """Upload the clip, make each call once, and delete the clip however that ends.

    Parameters
    ----------
    calls
        See `smoke_calls`.
    key
        The API key.
    base_url
        Address in place of Google's.
    deadlines
        Of the clip's upload and deletion.
    """
    files = deadlines or FileDeadlines()
    client, transport = open_client(key, base_url=base_url)

    async def made(call: SmokeCall, video: UploadedFile | None) -> CallEnd:
        billed: list[CallUsage] = []
        answer, failure = None, None
        try:
            answer = await stream_answer(
                client,
                call.question,
                video=video if call.is_about_clip else None,
                seen=SeenPictures(),
                deadlines=CallDeadlines(),
                on_usage=billed.append,
            )
        except CallFailed as failed:
            answer, failure = failed.answer, failed.verdict
        return CallEnd(call=call, answer=answer, failure=failure, usage=billed[-1] if billed else None)

    try:
        await delete_left_behind(client, SMOKE_JOB, deadlines=files)
        try:
            file = await upload(client, CLIP, job_id=SMOKE_JOB, base_url=base_url, deadlines=files)
        except CallFailed as failed:
            texts = [await made(call, None) for call in calls if not call.is_about_clip]
            return SmokeResult(upload_failure=failed.verdict, ends=tuple(texts))
        try:
            video = UploadedFile(CLIP, SMOKE_JOB, CLIP_SECONDS, 1, file)
            ends = [await made(call, video) for call in calls]
        finally:
            is_deleted = await delete(client, file.name or "", deadlines=files)
        return SmokeResult(is_deleted=is_deleted, ends=tuple(ends))
    finally:
        await transport.aclose()
