"""Takes pictures out of the page that the worker stored, where the installation has it write one."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from runops.failures import Failed, Reason
from runops.object_names import page_object
from runops.procedure.model import Moment
from runops.procedure.picture import Picture
from runops.procedure.stored_pictures import pictures_in
from runops.supabase.connection import Supabase
from runops.videojob import Source

__all__ = ["stored_pictures"]

_BUCKET = Source().bucket
_MOST_BYTES = 40_000_000
"""A page of two hours has 34 MB. The pod's folder for such files has 64 MiB."""


async def stored_pictures(supabase: Supabase, job_id: UUID, moments: Sequence[Moment]) -> dict[str, Picture]:
    """Return those of these moments that the stored page has; none where there is no such page.

    Raises
    ------
    SupabaseError
        Storage did not answer.
    """
    key = page_object(job_id)
    found = await supabase.storage.stat(_BUCKET, key)
    if found is None or found.size > _MOST_BYTES:
        return {}
    with tempfile.TemporaryDirectory(prefix="runops-ui-") as folder:
        file = Path(folder) / "page.html"
        try:
            await supabase.storage.download(_BUCKET, key, file, max_bytes=_MOST_BYTES)
        except Failed as error:
            # It was removed or written again meanwhile.
            if error.reason not in {Reason.SOURCE_MISSING, Reason.SOURCE_EMPTY, Reason.MEDIA_TOO_LARGE}:
                raise
            return {}
        return await asyncio.to_thread(_read, file, moments)


def _read(file: Path, moments: Sequence[Moment]) -> dict[str, Picture]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return pictures_in(lines, moments)
