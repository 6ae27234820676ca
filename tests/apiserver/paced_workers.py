"""Workers that ask the stand-in for Gemini, each through the status of its VideoJob on a real API server."""

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from devstack.stack import StackInfo
from runops.failures import Failed, Reason
from runops_worker.gemini.model import GeminiModel
from runops_worker.model.own_pace import OwnPace
from runops_worker.model.protocol import Question
from runops_worker.reporting.operator_pace import OperatorPace
from runops_worker.reporting.videojob_sink import VideoJobSink

__all__ = ["MODEL", "PacedWorkers", "WayToTheApiServer"]

MODEL = "gemini-3.8-flash"
_QUESTION = Question(
    model=MODEL,
    instruction="Transcribe.",
    text="Give the transcript as JSON.",
    schema={"type": "array", "items": {"type": "object", "properties": {"text": {"type": "string"}}}},
    max_output_tokens=4096,
)
_CALLS_AT_ONCE = 3
_AFTER_A_FAILED_ATTEMPT = 60.0


@dataclass(frozen=True)
class WayToTheApiServer:
    """How a pod reaches it: its address, a token of the workers' account, and its certificate authority."""

    address: str
    token_file: Path
    ca_file: Path

    @classmethod
    def of(cls, kubeconfig: Path, token: str, folder: Path) -> "WayToTheApiServer":
        """Write token and certificate authority into a folder."""
        cluster = yaml.safe_load(kubeconfig.read_text("utf-8"))["clusters"][0]["cluster"]
        way = cls(cluster["server"], folder / "token", folder / "ca.crt")
        way.token_file.write_text(token)
        inline = cluster.get("certificate-authority-data")
        authority = cluster.get("certificate-authority")
        way.ca_file.write_bytes(
            base64.b64decode(inline) if inline is not None else (kubeconfig.parent / authority).read_bytes()
        )
        return way


@dataclass
class PacedWorkers:
    """The workers of some VideoJobs.

    Attributes
    ----------
    answered
        Calls that were answered, by VideoJob.
    failed
        Attempts that ended since a call was refused too often.
    """

    stack: StackInfo
    way: WayToTheApiServer
    namespace: str
    answered: Counter[str] = field(default_factory=Counter)
    failed: int = 0

    @asynccontextmanager
    async def at_work(self, videojobs: Sequence[tuple[str, str]], *, between_seconds: float) -> AsyncIterator[None]:
        """Let workers ask, each three calls at once, for the time of the block.

        Parameters
        ----------
        videojobs
            Name and user of each.
        between_seconds
            From the start of one worker to that of the next.
        """
        async with AsyncExitStack() as opened:
            running = []
            for number, (name, user) in enumerate(videojobs):
                sink = await opened.enter_async_context(
                    VideoJobSink(
                        address=self.way.address,
                        namespace=self.namespace,
                        name=name,
                        token_file=self.way.token_file,
                        ca_file=self.way.ca_file,
                    )
                )
                gate = OperatorPace(sink, own=OwnPace(), user=user)
                model = await opened.enter_async_context(
                    GeminiModel(self.stack.gemini_api_key, self.stack.gemini_url, gate=gate)
                )
                await model.open()
                running += [
                    asyncio.ensure_future(self._ask(model, name, after=number * between_seconds))
                    for _ in range(_CALLS_AT_ONCE)
                ]
            try:
                yield
                for task in running:
                    if task.done():
                        task.result()
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)

    async def _ask(self, model: GeminiModel, name: str, *, after: float) -> None:
        await asyncio.sleep(after)
        while True:
            try:
                await model.ask(_QUESTION, on_usage=lambda _: None)
                self.answered[name] += 1
            except Failed as failure:
                if failure.reason is not Reason.QUOTA_EXCEEDED:
                    raise
                self.failed += 1
                # As the operator does before the next attempt.
                await asyncio.sleep(failure.retry_after or _AFTER_A_FAILED_ATTEMPT)


async def until(check: Callable[[], bool], what: str, *, seconds: float = 240.0) -> None:
    """Wait until something is the case while workers ask; fail with these words where it is not in time."""
    try:
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(check):  # noqa: ASYNC110 - other processes bring it about
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise AssertionError(f"within {seconds:.0f} s: {what}") from None
