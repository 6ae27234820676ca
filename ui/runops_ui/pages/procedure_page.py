"""The procedure of one video, as the page that `runops sop --html` writes, and the pictures on it."""

import contextlib
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from runops.object_names import evidence_object
from runops.procedure import Procedure, build
from runops.procedure.html_page import PictureAddress, html_page, linked_pictures_policy
from runops.procedure.picture_svg import SVG_POLICY, picture_svg, sentence_svg
from runops.sop_as_stored import sop_as_stored
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.videojob import Source
from runops_ui.pages.drawing import Drawing
from runops_ui.pictures.gallery import Album, Gallery
from runops_ui.pictures.taker import Taken

__all__ = ["ProcedurePage"]

_BUCKET = Source().bucket
_FAILS_AT_ONCE: Final = 0.5
"""So long the page waits: where there is nothing to take pictures from, it can say so itself."""
_WAITED_FOR: Final = 60.0
"""A browser asks for six pictures at once, and for nothing else of this server meanwhile."""
_NOT_YET: Final = "The picture is still being taken. Load the page again."
_NONE: Final = "There is no picture of this moment."
_CHANGED: Final = "The procedure was changed. Load the page again."


class ProcedurePage:
    """The procedure of a video.

    Parameters
    ----------
    supabase, drawing
        What it is read from, and what draws the sentence where there is none.
    gallery
        The pictures.
    """

    def __init__(self, supabase: Supabase, drawing: Drawing, gallery: Gallery) -> None:
        self._supabase, self._drawing, self._gallery = supabase, drawing, gallery

    async def show(self, request: web.Request) -> web.Response:
        """Answer with the page. Its pictures have addresses of their own, so that it does not wait for them."""
        job_id = UUID(request.match_info["job"])
        procedure = await self._procedure(job_id)
        if procedure is None:
            sentence = f"The job {job_id} has no SOP with steps."
            return self._drawing.message(request, "No procedure", sentence, status=404)
        addresses: dict[str, PictureAddress] = {}
        if procedure.moments:
            album = self._gallery.album(job_id, procedure.moments)
            taken = await album.taken(_FAILS_AT_ONCE)
            addresses = _addresses(job_id, procedure, album, taken)
            if taken is not None and taken.problem is not None:
                procedure = replace(procedure, notes=(*procedure.notes, taken.problem))
        # Nothing in it can run, whatever a recording put there. Without an origin it could not ask for its pictures.
        policy = f"sandbox allow-popups allow-same-origin; frame-ancestors 'none'; {linked_pictures_policy()}"
        return web.Response(
            text=html_page(procedure, addresses=addresses, icon="/static/icon.svg"),
            content_type="text/html",
            headers={"Content-Security-Policy": policy},
        )

    async def picture(self, request: web.Request) -> web.Response:
        """Answer with one picture, or with a drawn sentence where there is none."""
        job_id, version = UUID(request.match_info["job"]), request.match_info["version"]
        album = self._gallery.known(job_id, version) or await self._begun(job_id, version)
        if album is None:
            return _svg(sentence_svg(_CHANGED), status=404)
        taken = await album.taken(_WAITED_FOR)
        if taken is None:
            return _svg(sentence_svg(_NOT_YET), status=503)
        picture = taken.pictures.get(request.match_info["key"])
        if picture is None:
            return _svg(sentence_svg(taken.problem or _NONE), status=404)
        return _svg(picture_svg(picture, whole=request.match_info["part"] == "whole"))

    async def _begun(self, job_id: UUID, version: str) -> Album | None:
        """Return an album that is not kept any more, taken again; None where it would be another one by now."""
        procedure = await self._procedure(job_id)
        album = self._gallery.album(job_id, procedure.moments) if procedure is not None and procedure.moments else None
        return album if album is not None and album.version == version else None

    async def _procedure(self, job_id: UUID) -> Procedure | None:
        data = await self._supabase.results.read_sop(job_id)
        sop = None if data is None else sop_as_stored(data)
        if sop is None:
            return None
        transcript = await self._supabase.results.read_transcript(job_id)
        return build(sop, transcript, await self._evidence(job_id), job_id=job_id)

    async def _evidence(self, job_id: UUID) -> dict[str, Any] | None:
        """Return the evidence; None where it cannot be read: the page says that it is missing."""
        with contextlib.suppress(SupabaseError):
            found = await self._supabase.storage.read_json(_BUCKET, evidence_object(job_id))
            return found if isinstance(found, dict) else None
        return None


def _addresses(job_id: UUID, procedure: Procedure, album: Album, taken: Taken | None) -> dict[str, PictureAddress]:
    """Return the addresses of all pictures that are there or may come."""
    base = f"/jobs/{job_id}/procedure/pictures/{album.version}"
    return {
        moment.key: PictureAddress(part=f"{base}/{moment.key}-part.svg", whole=f"{base}/{moment.key}-whole.svg")
        for moment in procedure.moments
        if taken is None or moment.key in taken.pictures
    }


def _svg(text: str, *, status: int = 200) -> web.Response:
    return web.Response(
        text=text, status=status, content_type="image/svg+xml", headers={"Content-Security-Policy": SVG_POLICY}
    )
