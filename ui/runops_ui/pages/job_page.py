"""The page of one video: where it is, what happened, what it cost, and what came out."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from runops.job_story.known_job import KnownJob
from runops.job_story.results import JobResults
from runops.job_story.story import JobStory
from runops.sop_as_stored import sop_as_stored
from runops.sop_text import sop_text
from runops.supabase.errors import SupabaseError
from runops.supabase.job_results import read_results
from runops.supabase.sop_questions import OpenQuestion, read_questions
from runops.videojob import JOB_ID_LABEL, videojob_name
from runops_ui.cluster.access import ClusterUnavailable, core_path
from runops_ui.live.feed import Feed
from runops_ui.pages.drawing import Drawing
from runops_ui.pages.job_reader import JobReader
from runops_ui.shown.moments import span
from runops_ui.shown.pods import pods_of
from runops_ui.shown.story_view import lines_of, size_of

__all__ = ["JobPage"]

_log = logging.getLogger(__name__)
_MOST_PODS = 5
_RESULTS_SECONDS = 5.0
_MOST_EVENTS = "200"


class JobPage:
    """One video.

    Parameters
    ----------
    reader, drawing, feed
        What reads, draws and follows it.
    """

    def __init__(self, reader: JobReader, drawing: Drawing, feed: Feed) -> None:
        self._reader, self._drawing, self._feed = reader, drawing, feed

    async def show(self, request: web.Request) -> web.Response:
        """Answer with the page of a video."""
        job_id = UUID(request.match_info["job"])
        await self._feed.look()
        last_event = self._feed.log.last_id
        row = await self._reader.row(job_id)
        if row is None:
            return self._drawing.message(request, "No such job", f"The table jobs has no row {job_id}.", status=404)
        (view,) = await self._reader.views([row])
        snapshot = self._reader.cluster.last
        video = snapshot.videojobs.get(job_id)
        pods, events, trouble = await self._of_cluster(job_id)
        now = self._reader.now()
        known = KnownJob(row, video, title=view.title)
        story = JobStory(known, now, await self._results(known), tuple(events))
        return self._drawing.page(
            request,
            "job.html",
            job=view,
            row=row,
            video=video,
            story=story,
            lines=lines_of(story),
            length=None if story.length is None else span(story.length),
            made=[(one, size_of(one)) for one in story.results.made],
            pods=pods_of(pods, now=now),
            has_cluster=self._reader.cluster.access is not None,
            cluster_trouble=trouble or snapshot.trouble,
            outline=await self._outline(job_id),
            questions=await self._questions(job_id),
            fresh=self._feed.freshness,
            last_event=last_event,
        )

    async def _of_cluster(self, job_id: UUID) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]], str | None]:
        """Return the pods and the events of a job, and why they are not known."""
        access = self._reader.cluster.access
        if access is None:
            return [], [], None
        try:
            namespace = await access.namespace()
            selector = urlencode({"labelSelector": f"{JOB_ID_LABEL}={job_id}"})
            found = await access.get(f"{core_path(namespace, 'pods')}?{selector}") or {}
            pods: list[Mapping[str, Any]] = list(found.get("items") or [])
            names = [videojob_name(job_id)]
            names += [str((pod.get("metadata") or {}).get("name") or "") for pod in pods[-_MOST_PODS:]]
            events: list[Mapping[str, Any]] = []
            for name in filter(None, names):
                about = urlencode({"fieldSelector": f"involvedObject.name={name}", "limit": _MOST_EVENTS})
                events += (await access.get(f"{core_path(namespace, 'events')}?{about}") or {}).get("items") or []
        except ClusterUnavailable as error:
            return [], [], str(error)
        return pods, events, None

    async def _results(self, known: KnownJob) -> JobResults:
        """Return what came of a job; a storage that does not answer does not keep the page."""
        try:
            async with asyncio.timeout(_RESULTS_SECONDS):
                return await read_results(
                    self._reader.supabase, known.row.job_id, with_checkpoint=known.needs_checkpoint
                )
        except TimeoutError:
            return JobResults(troubles=("Storage did not answer in time. Load the page once more.",))

    async def _questions(self, job_id: UUID) -> Sequence[OpenQuestion]:
        """Return the questions of the SOP that are not answered; none where they cannot be read."""
        with contextlib.suppress(SupabaseError):
            questions = await read_questions(self._reader.supabase, job_id)
            return () if questions is None else questions.left
        return ()

    async def _outline(self, job_id: UUID) -> str | None:
        """Return the SOP as text; None where there is none."""
        with contextlib.suppress(SupabaseError):
            data = await self._reader.supabase.results.read_sop(job_id)
            sop = None if data is None else sop_as_stored(data)
            return None if sop is None else sop_text(sop)
        return None
