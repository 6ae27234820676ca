"""Waits out a short outage of Supabase where giving up would waste work that is done."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from runops.supabase.errors import SupabaseError

__all__ = ["WAITS", "patiently"]

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

WAITS: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds between the attempts: two minutes in all, which outlasts a restart of the database."""


async def patiently(
    operation: Callable[[], Awaitable[T]],
    *,
    waits: tuple[float, ...] = WAITS,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Do something that may be done twice, again and again while Supabase is away.

    Parameters
    ----------
    operation
        Idempotent.
    waits
        Seconds between the attempts.
    sleep
        Replaced by tests.

    Raises
    ------
    SupabaseError
        The last one; at once where it cannot pass.
    """
    for wait in waits:
        try:
            return await operation()
        except SupabaseError as error:
            if not error.retryable:
                raise
            _LOG.warning("Supabase is away, waiting", extra={"kind": error.kind, "wait_seconds": wait})
        await sleep(wait)
    return await operation()
