"""The interface between the loop and the code that runs a video."""

from typing import Protocol

from runops.job_row import Claim, JobRow
from runops.progress import Stage

__all__ = ["NotReady", "VideoRunner"]


class NotReady(Exception):  # noqa: N818 - says what is the case
    """No video can be run at the moment, so none should be claimed; the message says why and what to do."""


class VideoRunner(Protocol):
    """Runs videos."""

    @property
    def stage(self) -> Stage | None:
        """The last stage that the present or last run reached; None where it reached none."""
        ...

    async def ready(self) -> None:
        """Check that a video could be run.

        Raises
        ------
        NotReady
            It could not.
        """
        ...

    async def run(self, row: JobRow, claim: Claim) -> None:
        """Run a claimed row until it is completed.

        Raises
        ------
        Failed, SupabaseError
            It could not be completed.
        """
        ...
