"""The interface between the loop and the code that runs a video."""

from typing import Protocol

from runops.job_row import Claim, JobRow

__all__ = ["NotReady", "VideoRunner"]


class NotReady(Exception):  # noqa: N818 - says what is the case
    """No video can be run at the moment, so none should be claimed; the message says why and what to do."""


class VideoRunner(Protocol):
    """Runs videos."""

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
