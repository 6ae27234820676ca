"""A test's hand on a running stand-in (synchronous)."""

import ssl
from types import TracebackType
from typing import Self

import httpx
from pydantic import TypeAdapter

from devstack.gemini.behaviour import Behaviour, CallRecord

__all__ = ["GeminiControl"]

_RECORDS: TypeAdapter[list[CallRecord]] = TypeAdapter(list[CallRecord])
_NAMES: TypeAdapter[list[str]] = TypeAdapter(list[str])


class GeminiControl:
    """Tells a stand-in how to behave and asks what it did.

    Parameters
    ----------
    base_url : str
        Where it listens, for instance ``http://127.0.0.1:54321``.

    Raises
    ------
    httpx.HTTPError
        By every method, when the stand-in does not answer or refuses.
    """

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(
            base_url=f"{base_url.rstrip('/')}/_devstack",
            timeout=60,
            trust_env=False,
            # A stand-in speaks plain HTTP, and reading the authorities takes 20 ms.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def behave(self, behaviour: Behaviour) -> None:
        """Replace the behaviour; the counters of its turns and its minute start again."""
        self._call("PUT", "/behaviour", content=behaviour.model_dump_json())

    def behaviour(self) -> Behaviour:
        """Return the behaviour with what is left of its turns."""
        return Behaviour.model_validate_json(self._call("GET", "/behaviour").content)

    def reset(self) -> None:
        """Behave as at the start, and forget the calls so far. Files stay."""
        self._call("DELETE", "/behaviour")
        self._call("DELETE", "/calls")

    def forget_files(self) -> None:
        """Remove the files that are stored, whoever left them."""
        self._call("DELETE", "/files")

    def calls(self) -> list[CallRecord]:
        """Return the generate calls that were understood, oldest first."""
        return _RECORDS.validate_json(self._call("GET", "/calls").content)

    def files(self) -> list[str]:
        """Return the names (``files/...``) of the files still stored, oldest first."""
        return _NAMES.validate_json(self._call("GET", "/files").content)

    def upload_ids(self) -> list[str]:
        """Return the secret ids of the uploads begun lately, oldest first."""
        return _NAMES.validate_json(self._call("GET", "/upload-ids").content)

    def close(self) -> None:
        """Close the connections of this control."""
        self._client.close()

    def _call(self, method: str, route: str, *, content: str | None = None) -> httpx.Response:
        response = self._client.request(method, route, content=content)
        response.raise_for_status()
        return response
