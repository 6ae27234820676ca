"""Sessions in a signed cookie, and the token that each form of a session carries. Pure but for random numbers."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

__all__ = ["LONGEST_SESSION_SECONDS", "Session", "Sessions", "same_text"]

LONGEST_SESSION_SECONDS = 12 * 3600
_PURPOSE = b"runops ui session 1"


@dataclass(frozen=True, slots=True)
class Session:
    """A visitor.

    Attributes
    ----------
    name
        Random; it says nothing of the visitor.
    ends_at
        Seconds since 1970.
    """

    name: str
    ends_at: int


class Sessions:
    """Makes and reads the cookies.

    Parameters
    ----------
    token
        The token that visitors log in with; its change ends all sessions. None where nobody logs in: then the key is
        random and ends with the process.
    """

    def __init__(self, token: str | None) -> None:
        secret = secrets.token_bytes(32) if token is None else token.encode()
        self._key = hmac.digest(secret, _PURPOSE, hashlib.sha256)

    def begin(self, now: float) -> Session:
        """Return a new session."""
        return Session(secrets.token_urlsafe(18), int(now) + LONGEST_SESSION_SECONDS)

    def cookie(self, session: Session) -> str:
        """Return the cookie of a session."""
        said = f"{session.name}.{session.ends_at}"
        return f"{said}.{self._mac('cookie', said)}"

    def read(self, cookie: str | None, now: float) -> Session | None:
        """Return the session of a cookie; None where it is not one of ours, or has ended."""
        said, _, mac = (cookie or "").rpartition(".")
        name, _, ends_at = said.rpartition(".")
        if not name or not same_text(mac, self._mac("cookie", said)) or not ends_at.isdecimal():
            return None
        return Session(name, int(ends_at)) if int(ends_at) > now else None

    def form_token(self, session: Session) -> str:
        """Return what a form of this session carries, and no other site can know."""
        return self._mac("form", session.name)

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def same_text(given: str, expected: str) -> bool:
    """Compare in a time that does not tell how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
