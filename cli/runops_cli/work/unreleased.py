"""Remembers rows that could not be put back into the queue, and puts them back before the next claim."""

from dataclasses import dataclass, field
from uuid import UUID

from runops.supabase.connection import Supabase
from runops_cli.terminal.console import to_stderr

__all__ = ["Unreleased"]


@dataclass(slots=True)
class Unreleased:
    """Rows that this process holds and does not work on.

    Parameters
    ----------
    supabase
        The project.
    """

    supabase: Supabase
    _tokens: dict[UUID, str] = field(default_factory=dict)

    def add(self, job_id: UUID, token: str) -> None:
        """Remember a row."""
        self._tokens[job_id] = token

    async def release(self) -> None:
        """Put the rows back.

        Raises
        ------
        SupabaseError
            The table cannot be written yet.
        """
        for job_id, token in list(self._tokens.items()):
            released = await self.supabase.jobs.release(job_id, token)
            del self._tokens[job_id]
            if released:
                to_stderr(f"{job_id}  is back in the queue.")
