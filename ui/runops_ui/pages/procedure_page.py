"""The procedure of one video, as the page that `runops sop --html` writes."""

import contextlib
from typing import Any
from uuid import UUID

from aiohttp import web

from runops.object_names import evidence_object
from runops.procedure import build
from runops.procedure.html_page import content_security_policy, html_page
from runops.sop_as_stored import sop_as_stored
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.videojob import Source
from runops_ui.pages.drawing import Drawing

__all__ = ["ProcedurePage"]

_BUCKET = Source().bucket


class ProcedurePage:
    """The procedure of a video.

    Parameters
    ----------
    supabase, drawing
        What it is read from, and what draws the sentence where there is none.
    """

    def __init__(self, supabase: Supabase, drawing: Drawing) -> None:
        self._supabase, self._drawing = supabase, drawing

    async def show(self, request: web.Request) -> web.Response:
        """Answer with the page. It has no pictures: those are cut from the recording by `runops sop --html`."""
        job_id = UUID(request.match_info["job"])
        data = await self._supabase.results.read_sop(job_id)
        sop = None if data is None else sop_as_stored(data)
        if sop is None:
            sentence = f"The job {job_id} has no SOP with steps."
            return self._drawing.message(request, "No procedure", sentence, status=404)
        transcript = await self._supabase.results.read_transcript(job_id)
        text = html_page(build(sop, transcript, await self._evidence(job_id), job_id=job_id))
        # Nothing in it can run, and nothing in it is of our origin, whatever a recording put there.
        policy = f"sandbox allow-popups; frame-ancestors 'none'; {content_security_policy()}"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _evidence(self, job_id: UUID) -> dict[str, Any] | None:
        """Return the evidence; None where it cannot be read: the page says that it is missing."""
        with contextlib.suppress(SupabaseError):
            found = await self._supabase.storage.read_json(_BUCKET, evidence_object(job_id))
            return found if isinstance(found, dict) else None
        return None
