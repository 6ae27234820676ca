"""A consumer without claims, as the old worker was: it reads queued rows, sets one to processing, and works on it."""

import random
from uuid import UUID

from tests.simulation.table import MemoryTables


class Rival:
    """The consumer.

    Parameters
    ----------
    tables
        What it works on.
    conditional
        Whether it sets a row to processing only if that is still queued. One that does not writes over a claim that
        came between its read and its write. That takes less time than an operator waits before it looks at its claim
        again (`confirmSeconds`): `finish_writing` is called then. Where that look does not come, since the operator
        was killed or lost the answer to its claim just then, nothing can tell the two apart; `miss` spares the world
        this one case, which docs/decisions names.
    """

    def __init__(self, tables: MemoryTables, *, conditional: bool) -> None:
        self._tables = tables
        self._conditional = conditional
        self._read: UUID | None = None
        self._working: UUID | None = None

    def step(self, chance: random.Random) -> None:
        """Do the next thing."""
        if self._working is not None:
            self.finish_working()
        elif self._read is not None:
            self.finish_writing()
        else:
            queued = [row.job_id for row in self._tables.rows.values() if row.status == "queued"]
            self._read = chance.choice(queued) if queued else None

    def finish_writing(self) -> None:
        """Set the row to processing that was read before."""
        if self._read is None:
            return
        job_id, self._read = self._read, None
        row = self._tables.rows[job_id]
        if row.status == "queued" or (not self._conditional and row.status == "processing"):
            self._set(job_id, "processing")
            self._working = job_id

    def finish_working(self) -> None:
        """Write the results, unless there are any, and complete the row."""
        if self._working is None:
            return
        job_id, self._working = self._working, None
        if self._tables.rows[job_id].status == "processing":
            self._tables.transcripts[job_id] = max(1, self._tables.transcripts[job_id])
            self._tables.sops[job_id] = max(1, self._tables.sops[job_id])
            self._set(job_id, "completed")

    def miss(self) -> None:
        """Be too late with a write over a claim."""
        if not self._conditional:
            self._read = None

    def finish(self) -> None:
        """Come to an end."""
        self.finish_writing()
        self.finish_working()

    def _set(self, job_id: UUID, status: str) -> None:
        writer, self._tables.writer = self._tables.writer, "rival"
        self._tables.set(job_id, status=status)
        self._tables.writer = writer
