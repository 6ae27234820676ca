"""What the page needs of a program that takes pictures from a video."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from runops.procedure.model import Moment
from runops.procedure.picture import Picture

__all__ = ["PictureTaker", "Taken"]


@dataclass(frozen=True, slots=True)
class Taken:
    """Pictures by the keys of their moments, and why some or all are missing; None where nothing is to be said."""

    pictures: Mapping[str, Picture] = field(default_factory=dict)
    problem: str | None = None


class PictureTaker(Protocol):
    """Takes pictures from a job's video. The command line has one where it can run ffmpeg; a pod has none."""

    async def take(self, job_id: UUID, moments: Sequence[Moment]) -> Taken:
        """Return the pictures; what fails is told in `problem`.

        Raises
        ------
        SupabaseError
            Storage did not answer.
        """
        ...
