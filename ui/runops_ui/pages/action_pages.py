"""Preview, yes, and the count for each outcome."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from aiohttp import web

from runops.job_filter import JobFilter
from runops.job_filter import Order as RowOrder
from runops.job_row import RowStatus
from runops.row_summary import RowSummary
from runops.supabase.job_pages import LARGEST_PAGE, Cursor
from runops_ui.actions.action import Action, preview
from runops_ui.actions.previews import Previews
from runops_ui.actions.run import Order, Runs
from runops_ui.pages.drawing import Drawing, session_of
from runops_ui.pages.job_reader import JobReader
from runops_ui.pages.query import chips, joined, url

__all__ = ["MOST_JOBS", "ActionPages"]

MOST_JOBS = 10_000
"""Of one order. More are done by the next one."""
_MOST_PAGES = 200


class ActionPages:
    """The pages of actions.

    Parameters
    ----------
    reader, drawing
        What reads and draws them.
    previews, runs
        What waits for a yes, and what is under way.
    """

    def __init__(self, reader: JobReader, drawing: Drawing, previews: Previews, runs: Runs) -> None:
        self._reader, self._drawing, self._previews, self._runs = reader, drawing, previews, runs

    async def preview(self, request: web.Request) -> web.Response:
        """Answer with what an action would do to one job, or to all that a filter takes."""
        action = Action(request.match_info["action"])
        query = joined(request.query.items())
        if action.needs_cluster and self._reader.cluster.access is None:
            sentence = "Pausing needs a cluster, and none is configured."
            return self._drawing.message(request, "No cluster", sentence, status=409)
        try:
            job_id = UUID(query["job"]) if "job" in query else None
            chosen = JobFilter.from_query(query)
        except ValueError as error:
            return self._drawing.message(request, "The filter cannot be read", str(error), status=400)
        rows, more = await self._one(job_id) if job_id is not None else await self._rows(chosen)
        completed_too = job_id is not None or RowStatus.COMPLETED.value in chosen.statuses
        videos = (await self._reader.cluster.snapshot()).videojobs
        effect = preview(action, rows, videos, completed_too=completed_too)
        order = Order(action, effect.rows[:MOST_JOBS])
        return self._drawing.page(
            request,
            "preview.html",
            action=action,
            effect=effect,
            number=len(order.rows),
            more=more,
            most=MOST_JOBS,
            order=self._previews.keep(order, session_of(request)) if order.rows else None,
            chips=chips(query, "/") if job_id is None else [],
            job_id=job_id,
            back=f"/jobs/{job_id}" if job_id is not None else url("/", _filter_only(query)),
        )

    async def begin(self, request: web.Request) -> web.Response:
        """Carry out what was previewed."""
        form = await request.post()
        order = self._previews.take(str(form.get("order", "")), session_of(request))
        if order is None:
            sentence = "It was carried out already, or its preview is too old. Go back and begin again."
            return self._drawing.message(request, "Nothing was changed", sentence, status=409)
        run = self._runs.start(replace(order, why=str(form.get("why", ""))))
        raise web.HTTPSeeOther(f"/actions/runs/{run.name}")

    async def outcome(self, request: web.Request) -> web.Response:
        """Answer with how far an order is."""
        run = self._runs.get(request.match_info["run"])
        if run is None:
            sentence = "The page's program was started again since, or many others followed. What was done stands."
            return self._drawing.message(request, "Not known any more", sentence, status=404)
        return self._drawing.page(request, "run.html", run=run, total=len(run.order.rows), action=run.order.action)

    async def _one(self, job_id: UUID) -> tuple[list[RowSummary], bool]:
        row = await self._reader.row(job_id)
        return ([] if row is None else [row]), False

    async def _rows(self, chosen: JobFilter) -> tuple[list[RowSummary], bool]:
        """Return the jobs that a filter takes, the oldest first, and whether there are more than an order may have."""
        facts = await self._reader.facts(chosen)
        rows: list[RowSummary] = []
        after: Cursor | None = None
        for _ in range(_MOST_PAGES):
            page = await self._reader.supabase.jobs.page(
                chosen, after=after, limit=LARGEST_PAGE, order=RowOrder.OLDEST, facts=facts
            )
            rows += page.rows
            after = page.next
            if after is None or len(rows) >= MOST_JOBS:
                break
        return rows[:MOST_JOBS], after is not None or len(rows) > MOST_JOBS


def _filter_only(query: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name not in {"after", "job"}}
