"""The people of a simulated world: they queue rows, cancel, queue again, delete, suspend, and make objects by hand."""

import random
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from runops.job_row import JobRow
from runops.videojob import videojob_name
from tests.simulation.operator_process import Site
from tests.simulation.promises.seen import ENDED, Seen
from tests.simulation.promises.videojobs import OTHERS
from tests.simulation.table import NOTE, MemoryDatabase, note_of
from tests.simulation.worker import Nature

__all__ = ["TTL_SECONDS", "People"]

TTL_SECONDS = 600
_MOST_ROWS = 9
_USERS = ("6f1d2c1e-3b0a-4d52-9c53-0b8f0f3a7d11", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
_INTERFERENCES = ("cancel", "again", "delete job", "videojob by hand", "job by hand", "metadata", "others")
_NATURES: Mapping[Nature, int] = {
    Nature.GOOD: 60,
    Nature.FAILS: 9,
    Nature.DAMAGED: 5,
    Nature.HANGS: 8,
    Nature.NEVER_STARTS: 5,
    Nature.JOB_REFUSED: 4,
    Nature.NO_USER: 4,
    Nature.WRITE_REFUSED: 4,
    Nature.UNDELETABLE: 3,
}


class People:
    """Everybody who is no program.

    Parameters
    ----------
    chance
        Decides what they do.
    database, sites
        Where they do it.
    natures
        Receives what is special about the video of each row.
    seen
        Receives what they did that changes what the operator promises.
    orderly
        Whether nobody deletes or suspends a VideoJob.
    """

    def __init__(
        self,
        chance: random.Random,
        database: MemoryDatabase,
        sites: list[Site],
        natures: dict[UUID, Nature],
        seen: Seen,
        *,
        orderly: bool,
    ) -> None:
        self._chance, self._database, self._sites = chance, database, sites
        self._natures, self._seen, self._orderly = natures, seen, orderly

    def add_row(self) -> None:
        """Queue a row of a video of some nature."""
        job_id = UUID(int=self._chance.getrandbits(128), version=4)
        natures = list(_NATURES)
        nature = self._chance.choices(natures, [_NATURES[nature] for nature in natures])[0]
        self._natures[job_id] = nature
        user = self._chance.choice((*_USERS, None))
        metadata: dict[str, Any] | None = {"user_id": user} if user is not None else None
        if nature is Nature.NO_USER:
            metadata = {"user_id": "somebody"}
        if self._draw(0.25):
            metadata = {**(metadata or {}), "backfill": True}
        self._database.insert(job_id, status="queued", metadata=metadata)
        for site in self._sites:
            if nature is Nature.JOB_REFUSED:
                site.cluster.refused.add(videojob_name(job_id))
            if nature is Nature.UNDELETABLE:
                site.cluster.finalizers.add(videojob_name(job_id))

    def queue_another(self, site: Site) -> None:  # noqa: ARG002 - as what else happens at a site
        """Queue a row, unless there are many."""
        if len(self._natures) < _MOST_ROWS:
            self.add_row()

    def interfere(self, site: Site) -> None:
        """Cancel, queue again, delete, suspend, or make something by hand, as people do."""
        self._seen.tally["a person interfered"] += 1
        cluster = site.cluster
        job_id = self._chance.choice(list(self._natures))
        name, row = videojob_name(job_id), self._database.rows[job_id]
        what = self._chance.choice(_INTERFERENCES)
        if not self._orderly:
            what = self._chance.choice((what, "delete videojob", "suspend"))
        if what == "cancel" and row.status == "processing":
            self._set(job_id, "cancelled")
        elif what == "again":
            self._set(job_id, "queued")
        elif what == "delete videojob" and name in cluster.videojobs:
            self._seen.slots_hold = False
            self._seen.deleted_by_hand.add(name)
            cluster.remove_videojob(name, uid=cluster.videojobs[name]["metadata"]["uid"])
        elif what == "delete job" and name in cluster.jobs:
            cluster.remove_job(name)
        elif what == "suspend" and name in cluster.videojobs:
            self._seen.slots_hold = False
            cluster.edit_videojob(name, suspend=not cluster.videojobs[name]["spec"].get("suspend"))
        elif what == "videojob by hand" and name not in cluster.videojobs and row.status in ENDED:
            self._make_videojob(site, name, job_id, row.raw_user)
        elif what == "job by hand" and name not in cluster.jobs:
            self._make_job(site, name)
        elif what == "metadata" and row.status == "processing" and row.claim is not None:
            self._write_over(row)
        elif what == "others":
            self._make_videojob_of_others(site)

    def _make_videojob(self, site: Site, name: str, job_id: UUID, user: Any) -> None:
        self._seen.by_hand.add(name)
        spec = {"jobId": str(job_id), **({"userId": user} if user is not None else {})}
        if self._draw(0.2):
            spec["retryLimit"] = "many"
        manifest = {"metadata": {"name": name}, "spec": {**spec, "ttlSecondsAfterFinished": TTL_SECONDS}}
        site.cluster._create("videojob", site.cluster.videojobs, manifest)

    def write_note(self, chance: random.Random) -> None:
        """Write one key of a row's metadata and nothing else, as an app does by `metadata || '{"note": 1}'`."""
        row = self._database.rows[chance.choice(list(self._natures))]
        self._database.update(row, {"metadata": {**(row.metadata or {}), NOTE: note_of(row) + 1}}, by="app")

    def _write_over(self, row: JobRow) -> None:
        """Write the metadata as an app read it before the claim."""
        assert row.claim is not None
        self._seen.overwritten[row.job_id] = row.claim.token
        metadata = {name: value for name, value in dict(row.metadata).items() if name != "runops"}
        self._database.update(row, {"metadata": {**metadata, "title": "mine"}, "updated_at": "now"}, by="app")

    def _make_videojob_of_others(self, site: Site) -> None:
        """Make a VideoJob of another installation that shares the namespace."""
        job_id = UUID(int=self._chance.getrandbits(128), version=4)
        annotations = {"runops.dev/by": OTHERS, "runops.dev/claim": str(job_id)}
        manifest = {
            "metadata": {"name": videojob_name(job_id), "annotations": annotations},
            "spec": {"jobId": str(job_id), "ttlSecondsAfterFinished": TTL_SECONDS},
        }
        site.cluster._create("videojob", site.cluster.videojobs, manifest)

    def _make_job(self, site: Site, name: str) -> None:
        """Make a Job of the same name that no VideoJob owns, such as one that a restored backup brings back."""
        owner = {"uid": "somebody-else", "controller": True, "kind": "VideoJob"}
        manifest = {"metadata": {"name": name, "ownerReferences": [owner], "annotations": {}}, "spec": {}}
        site.cluster._create("job", site.cluster.jobs, manifest)

    def _set(self, job_id: UUID, status: str) -> None:
        self._database.update(self._database.rows[job_id], {"status": status, "updated_at": "now"}, by="person")

    def _draw(self, likelihood: float) -> bool:
        return self._chance.random() < likelihood
