"""The page as an aiohttp application."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from importlib import resources

from aiohttp import web
from aiohttp.typedefs import Handler

from runops.supabase.connection import Supabase
from runops.videojob import UUID_PATTERN
from runops_ui.actions.previews import Previews
from runops_ui.actions.run import Runs
from runops_ui.cluster.snapshot import ClusterReader
from runops_ui.guard import Guard, add_headers
from runops_ui.live.feed import Feed
from runops_ui.live.stream import Live
from runops_ui.pages.action_pages import ActionPages
from runops_ui.pages.answers import Answers
from runops_ui.pages.drawing import Drawing
from runops_ui.pages.failures_page import FailuresPage
from runops_ui.pages.job_page import JobPage
from runops_ui.pages.job_reader import JobReader
from runops_ui.pages.login_page import LoginPage
from runops_ui.pages.procedure_page import ProcedurePage
from runops_ui.pages.query import joined
from runops_ui.pages.queue_page import QueuePage
from runops_ui.pictures.gallery import Gallery
from runops_ui.pictures.taker import PictureTaker
from runops_ui.security.sessions import Sessions
from runops_ui.settings import UiSettings

__all__ = ["make_app", "serve"]

_LARGEST_FORM = 64 * 1024
_TYPES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_JOB = UUID_PATTERN.removeprefix("^").removesuffix("$")
_PICTURE = "{version:[0-9a-f]{16}}/{key:t[0-9]{1,6}}-{part:part|whole}.svg"
_STOP_SECONDS = 5.0


def make_app(
    settings: UiSettings,
    supabase: Supabase,
    cluster: ClusterReader,
    *,
    taker: PictureTaker | None = None,
    clock: Callable[[], float] = time.time,
) -> web.Application:
    """Return the application. Its clean-up ends what it started, and closes neither project nor cluster.

    Parameters
    ----------
    settings
        How it is served.
    supabase
        The project.
    cluster
        What a cluster adds.
    taker
        Takes pictures from videos; None for those that are in storage only.
    clock
        Seconds since 1970.
    """
    sessions = Sessions(settings.token)
    drawing = Drawing(settings, sessions)
    reader = JobReader(supabase, cluster, drawing, now=lambda: datetime.fromtimestamp(clock(), UTC))
    feed = Feed(reader.newest_changes, reader.describe, reader.figures_event, now=reader.now)
    runs = Runs(supabase, cluster.access)
    live = Live(feed, joined)
    gallery = Gallery(supabase, taker, clock=clock)
    procedure = ProcedurePage(supabase, drawing, gallery)
    app = web.Application(
        middlewares=[Guard(settings, sessions, drawing, clock).middleware()], client_max_size=_LARGEST_FORM
    )
    app.on_response_prepare.append(add_headers)
    route = app.router
    route.add_get("/healthz", _well)
    route.add_get("/readyz", _well)
    route.add_get("/", QueuePage(reader, drawing, feed).show)
    route.add_get(f"/jobs/{{job:{_JOB}}}", JobPage(reader, drawing, feed).show)
    route.add_get(f"/jobs/{{job:{_JOB}}}/procedure", procedure.show)
    route.add_get(f"/jobs/{{job:{_JOB}}}/procedure/pictures/{_PICTURE}", procedure.picture)
    route.add_get("/failures", FailuresPage(reader, drawing, feed).show)
    route.add_get("/events", live.stream)
    route.add_get("/changes", live.changes)
    for name, kind in _TYPES.items():
        route.add_get(f"/static/{name}", _file(name, kind))
    if settings.token is not None:
        login = LoginPage(settings.token, settings.port, sessions, drawing, clock, proxies=settings.trusted_proxies)
        route.add_get("/login", login.show)
        route.add_post("/login", login.enter)
        route.add_post("/logout", login.leave)
    if settings.allow_actions:
        actions = ActionPages(reader, drawing, Previews(clock), runs)
        route.add_get("/actions/{action:retry|cancel|pause|resume}", actions.preview)
        route.add_post("/actions", actions.begin)
        route.add_post(f"/jobs/{{job:{_JOB}}}/answers", Answers(supabase, drawing).take)
        route.add_get("/actions/runs/{run:[0-9a-f]{12}}", actions.outcome)

    async def ended(_: web.Application) -> AsyncIterator[None]:
        yield
        await runs.aclose()
        await gallery.aclose()
        await feed.aclose()
        await reader.aclose()
        await cluster.aclose()

    app.cleanup_ctx.append(ended)
    return app


async def serve(
    settings: UiSettings,
    supabase: Supabase,
    cluster: ClusterReader,
    *,
    taker: PictureTaker | None = None,
    ready: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    """Serve the page until it is told to stop.

    Parameters
    ----------
    settings, supabase, cluster, taker
        As for `make_app`.
    ready
        Called with the address once it answers.
    stop
        Ends it.

    Raises
    ------
    OSError
        It cannot listen there.
    """
    runner = web.AppRunner(
        make_app(settings, supabase, cluster, taker=taker),
        access_log=None,
        shutdown_timeout=_STOP_SECONDS,
        handle_signals=False,
    )
    await runner.setup()
    try:
        # asyncio binds `::` for IPv6 alone; without a host it takes whichever families the machine has.
        everywhere = settings.host == "::"
        await web.TCPSite(runner, None if everywhere else settings.host, settings.port).start()
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        ready(f"http://{host}:{settings.port}/")
        await stop.wait()
    finally:
        await runner.cleanup()


async def _well(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


def _file(name: str, kind: str) -> Handler:
    content = resources.files("runops_ui").joinpath("static", name).read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'

    async def give(request: web.Request) -> web.Response:
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=headers)

    return give
