"""What a stack is: where it listens, and its keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True)
class StackInfo:
    """A stack's addresses and keys. The keys are random and open nothing but this stack.

    Attributes
    ----------
    directory : Path
        Directory of its state.
    url, port
        Of the gateway, which serves what a Supabase project serves.
    gemini_url, gemini_port
        Of the Gemini stand-in.
    anon_key, service_role_jwt
        Legacy keys: long-lived tokens for the roles anon and service_role.
    publishable_key, secret_key
        Newer keys for the same roles, ``sb_publishable_...`` and ``sb_secret_...``.
    gemini_api_key : str
        The only key that the Gemini stand-in accepts.
    jwt_secret : str
        Signs every token of the stack.
    database_url : str
        Superuser connection through a unix socket.
    """

    directory: Path
    url: str
    port: int
    gemini_url: str
    gemini_port: int
    anon_key: str
    service_role_jwt: str
    publishable_key: str
    secret_key: str
    gemini_api_key: str
    jwt_secret: str
    database_url: str

    def environment(self, host: str = "127.0.0.1") -> dict[str, str]:
        """Return the environment variables for programs that use this stack.

        Parameters
        ----------
        host : str
            Host in the URLs: the address at which the caller reaches this machine.
        """
        return {
            "SUPABASE_URL": _on_host(self.url, host),
            "SUPABASE_SERVICE_ROLE_KEY": self.secret_key,
            "GOOGLE_GEMINI_API_KEY": self.gemini_api_key,
            "GOOGLE_GEMINI_BASE_URL": _on_host(self.gemini_url, host),
        }


def _on_host(url: str, host: str) -> str:
    parts = urlsplit(url)
    name = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{name}:{parts.port}"))
