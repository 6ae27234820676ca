"""Carries out the actions of a plan: thin I/O, no decisions."""

import logging
from collections.abc import Callable
from uuid import UUID, uuid4

from runops.job_row import Claim
from runops.object_names import made_objects
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs import JobsTable
from runops.supabase.storage import ObjectStore
from runops_operator.config import OperatorConfig
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.cluster import REFUSALS, Cluster, ClusterError, Conflict, NotFound
from runops_operator.manifests.labels import BY_ANNOTATION, CLAIM_ANNOTATION, PROMPTS_ANNOTATION
from runops_operator.observability.metrics import Metrics
from runops_operator.planning.actions import (
    Action,
    AdoptClaim,
    ClaimRow,
    CompleteRow,
    CreateJob,
    DeleteJob,
    DeleteVideoJob,
    FailRow,
    LookAgain,
    LookForResults,
    NextAttempt,
    PatchStatus,
    ReadRow,
    RemoveObjects,
    RequeueAfter,
    SuspendJob,
)
from runops_operator.reconcile.stopping import Stopping

__all__ = ["Executor", "JobRefused", "Overtaken"]

_log = logging.getLogger(__name__)


class Overtaken(Exception):  # noqa: N818 - says what is the case
    """Something is no longer as the plan took it to be: the rest of it must not be done, and a new one is due."""


class JobRefused(Exception):  # noqa: N818 - says what is the case
    """Kubernetes will not make the Job as it is; the message holds its words."""


class Executor:
    """Runs actions against the cluster, the `jobs` table and storage.

    Parameters
    ----------
    cluster, jobs, objects
        What is acted on.
    store, queue
        Told of what the actions changed.
    stopping
        Follows the pods of deleted Jobs.
    config
        Settings of this installation.
    metrics
        Counts what was done.
    on_movement
        Called when a row was claimed or ended: a slot may be free.
    """

    def __init__(
        self,
        *,
        cluster: Cluster,
        jobs: JobsTable,
        objects: ObjectStore,
        store: Store,
        queue: WorkQueue,
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
        self._stopping = stopping
        self._config = config
        self._metrics = metrics
        self._on_movement = on_movement

    async def run(self, name: str, job_id: UUID, action: Action) -> None:
        """Carry out one action for the VideoJob of a name.

        Raises
        ------
        Overtaken
            The world moved on; a new plan is due at once.
        JobRefused
            Kubernetes will not make the Job.
        ClusterError, SupabaseError
            It could not be done; the whole plan is made anew after a pause.
        """
        match action:
            case RequeueAfter(seconds):
                await self._queue.add_after(name, seconds)
            case LookAgain():
                comparison = self._config.resync_seconds
                pause = action.pause(self._store.count_unfinished(), comparison_seconds=comparison)
                if pause is not None:
                    await self._queue.add_after(name, pause)
            case CreateJob() | DeleteJob() | SuspendJob():
                await self._on_job(name, action)
            case PatchStatus() | DeleteVideoJob() | AdoptClaim():
                await self._on_videojob(name, action)
            case ClaimRow() | NextAttempt() | CompleteRow() | FailRow():
                await self._on_row(name, job_id, action)
            case RemoveObjects(bucket):
                await self._remove_objects(bucket, job_id)
            case ReadRow() | LookForResults():
                raise AssertionError("the reconciler reads itself")

    async def _remove_objects(self, bucket: str, job_id: UUID) -> None:
        try:
            await self._objects.remove(bucket, made_objects(job_id))
        except SupabaseError as error:
            if error.kind not in {ErrorKind.NOT_FOUND, ErrorKind.INVALID}:
                raise
            # A VideoJob may name any bucket. In one that there is not, nothing was made, and nothing is waited for.
            _log.warning("%s", error)
        else:
            _log.info("the row is gone, and so is what was made of the video")

    async def _on_job(self, name: str, action: CreateJob | DeleteJob | SuspendJob) -> None:
        match action:
            case CreateJob(manifest):
                try:
                    self._store.see_job(await self._cluster.create_job(manifest))
                    _log.info("Kubernetes Job created")
                except Conflict:
                    self._store.see_job(await self._cluster.get_job(manifest["metadata"]["name"]))
                except ClusterError as error:
                    if error.status in REFUSALS:
                        raise JobRefused(str(error)) from error
                    raise
            case DeleteJob(job, uid):
                await self._cluster.delete_job(job, uid=uid)
                self._store.drop_job(job, uid)
                _log.info("Kubernetes Job deleted")
                await self._stopping.begin(job, uid)
            case SuspendJob(job, suspend):
                self._store.see_job(await self._cluster.suspend_job(job, suspend=suspend))
                await self._queue.add(name)
                _log.info("Kubernetes Job %s", "suspended" if suspend else "resumed")

    async def _on_videojob(self, name: str, action: PatchStatus | DeleteVideoJob | AdoptClaim) -> None:
        match action:
            case PatchStatus(status):
                try:
                    self._store.see_videojob(await self._cluster.patch_videojob_status(name, status))
                except NotFound:
                    self._store.drop_videojob(name)
                    await self._queue.add(name)
                    return
                if status.get("completionTime"):
                    self._on_movement()
                    _log.info("finished", extra={"phase": status.get("phase"), "reason": status.get("reason")})
            case DeleteVideoJob(uid):
                await self._cluster.delete_videojob(name, uid=uid)
                _log.info("VideoJob deleted: its time after the end is over")
            case AdoptClaim(token, version):
                await self._annotate(name, token, version=version)

    async def _on_row(self, name: str, job_id: UUID, action: ClaimRow | NextAttempt | CompleteRow | FailRow) -> None:
        match action:
            case ClaimRow(row):
                claim = Claim(
                    claim=str(uuid4()),
                    by=self._config.installation,
                    attempt=(row.claim.attempt if row.claim else 0) + 1,
                )
                if await self._jobs.claim(row, claim, from_status=row.status or "") is None:
                    raise Overtaken
                self._metrics.claimed(row.status or "")
                await self._annotate(name, claim.claim)
                self._on_movement()
            case NextAttempt(row, claim):
                if not await self._jobs.succeed(row, claim):
                    raise Overtaken
                self._metrics.attempt_ended(str(claim.reason))
                _log.info(
                    "another attempt follows",
                    extra={"reason": claim.reason, "failures": claim.failures, "waits": claim.waits},
                )
            case CompleteRow(token):
                if not await self._jobs.complete(job_id, token):
                    raise Overtaken
                self._metrics.repaired("RowNotCompleted")
            case FailRow(token, sentence, must):
                told = await self._jobs.fail(job_id, token, sentence)
                _log.info("row set to error" if told else "row left alone: it is held no longer")
                if must and not told:
                    raise Overtaken

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
