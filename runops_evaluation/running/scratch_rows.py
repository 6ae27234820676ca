"""A row and its objects in the project that a recording is worked on in: put there, and removed again."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from runops.job_row import Claim
from runops.object_names import evidence_object
from runops.supabase.connection import Supabase
from runops.supabase.stored_answers import remove_made_objects
from runops.videojob import Source as Bucket

__all__ = ["ScratchRow"]

_TABLES: Final = ("sops", "transcripts", "jobs")
"""In an order in which no row refers to one that is gone."""


@dataclass(frozen=True, slots=True)
class ScratchRow:
    """One recording in a project.

    Parameters
    ----------
    supabase
        The project.
    job_id
        Of the row. The same for each try, so that a later one finds the checkpoint of the former.
    """

    supabase: Supabase
    job_id: UUID

    @property
    def bucket(self) -> str:
        """Where objects are."""
        return Bucket().bucket

    @property
    def recording_object(self) -> str:
        """Where the recording is put."""
        return f"raw/{self.job_id}.mp4"

    async def put(self, recording: Path, *, owner: UUID | None) -> str:
        """Upload the recording, add the row with a claim in it, and return the token of the claim.

        The row is never queued: an operator or `runops work` on the same project leaves it alone.

        Raises
        ------
        SupabaseError
            The project refused something, or could not be reached.
        """
        await self.remove_rows()
        await self.supabase.storage.upload(self.bucket, self.recording_object, recording, content_type="video/mp4")
        claim = Claim(claim=str(uuid4()), by=f"evaluation/{socket.gethostname()}"[:300])
        await self.supabase.jobs.insert(self.job_id, user_id=owner, claim=claim)
        return claim.claim

    async def evidence(self) -> object | None:
        """Return the object with the evidence; None where there is none."""
        return await self.supabase.storage.read_json(self.bucket, evidence_object(self.job_id))

    async def remove(self) -> None:
        """Remove rows and objects."""
        await self.remove_rows()
        await remove_made_objects(self.supabase.storage, self.bucket, self.job_id)
        await self.supabase.storage.remove(self.bucket, [self.recording_object])

    async def remove_rows(self) -> None:
        """Remove the rows; the objects stay, and with them the checkpoint."""
        for table in _TABLES:
            await self.supabase.rest.read(
                lambda query: query.delete().eq("job_id", str(self.job_id)),
                table=table,
                doing=f"removing {self.job_id} from the table {table}",
            )
