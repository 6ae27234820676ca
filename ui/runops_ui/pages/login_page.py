"""Logging in with the token, and leaving."""

from collections.abc import Callable, Collection

from aiohttp import web

from runops_ui.pages.drawing import Drawing
from runops_ui.security.clients import Network, client_of
from runops_ui.security.sessions import Session, Sessions, same_text
from runops_ui.security.throttle import Throttle

__all__ = ["LoginPage", "cookie_name", "give_cookie"]


class LoginPage:
    """The form for the token.

    Parameters
    ----------
    token
        What is expected.
    port
        Of the page: browsers keep the cookies of all ports of a host together.
    sessions, drawing, clock
        What makes sessions, draws the form, and tells seconds since 1970.
    proxies
        Addresses of proxies whose `X-Forwarded-For` is believed.
    """

    def __init__(
        self,
        token: str,
        port: int,
        sessions: Sessions,
        drawing: Drawing,
        clock: Callable[[], float],
        *,
        proxies: Collection[Network] = (),
    ) -> None:
        self._token, self._port, self._sessions, self._drawing, self._clock = token, port, sessions, drawing, clock
        self._proxies = proxies
        self._throttle = Throttle()

    async def show(self, request: web.Request) -> web.Response:
        """Answer with the form."""
        return self._form(request, _local(request.query.get("next", "")), None, 200)

    async def enter(self, request: web.Request) -> web.Response:
        """Take the token."""
        form = await request.post()
        following = _local(str(form.get("next", "")))
        client = client_of(request.remote, request.headers.getall("X-Forwarded-For", []), self._proxies)
        if (seconds := self._throttle.wait_seconds(client, self._clock())) > 0:
            answer = self._form(request, following, f"Too many wrong tokens. Try again in {seconds:.0f} s.", 429)
            answer.headers["Retry-After"] = str(int(seconds) + 1)
            return answer
        if not same_text(str(form.get("token", "")).strip(), self._token):
            self._throttle.refused(client, self._clock())
            return self._form(request, following, "This is not the token.", 403)
        # On this answer, not on an exception's: the cookie is set on what is sent.
        answer = web.Response(status=303, headers={"Location": following})
        give_cookie(answer, request, self._port, self._sessions, self._sessions.begin(self._clock()))
        return answer

    async def leave(self, _: web.Request) -> web.Response:
        """End the session in this browser."""
        answer = web.Response(status=303, headers={"Location": "/login"})
        answer.del_cookie(cookie_name(self._port), path="/")
        return answer

    def _form(self, request: web.Request, following: str, wrong: str | None, status: int) -> web.Response:
        return self._drawing.page(request, "login.html", status=status, following=following, wrong=wrong)


def cookie_name(port: int) -> str:
    """Return the name of the cookie."""
    return f"runops_ui_{port}"


def give_cookie(
    answer: web.StreamResponse, request: web.Request, port: int, sessions: Sessions, session: Session
) -> None:
    """Put a session's cookie on an answer."""
    https = request.secure or request.headers.get("X-Forwarded-Proto", "").casefold() == "https"
    answer.set_cookie(
        cookie_name(port), sessions.cookie(session), path="/", httponly=True, samesite="Lax", secure=https
    )


def _local(path: str) -> str:
    """Return where to go after the login: a page of ours only."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\", "/login")) and path.isprintable()
    return path if ours else "/"
