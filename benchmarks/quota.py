"""How well workers share a quota per minute: the share that is used, the share that is refused, and who gets it.

Fifty workers of five users, one of whom has thirty of them, ask the stand-in for Gemini for as long as a run takes,
each three calls at once. They begin within the first two minutes, as pods do. The stand-in refuses calls above 20
requests in any minute; in a second case, calls about clips of 96,000 tokens above a million tokens in any minute. A
minute of the stand-in lasts 20 s, and all waits are shortened with it.

Beside it, in the same run: the same workers, each of which waits for as long as the refusal asks and then repeats its
call, up to three times, before its attempt ends and the next one begins.
"""

import asyncio
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

import imageio_ffmpeg

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.paced_site import PacedSite
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo, running_stack
from runops.failures import Failed, Reason
from runops_worker.gemini.model import GeminiModel
from runops_worker.model.call_gate import OPEN_GATE, CallGate
from runops_worker.model.own_pace import OwnPace
from runops_worker.model.protocol import Question, UploadedVideo
from runops_worker.reporting.operator_pace import OperatorPace

__all__ = ["measure"]

_MODEL = "gemini-3.8-flash"
_MINUTE = 20.0
_MINUTES = 9
_ALL_AT_WORK_MINUTES = 2
"""Until then workers begin, one after the other; calls of users are counted from then on."""
_POLL_SECONDS = 0.33
_ANSWER_SECONDS = 1.0
_USERS = tuple(str(UUID(int=1000 + number)) for number in range(5))
_WORKERS = ((_USERS[0],) * 6 + _USERS[1:]) * 5
_CALLS_AT_ONCE = 3
_CLIP_SECONDS = 306
_LEAST_USED, _MOST_REFUSED, _LEAST_OF_MOST = 0.9, 0.05, 0.8


@dataclass(frozen=True)
class _Case:
    """A quota, and how many calls of this case it allows in a minute."""

    name: str
    behaviour: Behaviour
    calls_per_minute: int
    with_clip: bool = False


_QUOTA = {"minute_seconds": _MINUTE, "latency_seconds": _ANSWER_SECONDS}
_CASES = (
    _Case("20 requests a minute", Behaviour.model_validate({**_QUOTA, "requests_per_minute": 20}), 20),
    _Case(
        "a million tokens a minute",
        Behaviour.model_validate({**_QUOTA, "tokens_per_minute": 1_000_000}),
        10,
        with_clip=True,
    ),
)


@dataclass(frozen=True)
class _Figures:
    """Of one case.

    Attributes
    ----------
    used, refused
        Answered calls as a share of what the quota allows; refused calls as a share of all.
    by_user
        Answered calls, of the first user, who has most workers, and of the others; counted once all are at work.
    attempts_failed
        Attempts that ended since a call was refused too often.
    prompt_tokens
        Tokens of the largest request that was answered.
    """

    used: float
    refused: float
    by_user: tuple[int, ...]
    attempts_failed: int
    prompt_tokens: int

    @property
    def least_of_most(self) -> float:
        """Calls of the user with fewest, as a share of those of the user with most."""
        return min(self.by_user) / max(*self.by_user, 1)


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return used and refused share and fairness, with pacing, beside their limits; without it in the details."""
    paced: dict[str, list[_Figures]] = {case.name: [] for case in _CASES}
    unpaced: dict[str, list[_Figures]] = {case.name: [] for case in _CASES}
    with (
        tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
        running_stack(Path(folder) / "stack") as stack,
    ):
        clip = _clip(Path(folder))
        for _ in range(runs):
            for case in _CASES:
                paced[case.name].append(asyncio.run(_with_grants(stack, case, clip)))
                progress(f"{case.name}, paced: {paced[case.name][-1]}")
                unpaced[case.name].append(asyncio.run(_each_alone(stack, case, clip)))
                progress(f"{case.name}, each worker alone: {unpaced[case.name][-1]}")
    results = []
    for case in _CASES:
        of_case = paced[case.name]
        results += [
            # Figure over limit must be below 1: so it is what was left over.
            Measurement.of_runs(
                f"50 workers, {case.name}: left unused",
                "share",
                [1 - one.used for one in of_case],
                limit=1 - _LEAST_USED,
            ),
            Measurement.of_runs(
                f"50 workers, {case.name}: refused", "share", [one.refused for one in of_case], limit=_MOST_REFUSED
            ),
            Measurement.of_pairs(
                f"50 workers, {case.name}: refused, beside each worker alone",
                "share",
                [(ours.refused, theirs.refused) for ours, theirs in zip(of_case, unpaced[case.name], strict=True)],
                against="each alone",
                bound=0.5,
            ),
            Measurement.of_runs(
                f"50 workers, {case.name}: user with fewest calls behind the one with most",
                "share",
                [1 - one.least_of_most for one in of_case],
                limit=1 - _LEAST_OF_MOST,
            ),
        ]
    details = {
        "paced": {name: [asdict(one) for one in figures] for name, figures in paced.items()},
        "each worker alone": {name: [asdict(one) for one in figures] for name, figures in unpaced.items()},
        "minute_seconds": _MINUTE,
        "minutes": _MINUTES,
    }
    return Outcome(results, details)


def _clip(folder: Path) -> Path:
    """Make a clip whose pictures and sound count 96,000 tokens with the prompt."""
    clip = folder / "clip.mp4"
    picture = f"color=gray:size=128x72:rate=1:duration={_CLIP_SECONDS}"
    sound = f"anullsrc=channel_layout=mono:sample_rate=16000:duration={_CLIP_SECONDS}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    command += ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-shortest", str(clip)]
    subprocess.run(command, check=True, timeout=120)
    return clip


async def _with_grants(stack: StackInfo, case: _Case, clip: Path) -> _Figures:
    site = PacedSite(_WORKERS)
    async with site.granting(minute=_MINUTE):
        gates = [
            OperatorPace(status, own=OwnPace(minute=_MINUTE), user=user, poll_seconds=_POLL_SECONDS)
            for status, user in zip(site.statuses, _WORKERS, strict=True)
        ]
        return await _figures(stack, case, clip, gates)


async def _each_alone(stack: StackInfo, case: _Case, clip: Path) -> _Figures:
    return await _figures(stack, case, clip, [OPEN_GATE] * len(_WORKERS))


async def _figures(stack: StackInfo, case: _Case, clip: Path, gates: Sequence[CallGate]) -> _Figures:
    answered, failed = Counter[str](), Counter[str]()
    async with AsyncExitStack() as opened:
        workers = []
        for number, (gate, user) in enumerate(zip(gates, _WORKERS, strict=True)):
            # Before the first call: in one process fifty clients keep each other waiting while they load.
            model = await opened.enter_async_context(GeminiModel(stack.gemini_api_key, stack.gemini_url, gate=gate))
            await model.open()
            video = await opened.enter_async_context(_seen(model, clip if case.with_clip else None, number))
            workers.append(_Worker(model, video, user, number, answered, failed))
        with GeminiControl(stack.gemini_url) as control:
            control.reset()
            control.behave(case.behaviour)
            running = [asyncio.ensure_future(worker.run()) for worker in workers]
            try:
                done, _ = await asyncio.wait(running, timeout=_MINUTES * _MINUTE, return_when=asyncio.FIRST_EXCEPTION)
                calls, by_user = control.calls(), tuple(answered[user] for user in _USERS)
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
            for task in done:
                task.result()
    good = [call for call in calls if call.status == 200]
    refused = [call for call in calls if call.status == 429]
    return _Figures(
        used=len(good) / (case.calls_per_minute * _MINUTES),
        refused=len(refused) / max(len(calls), 1),
        by_user=by_user,
        attempts_failed=failed.total(),
        prompt_tokens=max((call.prompt_tokens for call in good), default=0),
    )


@dataclass(frozen=True)
class _Worker:
    """Asks for as long as a run takes, three calls at once."""

    model: GeminiModel
    video: UploadedVideo | None
    user: str
    number: int
    answered: Counter[str]
    failed: Counter[str]

    async def run(self) -> None:
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(_ALL_AT_WORK_MINUTES * _MINUTE * self.number / len(_WORKERS))
        await asyncio.gather(*(self._ask(began) for _ in range(_CALLS_AT_ONCE)))

    async def _ask(self, began: float) -> None:
        while True:
            try:
                await self.model.ask(_QUESTION, video=self.video, on_usage=lambda _: None)
                if asyncio.get_running_loop().time() - began >= _ALL_AT_WORK_MINUTES * _MINUTE:
                    self.answered[self.user] += 1
            except Failed as failure:
                if failure.reason is not Reason.QUOTA_EXCEEDED:
                    raise
                self.failed[self.user] += 1
                # As the operator does before the next attempt.
                await asyncio.sleep(failure.retry_after or _MINUTE)


@asynccontextmanager
async def _seen(model: GeminiModel, clip: Path | None, number: int) -> AsyncIterator[UploadedVideo | None]:
    if clip is None:
        yield None
        return
    async with model.uploaded(clip, job_id=UUID(int=number + 1), seconds=_CLIP_SECONDS, fps=1) as video:
        yield video


_QUESTION = Question(
    model=_MODEL,
    instruction="Transcribe.",
    text="Give the transcript as JSON.",
    schema={"type": "array", "items": {"type": "object", "properties": {"text": {"type": "string"}}}},
    max_output_tokens=4096,
)
