"""Addresses and keys in the mounted Secret: waited for until they are there, and watched for other values."""

import asyncio
import logging
from collections.abc import Callable

from runops.environment import Environment, EnvironmentIncomplete, read_environment
from runops_operator.heartbeats import Heartbeat

__all__ = ["settings_when_complete", "until_settings_change"]

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 5.0


async def settings_when_complete(show: Callable[[str | None], None]) -> Environment:
    """Return addresses and keys when they are there and valid: a Secret may come after the operator.

    Parameters
    ----------
    show
        Called with what is missing, and with None in the end.
    """
    missing: str | None = None
    while True:
        try:
            environment = read_environment(needs_gemini=False)
        except EnvironmentIncomplete as error:
            if missing != str(error):
                _log.error("No rows are claimed: %s", error)
            missing = str(error)
            show(missing)
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            show(None)
            return environment


async def until_settings_change(current: Environment, beat: Heartbeat) -> None:
    """Return when the mounted Secret holds other values: the process ends, and its container starts again with them."""
    while True:
        beat.turned(next_within=_LOOK_SECONDS)
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            changed = read_environment(needs_gemini=False) != current
        except EnvironmentIncomplete:
            continue
        if changed:
            _log.info("the settings changed; the operator restarts")
            return
