"""A consumer without claims, as the old worker was: it reads queued rows, sets one to processing, and works on it."""

import random
from collections.abc import Callable
from uuid import UUID

from runops.job_row import JobRow
from tests.simulation.table import MemoryDatabase

_LATE = 0.6
"""The share of its writes that come late, where some do."""


class Rival:
    """The consumer.

    Parameters
    ----------
    database
        What it works on.
    conditional
        Whether it sets a row to processing only if that is still queued. One that does not writes over a claim that
        came between its read and its write. That takes less time than an operator waits before it looks at its claim
        again (`confirmSeconds`): `finish_writing` is called then. Where that look does not come, since the operator
        was killed or lost the answer to its claim just then, nothing can tell the two apart; `miss` spares the world
        this one case, which docs/decisions names.
    late
        Draws whether a write over a claim comes later than that look; None where none does.
    """

    def __init__(self, database: MemoryDatabase, *, conditional: bool, late: random.Random | None = None) -> None:
        self._database = database
        self._conditional = conditional
        self._late = late
        self._delayed: UUID | None = None
        """A row that it has read, and writes to later."""
        self.on_late: Callable[[], None] = lambda: None
        """Called when it begins to work on a claimed row later than the operator looks."""
        self.on_overwrite: Callable[[JobRow], None] = lambda _: None
        """Receives each claimed row that it begins to work on all the same."""
        self._read: UUID | None = None
        self._working: UUID | None = None

    def step(self, chance: random.Random) -> None:
        """Do the next thing."""
        if self._working is not None:
            self.finish_working()
        elif self._delayed is not None:
            self._write_late()
        elif self._read is not None:
            self.finish_writing()
        else:
            queued = [row.job_id for row in self._database.rows.values() if row.status == "queued"]
            self._read = chance.choice(queued) if queued else None

    def had_read(self, job_id: UUID) -> None:
        """Have read a row that was queued until now, unless it is busy."""
        if self._read is None and self._working is None and self._delayed is None:
            self._read = job_id

    def finish_writing(self) -> None:
        """Set the row to processing that was read before, or put that off."""
        if self._read is None:
            return
        if self._late is not None and not self._conditional and self._late.random() < _LATE:
            self._delayed, self._read = self._read, None
            return
        job_id, self._read = self._read, None
        row = self._database.rows[job_id]
        if row.status == "queued" or (not self._conditional and row.status == "processing"):
            if row.claim is not None and row.status == "processing":
                self.on_overwrite(row)
            self._set(job_id, "processing")
            self._working = job_id

    def _write_late(self) -> None:
        job_id, self._delayed = self._delayed, None
        assert job_id is not None
        row = self._database.rows[job_id]
        if row.status == "processing":
            if row.claim is not None:
                self.on_late()
            self._set(job_id, "processing")
            self._working = job_id

    def finish_working(self) -> None:
        """Write the results, unless there are any, and complete the row."""
        if self._working is None:
            return
        job_id, self._working = self._working, None
        if self._database.rows[job_id].status == "processing":
            self._database.transcripts[job_id] = max(1, self._database.transcripts[job_id])
            self._database.sops[job_id] = max(1, self._database.sops[job_id])
            self._set(job_id, "completed")

    def miss(self) -> None:
        """Be too late with a write over a claim."""
        if not self._conditional:
            self._read = None

    def finish(self) -> None:
        """Come to an end."""
        self.finish_writing()
        if self._delayed is not None:
            self._write_late()
        self.finish_working()

    def _set(self, job_id: UUID, status: str) -> None:
        row = self._database.rows[job_id]
        self._database.update(row, {"status": status, "updated_at": "now"}, by="rival")
