"""What stands before every page: the name it was asked under, the session, and whose form it is."""

import logging
from collections.abc import Callable
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from runops.supabase.errors import SupabaseError
from runops_ui.pages.drawing import SESSION, Drawing
from runops_ui.pages.login_page import cookie_name, give_cookie
from runops_ui.security.headers import HEADERS
from runops_ui.security.hosts import is_own_host, same_site
from runops_ui.security.sessions import Sessions, same_text
from runops_ui.settings import UiSettings

__all__ = ["Guard", "add_headers"]

_log = logging.getLogger(__name__)
_OPEN = frozenset({"/healthz", "/readyz"})
_STATIC = "/static/"
_LOGIN = "/login"
_DATA = frozenset({"/events", "/changes"})


class Guard:
    """Looks at each request before a page does.

    Parameters
    ----------
    settings
        How the page is served.
    sessions, drawing, clock
        What reads cookies, draws refusals, and tells seconds since 1970.
    """

    def __init__(self, settings: UiSettings, sessions: Sessions, drawing: Drawing, clock: Callable[[], float]) -> None:
        self._settings, self._sessions, self._drawing, self._clock = settings, sessions, drawing, clock

    def middleware(self) -> Middleware:
        """Return it as aiohttp takes it."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path in _OPEN:
                return await handler(request)
            if not is_own_host(request.headers.get("Host"), self._settings.hosts):
                return web.Response(status=421, text=f"{_WRONG_HOST}\n")
            if request.path.startswith(_STATIC):
                return await handler(request)
            return await self._with_session(request, handler)

        return guarded

    async def _with_session(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        session = self._sessions.read(request.cookies.get(cookie_name(self._settings.port)), self._clock())
        begun = session is None and not self._settings.needs_login
        if begun:
            session = self._sessions.begin(self._clock())
        if session is not None:
            request[SESSION] = session
        elif request.path != _LOGIN:
            return self._to_login(request)
        if request.method not in {"GET", "HEAD"} and (refused := await self._refused_form(request)) is not None:
            return self._drawing.message(request, "Nothing was changed", refused, status=403)
        answer = await self._answer(request, handler)
        if begun and session is not None and not answer.prepared:
            give_cookie(answer, request, self._settings.port, self._sessions, session)
        return answer

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except SupabaseError as error:
            _log.warning("a page could not be made: %s", error)
            return self._drawing.message(request, "The tables cannot be read", error.message, status=503)
        except web.HTTPNotFound:
            return self._drawing.message(request, "No such page", "There is nothing at this address.", status=404)

    def _to_login(self, request: web.Request) -> web.StreamResponse:
        if request.method not in {"GET", "HEAD"} or request.path in _DATA:
            return web.Response(status=401, text="Log in first.\n")
        following = {} if request.path_qs == "/" else {"next": request.path_qs}
        return web.Response(
            status=303, headers={"Location": f"{_LOGIN}?{urlencode(following)}" if following else _LOGIN}
        )

    async def _refused_form(self, request: web.Request) -> str | None:
        """Return why a form is not taken: another site may have sent it."""
        origin, host = request.headers.get("Origin"), request.headers.get("Host")
        if origin is None:
            if request.headers.get("Sec-Fetch-Site") != "same-origin":
                return "The browser does not say which page sent this form."
        elif not same_site(origin, host):
            return "Another site sent this form."
        if request.path == _LOGIN:
            return None
        session = request.get(SESSION)
        given = str((await request.post()).get("form_token", ""))
        if session is None or not same_text(given, self._sessions.form_token(session)):
            return "The form is of another session, or the page's program was started again. Load the page once more."
        return None


_WRONG_HOST = (
    "This page does not answer under this name. Name it at the start: "
    "runops ui --allow-host NAME, or the value ui.hosts of the chart."
)


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add what the browser has to refuse; a page that says it itself keeps its own."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)
