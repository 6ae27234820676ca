"""The setting of scenarios with real pods: the chart installed, real recordings in storage, rows."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from devstack.fake_kubelet import Api
from devstack.faults import FaultControl
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation, InstallationFailed, install
from devstack.operator_runs.queued_rows import Row, fill_queue, rows_of
from devstack.sample import RECORDING
from runops.supabase.connection import Supabase
from tests.chaos.orphans import cluster_orphans, storage_orphans
from tests.chaos.record import Record
from tests.chaos.request_log import deeds_of
from tests.chaos.site import Site
from tests.chaos.verdict import Ends, Extra, record_of

__all__ = ["RealRun", "installed", "real_run"]

_NAMESPACE = "chaos-real"
_LOOK_SECONDS = 1.0
_TELL_SECONDS = 20.0
_SETTLE_SECONDS = 240.0
_CALL_SECONDS = 1.0
"""Of one call of Gemini: one that takes no time is never under way when its worker dies."""
_VALUES: dict[str, Any] = {
    "poll": {"busySeconds": 0.5, "idleSeconds": 1},
    "maxConcurrent": 4,
    # Kills are drawn from a seed, not spared: a video that meets several must not run out of attempts.
    "retryLimit": 10,
    "resyncSeconds": 15,
    "admissionPolicy": {"enabled": True},
}


@dataclass
class RealRun:
    """A run that goes on."""

    scenario: str
    site: Site
    installation: Installation
    api: Api
    rows: list[Row]
    longest_seconds: float
    begun: float
    files_before: frozenset[str]
    details: list[str] = field(default_factory=list)

    @property
    def job_ids(self) -> list[str]:
        """Of the rows."""
        return [row.job_id for row in self.rows]

    async def until_ended(self) -> None:
        """Wait until every row has ended, or time is up: the record tells."""
        deadline = self.begun + self.longest_seconds
        told = time.monotonic()
        while time.monotonic() < deadline:
            statuses = self.site.database.statuses()
            if statuses["completed"] + statuses["error"] == len(self.rows):
                return
            if time.monotonic() - told > _TELL_SECONDS:
                told = time.monotonic()
                self.site.progress(f"{self.scenario}: {dict(statuses)}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def judged(self, *, attempts_used: int | None = None) -> Record:
        """Wait for the cluster to come to rest, and say what became of everything.

        Parameters
        ----------
        attempts_used
            As in `Record`.
        """
        seconds = time.monotonic() - self.begun
        await self._settled()
        stack, database = self.site.stack, self.site.database
        outcomes = database.outcomes(self.job_ids)
        with closing(FaultControl(stack.url)) as supabase, GeminiControl(stack.gemini_url) as gemini:
            deeds = deeds_of(supabase.requests(), gemini.calls(), self.job_ids)
            files = [name for name in gemini.files() if name not in self.files_before]
        self.details.append(
            f"{deeds.calls} paid calls and {deeds.transcodes} transcodes in all, {deeds.stray_calls} calls of nobody"
        )
        orphans = [
            *await cluster_orphans(self.api, self.installation.namespace),
            *storage_orphans(stack, self.job_ids),
            *(f"Gemini {name}" for name in files),
        ]
        extra = Extra(
            calls_again=deeds.calls_again,
            transcodes_again=deeds.transcodes_again,
            orphans=orphans,
            attempts_used=attempts_used,
            details=self.details,
        )
        stories = {job_id: database.story(job_id) for job_id in Ends.of(self.rows, outcomes).all[:20]}
        return record_of(self.scenario, self.rows, outcomes, stories=stories, extra=extra, seconds=seconds)

    async def _settled(self) -> None:
        """Wait until no pod of a worker runs, so that nothing is on its way any more."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        path = f"/api/v1/namespaces/{self.installation.namespace}/pods"
        while time.monotonic() < deadline:
            pods = await self.api.items(path, selector="labelSelector=runops.dev%2Fjob-id")
            if all(pod["status"].get("phase") in {"Succeeded", "Failed"} for pod in pods):
                return
            await asyncio.sleep(_LOOK_SECONDS)


@contextmanager
def installed(site: Site, *, wait: bool = True) -> Iterator[Installation]:
    """Give a release of the chart whose workers call the site's stack; it goes with the block.

    Parameters
    ----------
    site
        Where.
    wait
        Whether the block ends only when all of it is gone.
    """
    installation = install(site.cluster, site.stack, namespace=_NAMESPACE, values=_VALUES, progress=site.progress)
    try:
        yield installation
    finally:
        installation.uninstall(wait=wait)


@asynccontextmanager
async def real_run(
    site: Site, scenario: str, installation: Installation, *, rows: int, seed: int, longest_seconds: float
) -> AsyncIterator[RealRun]:
    """Give a run that has begun: recordings in storage, then rows queued.

    Parameters
    ----------
    site, installation
        Where.
    scenario, rows, seed
        Its name, how many rows, and what they are drawn from.
    longest_seconds
        After so long every row must have ended.
    """
    drawn = rows_of(scenario, rows, seed=seed)
    site.database.begin()
    with closing(FaultControl(site.stack.url)) as control, GeminiControl(site.stack.gemini_url) as gemini:
        control.forget()
        gemini.reset()
        gemini.behave(Behaviour(latency_seconds=_CALL_SECONDS))
        files_before = frozenset(gemini.files())
    async with Supabase(site.stack.url, site.stack.secret_key) as supabase:
        for row in drawn:
            await supabase.storage.upload("videos", f"raw/{row.job_id}.mp4", RECORDING, content_type="video/mp4")
    fill_queue(site.database, drawn)
    site.progress(f"{scenario}: {len(drawn)} recordings in storage and rows queued")
    async with Api(site.cluster.kubeconfig) as api:
        run = RealRun(
            scenario=scenario,
            site=site,
            installation=installation,
            api=api,
            rows=drawn,
            longest_seconds=longest_seconds,
            begun=time.monotonic(),
            files_before=files_before,
        )
        yield run
        if site.database.statuses()["processing"]:
            site.progress(await asyncio.to_thread(_shown, installation))


def _shown(installation: Installation) -> str:
    """Return what the cluster shows of a run that did not end."""
    try:
        return installation.kubectl("get", "videojobs,jobs,pods", "-o", "wide") + installation.kubectl(
            "logs", "deployment/runops-operator", "--tail=40"
        )
    except InstallationFailed as error:
        return str(error)
