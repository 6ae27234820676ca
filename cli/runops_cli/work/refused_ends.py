"""Remembers rows that this process is done with and whose end the table refuses, and writes those ends again."""

from dataclasses import dataclass, field
from uuid import UUID

from runops.job_row import JobRow
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import to_stderr

__all__ = ["RefusedEnds"]


@dataclass(frozen=True, slots=True)
class _End:
    token: str
    sentence: str


@dataclass(slots=True)
class RefusedEnds:
    """Ends that a constraint or a trigger of the table refused.

    Such a row stays in `processing`. Claimed again it would be worked on again, so it is passed over.

    Parameters
    ----------
    supabase
        The project.
    """

    supabase: Supabase
    _ends: dict[UUID, _End] = field(default_factory=dict, init=False)

    def add(self, job_id: UUID, token: str, sentence: str) -> None:
        """Remember the end of a row that is held under a token."""
        self._ends[job_id] = _End(token, sentence)

    def keeps(self, row: JobRow) -> bool:
        """Whether a row, as just read, is still as this process left it."""
        end = self._ends.get(row.job_id)
        return end is not None and row.is_held_by(end.token)

    async def write_again(self) -> None:
        """Write each end once more; those that the table takes now, and those of rows in other hands, are forgotten.

        Raises
        ------
        SupabaseError
            The table cannot be written at all.
        """
        for job_id, end in list(self._ends.items()):
            try:
                written = await self.supabase.jobs.fail(job_id, end.token, end.sentence)
            except SupabaseError as error:
                if not error.refuses_row:
                    raise
                continue
            del self._ends[job_id]
            if written:
                to_stderr(f"{job_id}  error: {end.sentence}", style="red")
