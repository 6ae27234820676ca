"""Gemini as the pipeline's model."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast
from uuid import UUID

from runops.failures import Failed, Reason
from runops.retrying import RetryPolicy
from runops_worker.gemini.call import CallDeadlines, stream_answer
from runops_worker.gemini.client import open_client
from runops_worker.gemini.files import FileDeadlines, UploadedFile, delete, delete_left_behind, upload
from runops_worker.gemini.judge_error import Action, CallFailed
from runops_worker.gemini.known_models import check_model
from runops_worker.gemini.retry import MODEL_RETRIES, CallRetries
from runops_worker.gemini.seen_pictures import SeenPictures
from runops_worker.model.call_gate import OPEN_GATE, CallGate, CallResult, Gates
from runops_worker.model.estimate import clip_estimate, text_estimate
from runops_worker.model.protocol import (
    Answer,
    CallUsage,
    InputTooLarge,
    ModelOut,
    Question,
    QuotaRefused,
    UploadedVideo,
)

if TYPE_CHECKING:
    from google.genai import Client, types
    from httpx2 import AsyncClient

__all__ = ["GeminiModel"]

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class GeminiModel:
    """Answers by the Gemini API. Nothing is imported or connected before it is opened or used.

    Parameters
    ----------
    key
        The API key.
    base_url
        Address in place of Google's.
    retries
        How often a call is made, and how long the waits are.
    calls, files
        Deadlines.
    gate
        Is asked before each call to the model, whatever video it is about. Calls that are refused for a quota per
        minute wait there.
    """

    key: str = field(repr=False)
    base_url: str | None = None
    retries: RetryPolicy = MODEL_RETRIES
    calls: CallDeadlines = field(default_factory=CallDeadlines)
    files: FileDeadlines = field(default_factory=FileDeadlines)
    gate: CallGate = OPEN_GATE
    _seen: SeenPictures = field(default_factory=SeenPictures, init=False, repr=False)
    _client: "Client | None" = field(default=None, init=False, repr=False)
    _transport: "AsyncClient | None" = field(default=None, init=False, repr=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)
    _swept: set[UUID] = field(default_factory=set, init=False, repr=False)
    _sweeping: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)
    _uploads: Counter[UUID] = field(default_factory=Counter, init=False, repr=False)
    """How many uploads of a job are in use."""
    _left: set[UUID] = field(default_factory=set, init=False, repr=False)
    """Jobs of which a file may be left: its deletion failed, or the answer to its upload was lost."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Delete what is left at Gemini, and close the connections; idempotent."""
        for job_id in tuple(self._left):
            await self._delete_left(job_id)
        if self._transport is not None:
            await self._transport.aclose()
        self._client = self._transport = None

    async def check(self, *models: str) -> None:
        """Make sure that the models exist; see `Model.check`.

        Raises
        ------
        Failed
            `ModelNotFound` or `ModelKeyRejected`.
        """
        for model in dict.fromkeys(models):
            await check_model(model, key=self.key, base_url=self.base_url)

    async def open(self) -> None:
        """Load the SDK, if that has not been done."""
        await self._opened()

    async def _opened(self) -> "Client":
        async with self._opening:
            if self._client is None:
                # Importing the SDK takes about a second: not on the event loop, which sends heartbeats.
                client, transport = await asyncio.to_thread(open_client, self.key, base_url=self.base_url)
                self._client, self._transport = client, transport
            return self._client

    async def _upload(self, video: Path, job_id: UUID) -> "types.File":
        client = await self._opened()

        async def attempt() -> "types.File":
            try:
                return await upload(client, video, job_id=job_id, base_url=self.base_url, deadlines=self.files)
            except BaseException:
                self._left.add(job_id)
                raise

        try:
            return await self.retries.run(attempt, CallRetries())
        except CallFailed as failed:
            # Files are uploaded for all models.
            raise CallFailed(replace(failed.verdict, of_model=False)) from failed

    async def _delete(self, name: str, job_id: UUID) -> None:
        if not await delete(await self._opened(), name, deadlines=self.files):
            self._left.add(job_id)

    async def _delete_left(self, job_id: UUID) -> None:
        """Delete what is left of a job, unless an upload of it is in use. A later call tries again what failed."""
        if job_id in self._left and not self._uploads[job_id]:
            self._left.discard(job_id)
            if not await delete_left_behind(await self._opened(), job_id, deadlines=self.files):
                self._left.add(job_id)

    async def _sweep(self, job_id: UUID) -> None:
        # Before the first upload of a job: later its files are those of this process.
        async with self._sweeping:
            if job_id not in self._swept:
                await delete_left_behind(await self._opened(), job_id, deadlines=self.files)
                self._swept.add(job_id)

    @asynccontextmanager
    async def uploaded(self, video: Path, *, job_id: UUID, seconds: float, fps: int) -> AsyncIterator[UploadedVideo]:
        """Upload a video for the time of the block. It is deleted however the block ends, a failed upload too.

        Raises
        ------
        Failed
            It cannot be uploaded, or Gemini cannot process it.
        """
        await self._sweep(job_id)
        self._uploads[job_id] += 1
        try:
            try:
                uploaded = UploadedFile(video, job_id, seconds, fps, await self._upload(video, job_id))
            except CallFailed as failed:
                raise _failed(failed) from failed
            try:
                yield uploaded
            finally:
                await self._delete(uploaded.file.name or "", job_id)
        finally:
            self._uploads[job_id] -= 1
            await self._delete_left(job_id)

    async def ask(
        self,
        question: Question,
        *,
        video: UploadedVideo | None = None,
        on_usage: Callable[[CallUsage], None],
        gate: CallGate = OPEN_GATE,
    ) -> Answer:
        """Ask, retry transient failures, and return the answer.

        Raises
        ------
        InputTooLarge
            The input has more tokens or bytes than the model takes.
        ModelOut
            The model does not exist, or is still overloaded after the waits for it.
        Failed
            With the reason of the last call; or a gate stopped a call.
        """
        client = await self._opened()
        uploaded = cast("UploadedFile | None", video)
        # The gate of this video last: it notes the call as begun.
        gates = Gates((self.gate, gate))

        async def attempt(*, with_schema: bool = True) -> Answer:
            async with _passed(gates, question, uploaded) as billed:

                def on_billed(usage: CallUsage) -> None:
                    billed.append(usage)
                    on_usage(usage)

                return await stream_answer(
                    client,
                    question,
                    video=uploaded,
                    seen=self._seen,
                    deadlines=self.calls,
                    on_usage=on_billed,
                    with_schema=with_schema,
                )

        async def attempt_with_remedy() -> Answer:
            try:
                return await attempt()
            except CallFailed as failed:
                if failed.verdict.action is Action.DROP_SCHEMA:
                    _LOG.warning("the API refused the schema of the answer, asking once more without it")
                    return await attempt(with_schema=False)
                if failed.verdict.action is not Action.UPLOAD_AGAIN or uploaded is None or uploaded.again:
                    raise
                uploaded.again = True
                _LOG.warning("the uploaded video is gone, uploading it once more")
                await self._delete(uploaded.file.name or "", uploaded.job_id)
                uploaded.file = await self._upload(uploaded.path, uploaded.job_id)
                raise CallFailed(replace(failed.verdict, action=Action.RETRY)) from failed

        try:
            return await self.retries.run(attempt_with_remedy, CallRetries(paced=self.gate is not OPEN_GATE))
        except CallFailed as failed:
            if failed.answer is not None:
                return failed.answer
            raise _failed(failed) from failed


@asynccontextmanager
async def _passed(gate: CallGate, question: Question, video: UploadedFile | None) -> AsyncIterator[list[CallUsage]]:
    """Wait for the gate, and tell it how the call in the block ended, whose usage the block adds to the list."""
    if video is None:
        estimate = text_estimate(question)
    else:
        estimate = clip_estimate(question, seconds=video.seconds, fps=video.fps)
    await gate.before(question, estimate=estimate)
    billed: list[CallUsage] = []
    failure: Failed | None = None
    try:
        yield billed
    except CallFailed as failed:
        failure = _failed(failed) if failed.answer is None else None
        raise
    finally:
        gate.after(CallResult(estimate=estimate, usage=billed[-1] if billed else None, failure=failure))


def _failed(failed: CallFailed) -> Failed:
    verdict = failed.verdict
    if verdict.action is Action.TOO_LARGE:
        return InputTooLarge(verdict.reason, verdict.text)
    if verdict.refusal is not None:
        return QuotaRefused(verdict.refusal, verdict.text)
    reason = Reason.MODEL_FILE_REJECTED if verdict.action is Action.UPLOAD_AGAIN else verdict.reason
    kind = ModelOut if verdict.of_model else Failed
    return kind(reason, verdict.text, retry_after=verdict.wait)
