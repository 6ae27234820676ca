"""Opens the connection to the Gemini API."""

import os
import ssl
from functools import cache
from typing import TYPE_CHECKING

from runops.authorities import trust_bundle
from runops.proxies import proxy_for
from runops_worker.gemini.open_responses import note_response

if TYPE_CHECKING:
    from google.genai import Client
    from httpx2 import AsyncClient

__all__ = ["API_VERSION", "CALL_TIMEOUT_MILLISECONDS", "GOOGLE", "open_client"]

API_VERSION = "v1beta"
"""Pinned: the SDK's default moved to v1, on which previews and some fields are missing."""

CALL_TIMEOUT_MILLISECONDS = 600_000
"""Longest silence of one request; without it the SDK waits forever. Whole calls have their own deadline."""

GOOGLE = "https://generativelanguage.googleapis.com/"
"""Where the API is, unless a base URL names another address."""


def open_client(key: str, *, base_url: str | None) -> "tuple[Client, AsyncClient]":
    """Return a client and its transport, which the caller closes.

    Parameters
    ----------
    key
        The API key.
    base_url
        Address in place of Google's; None for Google's.

    Notes
    -----
    The transport is given, because the SDK otherwise takes aiohttp wherever that is installed, with other exceptions
    and timeouts. Retries of the SDK are off (`retry_options=None`): they ignore the wait that the API asks for.
    """
    # Imported here, not above: it takes 50 MB, which a worker does not need while it downloads or encodes.
    import httpx2  # noqa: PLC0415 - see above
    from google import genai  # noqa: PLC0415 - see above
    from google.genai import types  # noqa: PLC0415 - see above

    trusted = _trusted()
    transport = httpx2.AsyncClient(
        verify=trusted,
        proxy=proxy_for(base_url or GOOGLE, os.environ),
        trust_env=False,
        follow_redirects=True,
        event_hooks={"response": [note_response]},
    )
    options = types.HttpOptions(
        api_version=API_VERSION,
        base_url=base_url or GOOGLE,
        timeout=CALL_TIMEOUT_MILLISECONDS,
        retry_options=None,
        httpx_async_client=transport,
        client_args={"verify": trusted, "trust_env": False},
        async_client_args={"ssl": trusted},
    )
    return genai.Client(api_key=key, vertexai=False, http_options=options), transport


@cache
def _trusted() -> ssl.SSLContext:
    """Return the authorities that all clients trust, those of the SDK too: reading them takes 20 ms each time."""
    import httpx2  # noqa: PLC0415 - see `open_client`

    context = httpx2.create_ssl_context()
    trust_bundle(context)
    return context
