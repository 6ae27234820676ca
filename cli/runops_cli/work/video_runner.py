"""What the loop wants of whatever works on a video."""

from typing import Protocol

from runops.job_row import Claim, JobRow

__all__ = ["NotReady", "VideoRunner"]


class NotReady(Exception):  # noqa: N818 - says what is the case
    """No video can be worked on now, and claiming one would only spoil it; the message says why."""


class VideoRunner(Protocol):
    """Works on videos."""

    async def ready(self) -> None:
        """Make sure that a video could be worked on.

        Raises
        ------
        NotReady
            It could not.
        """
        ...

    async def work_on(self, row: JobRow, claim: Claim) -> None:
        """Work on a claimed row until it is completed.

        Raises
        ------
        Failed, SupabaseError
            It could not be completed.
        """
        ...
