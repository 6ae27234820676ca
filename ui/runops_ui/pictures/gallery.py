"""Takes the pictures of one procedure at a time, and keeps those that were looked at last."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from runops.failures import Failed
from runops.procedure.model import Moment
from runops.procedure.stored_pictures import pictures_version
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_ui.pictures.stored_page import stored_pictures
from runops_ui.pictures.taker import PictureTaker, Taken

__all__ = ["Album", "Gallery"]

_log = logging.getLogger(__name__)
_SECONDS: Final = 300.0
"""For the pictures of one procedure. Two hours of video take one or two minutes."""
_MOST_WAITING: Final = 8
_MOST_BYTES: Final = 48_000_000
"""Of all that is kept. The page of ten minutes has 2 MB of pictures."""
_TRIED_AGAIN_AFTER: Final = 60.0
_CURRENT_FOR: Final = 30.0
"""So long after the procedure was read its pictures are shown. Meanwhile an edit may say that one shows a secret."""
_NOT_HERE: Final = (
    "There are no pictures: this server takes none from videos, and no page with pictures of these steps is in "
    "storage. With the chart's value worker.page workers write one; `runops sop JOB --html FILE` takes pictures, too."
)
_PARTLY: Final = (
    "Some pictures are missing: the page in storage was written before the procedure was changed, and this server "
    "takes no pictures from videos."
)
_BUSY: Final = "There are no pictures yet: those of other procedures are being taken. Load the page again in a minute."
_TOO_LONG: Final = f"There are no pictures: taking them was given up after {_SECONDS:.0f} s."


@dataclass(slots=True)
class Album:
    """The pictures of a procedure at one time.

    Attributes
    ----------
    version
        Changes with the moments, and with what must not be seen on their pictures.
    work
        Takes them.
    read_at
        On the gallery's clock: when the procedure was last read and had these moments.
    tried_again_at
        On the gallery's clock: from then on a failure is tried again. None before there is one.
    """

    version: str
    work: asyncio.Task[Taken]
    read_at: float
    tried_again_at: float | None = None

    async def taken(self, seconds: float) -> Taken | None:
        """Return what was taken; None if that is not there within so many seconds."""
        await asyncio.wait([self.work], timeout=seconds)
        return self.work.result() if self.work.done() and not self.work.cancelled() else None


class Gallery:
    """Pictures of procedures.

    Parameters
    ----------
    supabase
        The project, whose storage may have a page with pictures.
    taker
        Takes pictures from videos; None where nothing does.
    clock
        Seconds, to try again what failed.
    """

    def __init__(self, supabase: Supabase, taker: PictureTaker | None, *, clock: Callable[[], float]) -> None:
        self._supabase, self._taker, self._clock = supabase, taker, clock
        self._albums: OrderedDict[tuple[UUID, str], Album] = OrderedDict()
        self._turn = asyncio.Semaphore(1)

    def album(self, job_id: UUID, moments: Sequence[Moment]) -> Album:
        """Return the album of these moments; it is begun where there is none."""
        version = pictures_version(moments)
        key = (job_id, version)
        album = self._albums.get(key)
        if album is None or (album.tried_again_at is not None and album.tried_again_at <= self._clock()):
            if sum(not one.work.done() for one in self._albums.values()) >= _MOST_WAITING:
                return Album(version, asyncio.create_task(_busy()), self._clock())
            album = Album(version, asyncio.create_task(self._take(job_id, moments)), self._clock())
            self._albums[key] = album
            album.work.add_done_callback(lambda _: self._note(album))
        album.read_at = self._clock()
        self._albums.move_to_end(key)
        return album

    def known(self, job_id: UUID, version: str) -> Album | None:
        """Return an album that was begun; None where it is not kept, or its procedure must be read again first."""
        album = self._albums.get((job_id, version))
        return album if album is not None and self._clock() - album.read_at <= _CURRENT_FOR else None

    async def aclose(self) -> None:
        """End what is being taken."""
        works = [album.work for album in self._albums.values()]
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        self._albums.clear()

    async def _take(self, job_id: UUID, moments: Sequence[Moment]) -> Taken:
        async with self._turn:
            try:
                async with asyncio.timeout(_SECONDS):
                    return await self._from_storage_or_video(job_id, moments)
            except TimeoutError:
                return Taken(problem=_TOO_LONG)
            except SupabaseError as error:
                return Taken(problem=f"There are no pictures: {error.message}")
            except Failed as error:
                return Taken(problem=f"There are no pictures: {error.detail}")
            except Exception:  # noqa: BLE001 - the log has it, and the page says so
                # Whatever it is: the procedure can be read without pictures.
                _log.exception("the pictures of a procedure could not be taken", extra={"job_id": str(job_id)})
                return Taken(problem="There are no pictures: an error of this program, which its log has.")

    async def _from_storage_or_video(self, job_id: UUID, moments: Sequence[Moment]) -> Taken:
        stored = await stored_pictures(self._supabase, job_id, moments)
        if len(stored) == len(moments):
            return Taken(stored)
        if self._taker is None:
            return Taken(stored, _PARTLY if stored else _NOT_HERE)
        taken = await self._taker.take(job_id, moments)
        return Taken({**stored, **taken.pictures}, taken.problem)

    def _note(self, album: Album) -> None:
        if album.work.cancelled():
            return
        taken = album.work.result()
        if taken.problem is not None and not taken.pictures:
            album.tried_again_at = self._clock() + _TRIED_AGAIN_AFTER
        total = 0
        for key, one in reversed(list(self._albums.items())):
            total += _bytes(one)
            # The newest stays, however large it is.
            if total > _MOST_BYTES and one is not album and one.work.done():
                del self._albums[key]


async def _busy() -> Taken:
    return Taken(problem=_BUSY)


def _bytes(album: Album) -> int:
    if not album.work.done() or album.work.cancelled():
        return 0
    return sum({picture.at: len(picture.data) for picture in album.work.result().pictures.values()}.values())
