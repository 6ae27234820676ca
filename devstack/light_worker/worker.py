"""The light worker's program: the four stages in their order, with sleeps in place of work."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from devstack.fake_kubelet import Exit, Pod
from devstack.light_worker.fate import Fate, fate_of
from devstack.light_worker.holding import Holding
from devstack.light_worker.ledger import Ledger, Work
from runops.failures import Failed, Reason
from runops.job_row import user_of
from runops.progress import Stage
from runops.report import Report, StageUsage, Usage
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError

_SUFFERED = {
    "permanent": Reason.NOT_A_VIDEO,
    "transient": Reason.STORAGE_UNAVAILABLE,
    "quota": Reason.QUOTA_EXCEEDED,
}
_QUOTA_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Pace:
    """How long the sleeps are.

    Attributes
    ----------
    seconds
        Of one stage, on average: each is drawn from half of it to one and a half times.
    beat_seconds
        Between two signs of life in a stage.
    """

    seconds: float = 0.3
    beat_seconds: float = 2.0


class _Done(BaseModel):
    """The light worker's checkpoint: what is in storage already."""

    model_config = ConfigDict(extra="ignore")

    slim: bool = False
    transcript: list[dict[str, Any]] | None = None
    sop: dict[str, Any] | None = None


class LightWorker:
    """A program for the pods of a `FakeKubelet`.

    Parameters
    ----------
    supabase
        Shared by all pods: a separate connection for each would cost more than its work.
    ledger
        Where it writes down what it did.
    pace
        How long it sleeps.
    seed
        Of the sleeps' lengths.
    """

    def __init__(self, supabase: Supabase, ledger: Ledger, *, pace: Pace = Pace(), seed: int = 0) -> None:
        self._supabase = supabase
        self._ledger = ledger
        self._pace = pace
        self._seed = seed

    async def __call__(self, pod: Pod, sigterm: asyncio.Event) -> Exit:
        """Work on the video that the pod's environment names, until done, failed or asked to stop."""
        work = asyncio.create_task(self._reported(pod))
        stop = asyncio.create_task(sigterm.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            report = work.result() if work.done() else Report(reason=Reason.TERMINATED)
        finally:
            work.cancel()
            stop.cancel()
        code = 0 if report.reason is None else Failed(report.reason).failure.exit_code
        return Exit(1 if code is None else code, report.encode().decode())

    async def _reported(self, pod: Pod) -> Report:
        try:
            job_id, token = UUID(pod.environment["RUNOPS_JOB_ID"]), pod.environment["RUNOPS_CLAIM"]
        except (KeyError, ValueError):
            return Report(reason=Reason.MISCONFIGURED)
        try:
            holding = await Holding.bound(self._supabase, job_id, token, pod_uid=pod.uid)
            return await _Run(self, holding).stages()
        except Failed as failure:
            return Report(reason=failure.reason, message=failure.detail[:1000], retry_after_seconds=failure.retry_after)
        except SupabaseError as error:
            return Report(reason=error.reason, message=error.message[:1000])

    @property
    def ledger(self) -> Ledger:
        """Where the work is written down."""
        return self._ledger

    @property
    def pace(self) -> Pace:
        """How long the sleeps are."""
        return self._pace

    def lengths(self, job_id: UUID) -> random.Random:
        """Return the source of the sleeps' lengths for one video: the same for each of its attempts."""
        return random.Random(f"{self._seed}/{job_id}")  # noqa: S311 - lengths of sleeps


class _Run:
    """One attempt."""

    def __init__(self, worker: LightWorker, holding: Holding) -> None:
        self._worker = worker
        self._holding = holding
        self._job_id = holding.job_id
        self._lengths = worker.lengths(holding.job_id)
        self._done = _Done()
        self._fate: Fate | None = None

    async def stages(self) -> Report:
        """Do all that is not done yet.

        Raises
        ------
        Failed, SupabaseError
            As the worker's pipeline does.
        """
        holding = self._holding
        row = await holding.supabase.jobs.get(self._job_id)
        if row is None:
            raise Failed(Reason.ROW_MISSING)
        if not row.is_held_by(holding.token):
            raise Failed(Reason.CLAIM_LOST)
        self._fate = fate_of(row.metadata)
        await self._recall()
        await self._prepare()
        transcript = await self._transcribe()
        sop = await self._parse(transcript)
        await self._enter(Stage.FINALIZING)
        await holding.finish(transcript, sop, user_id=user_of(row))
        usage = Usage(transcribing=StageUsage(calls=1), parsing_sop=StageUsage(calls=1))
        return Report(message="The SOP is in the table.", stage=Stage.COMPLETED, usage=usage)

    async def _recall(self) -> None:
        value = await self._holding.kept(self._checkpoint)
        try:
            self._done = _Done.model_validate(value or {})
        except ValidationError:
            self._done = _Done()

    async def _prepare(self) -> None:
        await self._enter(Stage.PREPARING_VIDEO)
        if self._done.slim:
            return
        await self._work("transcode", Stage.PREPARING_VIDEO)
        await self._holding.keep(f"slim/{self._job_id}.mp4", "in place of a slim video")
        self._done.slim = True
        await self._remember("transcode")

    async def _transcribe(self) -> list[dict[str, Any]]:
        await self._enter(Stage.TRANSCRIBING)
        if self._done.transcript is None:
            await self._work("transcript", Stage.TRANSCRIBING)
            transcript = [
                {
                    "timestamp_start_audio": "00:00:00",
                    "timestamp_end_audio": "00:00:01",
                    "verbatim_transcript_segment": f"This is the recording {self._job_id}.",
                }
            ]
            await self._holding.keep(f"transcripts/{self._job_id}.json", transcript)
            self._done.transcript = transcript
            await self._remember("transcript")
        assert self._done.transcript is not None
        return self._done.transcript

    async def _parse(self, transcript: list[dict[str, Any]]) -> dict[str, Any]:
        await self._enter(Stage.PARSING_SOP)
        if self._done.sop is None:
            await self._work("sop", Stage.PARSING_SOP)
            said = transcript[0]["verbatim_transcript_segment"]
            sop = {"meta": {"id": str(self._job_id), "title": said}, "public": {"nodes": [], "edges": []}}
            await self._holding.keep(f"sops/{self._job_id}.json", sop)
            self._done.sop = sop
            await self._remember("sop")
        assert self._done.sop is not None
        return self._done.sop

    async def _enter(self, stage: Stage) -> None:
        await self._holding.beat(stage, 0.0)
        fate = self._fate
        if fate is None or fate.stage is not stage:
            return
        if fate.kind != "permanent" and not self._worker.ledger.suffer(self._job_id, times=fate.times):
            return
        if fate.kind == "hang":
            await asyncio.Event().wait()
        raise Failed(
            _SUFFERED[fate.kind],
            f"This row's fate is {fate.kind}.",
            retry_after=_QUOTA_RETRY_SECONDS if fate.kind == "quota" else None,
        )

    async def _work(self, work: Work, stage: Stage) -> None:
        """Stand for the work itself: it costs from its first moment on."""
        self._worker.ledger.did(self._job_id, work)
        pace = self._worker.pace
        length = pace.seconds * self._lengths.uniform(0.5, 1.5)
        slept = 0.0
        while slept < length:
            step = min(pace.beat_seconds, length - slept)
            await asyncio.sleep(step)
            slept += step
            if slept < length:
                await self._holding.beat(stage, slept / length)

    async def _remember(self, work: Work) -> None:
        await self._holding.keep(self._checkpoint, self._done.model_dump(mode="json"))
        self._worker.ledger.kept(self._job_id, work)

    @property
    def _checkpoint(self) -> str:
        return f"transcripts/{self._job_id}.checkpoint.json"
