"""Closes the HTTP responses of a call, whatever became of the SDK's generators around them.

The SDK wraps a streamed response in several generators. Closing the outermost leaves the inner ones, and with them the
connection, to the garbage collector; meanwhile the model goes on, and bills.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httpx2 import Response

__all__ = ["closing_responses", "note_response"]

_CLOSE_SECONDS = 5.0
_RESPONSES: "ContextVar[list[Response] | None]" = ContextVar("runops_gemini_responses", default=None)


async def note_response(response: "Response") -> None:
    """Remember a response for the `closing_responses` block around it. A hook of the HTTP client."""
    responses = _RESPONSES.get()
    if responses is not None:
        responses.append(response)


@asynccontextmanager
async def closing_responses() -> AsyncIterator[None]:
    """Close every response that began in the block, however the block ends. A response that was read is closed."""
    responses: list[Response] = []
    token = _RESPONSES.set(responses)
    try:
        yield
    finally:
        _RESPONSES.reset(token)
        async with asyncio.timeout(_CLOSE_SECONDS):
            for response in responses:
                await response.aclose()
