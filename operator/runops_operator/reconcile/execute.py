"""Carries out the actions of a plan: thin I/O, no decisions."""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from runops.job_row import Claim, JobRow, new_token
from runops.logs import error_text
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops.supabase.storage import ObjectStore
from runops.supabase.stored_answers import remove_made_objects
from runops_operator.breakers.breakers import Breakers
from runops_operator.config import OperatorConfig
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.cluster import REFUSALS, Cluster, ClusterError, Conflict, NotFound
from runops_operator.manifests.labels import BY_ANNOTATION, CLAIM_ANNOTATION, PROMPTS_ANNOTATION
from runops_operator.observability.metrics import Metrics
from runops_operator.planning.actions import (
    Action,
    AdoptClaim,
    CheckResults,
    ClaimRow,
    CompleteRow,
    CreateJob,
    DeleteJob,
    DeleteVideoJob,
    FailRow,
    NextAttempt,
    NoteFailure,
    PatchStatus,
    ReadRow,
    Recheck,
    RemoveObjects,
    RequeueAfter,
    RestampRow,
    SuspendJob,
)
from runops_operator.reconcile.hand_made import HandMadeSlots
from runops_operator.reconcile.stopping import Stopping

__all__ = ["Executor", "JobRefused", "Overtaken"]

_log = logging.getLogger(__name__)


class Overtaken(Exception):  # noqa: N818 - says what is the case
    """Something changed since it was read: the rest of the plan must not be carried out, and a new one is due."""


class JobRefused(Exception):  # noqa: N818 - says what is the case
    """Kubernetes refuses the Job; the message is the API server's."""


class Executor:
    """Runs actions against the cluster, the `jobs` table and storage.

    Parameters
    ----------
    cluster, jobs, objects
        What the actions change.
    store, queue
        Receive the changed objects, and the names to reconcile.
    breakers
        Told of attempts that failed; asked before each that starts.
    slots
        Of VideoJobs made by hand.
    stopping
        Follows the pods of deleted Jobs.
    config
        Settings of this installation.
    metrics
        Counts actions.
    on_movement
        Called when a row was claimed or a VideoJob ended: a slot may be free.
    """

    def __init__(
        self,
        *,
        cluster: Cluster,
        jobs: JobsTable,
        objects: ObjectStore,
        store: Store,
        queue: WorkQueue,
        breakers: Breakers,
        slots: HandMadeSlots,
        stopping: Stopping,
        config: OperatorConfig,
        metrics: Metrics,
        on_movement: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._jobs = jobs
        self._objects = objects
        self._store = store
        self._queue = queue
        self._breakers = breakers
        self._slots = slots
        self._stopping = stopping
        self._config = config
        self._metrics = metrics
        self._on_movement = on_movement

    async def run(self, name: str, job_id: UUID, action: Action) -> None:
        """Carry out one action for the VideoJob of a name.

        Raises
        ------
        Overtaken
            Something changed since it was read; a new plan is due at once.
        JobRefused
            Kubernetes refuses the Job.
        ClusterError, SupabaseError
            The action failed; a new plan is made after a pause.
        """
        match action:
            case RequeueAfter(seconds):
                await self._queue.add_after(name, seconds)
            case Recheck():
                unfinished, resync_seconds = self._store.count_unfinished(), self._config.resync_seconds
                pause = action.pause(unfinished, resync_seconds=resync_seconds)
                if pause is not None:
                    await self._queue.add_after(name, pause)
            case NoteFailure(reason, words, met_in, asked):
                self._breakers.failed(name, reason, met_in=met_in, words=words, asked=asked)
            case CreateJob() | DeleteJob() | SuspendJob():
                await self._on_job(name, action)
            case PatchStatus() | DeleteVideoJob() | AdoptClaim():
                await self._on_videojob(name, action)
            case ClaimRow() | NextAttempt() | RestampRow() | CompleteRow() | FailRow():
                await self._on_row(name, job_id, action)
            case RemoveObjects(bucket):
                await self._remove_objects(bucket, job_id)
            case ReadRow() | CheckResults():
                raise AssertionError("the reconciler does all reads before it carries out a plan")

    async def _remove_objects(self, bucket: str, job_id: UUID) -> None:
        try:
            await remove_made_objects(self._objects, bucket, job_id)
        except SupabaseError as error:
            if error.retryable:
                raise
            # The VideoJob must end all the same, or it would hold its slot. One made by hand may name a bucket that
            # does not exist: then there is nothing to delete.
            _log.warning("%s What was made of the video stays in storage.", error_text(error))
        else:
            _log.info("the row was deleted: its slim video, transcript and SOP were deleted from storage")

    async def _on_job(self, name: str, action: CreateJob | DeleteJob | SuspendJob) -> None:
        match action:
            case CreateJob(manifest):
                if not self._breakers.begin(name):
                    # Since the plan was made, another video began to try whether a fault is over.
                    raise Overtaken
                try:
                    self._store.see_job(await self._cluster.create_job(manifest))
                    _log.info("Kubernetes Job created")
                except Conflict:
                    self._store.see_job(await self._cluster.get_job(manifest["metadata"]["name"]))
                except ClusterError as error:
                    if error.status in REFUSALS:
                        raise JobRefused(str(error)) from error
                    raise
            case DeleteJob(job, uid, pods_ended):
                await self._cluster.delete_job(job, uid=uid)
                self._store.drop_job(job, uid)
                _log.info("Kubernetes Job deleted")
                if not pods_ended:
                    await self._stopping.begin(job, uid)
            case SuspendJob(job, suspend):
                self._store.see_job(await self._cluster.suspend_job(job, suspend=suspend))
                await self._queue.add(name)
                _log.info("Kubernetes Job %s", "suspended" if suspend else "resumed")

    async def _on_videojob(self, name: str, action: PatchStatus | DeleteVideoJob | AdoptClaim) -> None:
        match action:
            case PatchStatus(status):
                await self._patch_status(name, status)
            case DeleteVideoJob(uid):
                await self._cluster.delete_videojob(name, uid=uid)
                _log.info("VideoJob deleted: it has expired")
            case AdoptClaim(token, version):
                await self._annotate(name, token, version=version)

    async def _patch_status(self, name: str, status: Mapping[str, Any]) -> None:
        known = self._store.videojob(name)
        if known is None:
            # Deleted since the plan was made.
            await self._queue.add(name)
            return
        if known.finished:
            # Another replica recorded the outcome, and it stays.
            raise Overtaken
        try:
            self._store.see_videojob(await self._cluster.patch_videojob_status(name, status, version=known.version))
        except Conflict as error:
            raise Overtaken from error
        except NotFound:
            self._store.drop_videojob(name)
            await self._queue.add(name)
            return
        if status.get("completionTime"):
            self._on_movement()
            _log.info("finished", extra={"phase": status.get("phase"), "reason": status.get("reason")})

    async def _on_row(
        self, name: str, job_id: UUID, action: ClaimRow | NextAttempt | RestampRow | CompleteRow | FailRow
    ) -> None:
        match action:
            case ClaimRow(row):
                with self._slots.take(name) as free:
                    if not free:
                        raise Overtaken
                    await self._claim(name, row)
            case NextAttempt(row, claim):
                if not await self._jobs.succeed(row, claim):
                    raise Overtaken
                self._metrics.attempt_ended(str(claim.reason))
                _log.info(
                    "another attempt follows",
                    extra={"reason": claim.reason, "failures": claim.failures, "waits": claim.interruptions},
                )
            case RestampRow(row, claim):
                if not await self._jobs.restamp(row, claim):
                    raise Overtaken
                self._metrics.repaired("RowWithoutClaim" if row.claim is None else "RowOfFormerInstallation")
                _log.info("the claim was written into the row again", extra={"former": row.claim and row.claim.by})
            case CompleteRow(token):
                if not await self._jobs.complete(job_id, token):
                    raise Overtaken
                self._metrics.repaired("RowNotCompleted")
            case FailRow(token, sentence, required):
                failed = await self._jobs.fail(job_id, token, sentence)
                _log.info("row set to error" if failed else "row not set to error: the claim was lost")
                if required and not failed:
                    raise Overtaken

    async def _claim(self, name: str, row: JobRow) -> None:
        claim = Claim(
            claim=new_token(row),
            by=self._config.installation,
            attempt=(row.claim.attempt if row.claim else 0) + 1,
        )
        if await self._jobs.claim(row, claim, from_status=row.status or "") is None:
            raise Overtaken
        self._metrics.claimed(row.status or "")
        await self._annotate(name, claim.claim)
        self._on_movement()

    async def _annotate(self, name: str, token: str, *, version: int | None = None) -> None:
        annotations = {CLAIM_ANNOTATION: token, BY_ANNOTATION: self._config.installation}
        known = self._store.videojob(name)
        if known is not None and known.prompts is None:
            annotations[PROMPTS_ANNOTATION] = self._config.prompts.config_map
        try:
            stored = await self._cluster.annotate_videojob(name, annotations, version=version)
        except (Conflict, NotFound) as error:
            raise Overtaken from error
        self._store.see_videojob(stored)
        await self._queue.add(name)
