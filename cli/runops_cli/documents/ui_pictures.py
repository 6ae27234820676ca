"""Pictures for the page of `runops ui`, by the same steps as those of `runops sop`."""

from collections.abc import Sequence
from uuid import UUID

from runops.procedure.model import Moment
from runops.supabase.connection import Supabase
from runops_cli.documents.job_video import take_job_pictures
from runops_cli.documents.picture_source import PictureSource
from runops_cli.documents.stored_procedure import StoredJob
from runops_cli.scratch_folders import scratch_folder
from runops_ui.pictures.taker import Taken

__all__ = ["VideoPictures"]

_MOST_RECORDING_BYTES = 64 * 1024**2
"""Somebody waits for the page. A larger recording takes minutes to download and read, its slim video seconds."""


class VideoPictures:
    """Takes pictures from the videos of a project, in folders that are removed afterwards."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def take(self, job_id: UUID, moments: Sequence[Moment]) -> Taken:
        """Return the pictures; what fails is told in `problem`."""
        problems: list[str] = []
        with scratch_folder(None) as folder:
            pictures = await take_job_pictures(
                StoredJob(self._supabase, job_id),
                moments,
                PictureSource.BEST,
                for_files=False,
                folder=folder,
                tell=_nobody,
                warn=problems.append,
                most_recording_bytes=_MOST_RECORDING_BYTES,
            )
        return Taken(pictures, " ".join(problems) or None)


def _nobody(_line: str) -> None:
    """Say nothing of downloads: the page is asked for by people who do not see this terminal."""
