"""The project of a command: it says on standard error that Supabase does not answer, while it is asked again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from runops.environment import Environment
from runops.retrying import Attempts, Judge, RetryPolicy
from runops.supabase.connection import Supabase
from runops_cli.terminal.console import to_stderr

__all__ = ["SilenceNotice", "host_of", "open_project"]

_SILENT_SECONDS = 2.0


def open_project(environment: Environment) -> Supabase:
    """Return the project that the settings name."""
    url = environment.supabase_url
    notice = SilenceNotice(host_of(url), answered=lambda: supabase.clock_skew_seconds is not None)
    supabase = Supabase(url, environment.supabase_key, retries=notice.retries())
    return supabase


def host_of(url: str) -> str:
    """Return host and port of an address, without the rest of it."""
    return urlsplit(url).netloc.rpartition("@")[2]


class SilenceNotice:
    """Says once that a project is not available, after it was so for two seconds.

    Parameters
    ----------
    host
        Of the project.
    answered
        Whether any answer has come from it.
    say
        Shows a line.
    """

    def __init__(self, host: str, *, answered: Callable[[], bool], say: Callable[[str], None] = to_stderr) -> None:
        self._host = host
        self._answered = answered
        self._say = say
        self._said = False
        self._first_request: asyncio.TimerHandle | None = None
        self._first_failure: float | None = None

    def retries(self) -> RetryPolicy:
        """Return how requests are tried again: as always, and with this notice."""
        return _NoticedRetries(sleep=self._between_attempts, notice=self)

    def asked(self) -> None:
        """Take note of a request. The first one may be one that nothing answers."""
        if self._first_request is None:
            self._first_request = asyncio.get_running_loop().call_later(_SILENT_SECONDS, self._look)

    def _look(self) -> None:
        if not self._answered():
            self._tell()

    async def _between_attempts(self, seconds: float) -> None:
        now = asyncio.get_running_loop().time()
        if self._first_failure is None:
            self._first_failure = now
        left = max(0.0, self._first_failure + _SILENT_SECONDS - now)
        if left <= seconds:
            await asyncio.sleep(left)
            self._tell()
            seconds -= left
        await asyncio.sleep(seconds)

    def _tell(self) -> None:
        if not self._said:
            self._said = True
            self._say(f"{self._host} is not available yet, and is asked again. Ctrl-C stops.")


@dataclass(frozen=True, kw_only=True)
class _NoticedRetries(RetryPolicy):
    notice: SilenceNotice

    def begin(self, judge: Judge) -> Attempts:
        self.notice.asked()
        return super().begin(judge)
