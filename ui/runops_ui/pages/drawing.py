"""Draws pages by their templates. Everything that is put into one is escaped."""

from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from runops_ui.security.sessions import Session, Sessions
from runops_ui.settings import UiSettings

__all__ = ["SESSION", "Drawing", "session_of"]

SESSION = web.RequestKey("session", Session)


class Drawing:
    """The templates.

    Parameters
    ----------
    settings
        How the page is served.
    sessions
        Makes the tokens of forms.
    """

    def __init__(self, settings: UiSettings, sessions: Sessions) -> None:
        self._settings, self._sessions = settings, sessions
        self._templates = Environment(
            loader=PackageLoader("runops_ui"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return a whole page."""
        session = request.get(SESSION)
        common = {
            "allow_actions": self._settings.allow_actions,
            "form_token": None if session is None else self._sessions.form_token(session),
            "may_leave": self._settings.needs_login and session is not None,
            "at": request.path,
        }
        text = self._templates.get_template(template).render(**common, **values)
        return web.Response(text=text, status=status, content_type="text/html")

    def part(self, template: str, **values: Any) -> str:
        """Return a part of a page."""
        return self._templates.get_template(template).render(allow_actions=self._settings.allow_actions, **values)

    def message(self, request: web.Request, title: str, sentence: str, *, status: int) -> web.Response:
        """Return a page with one sentence."""
        return self.page(request, "message.html", status=status, title=title, sentence=sentence)


def session_of(request: web.Request) -> Session:
    """Return the session that the guard found or began."""
    return request[SESSION]
