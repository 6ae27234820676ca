"""`runops-ui`: the Deployment's program; its settings are in the environment. On a workstation it is `runops ui`."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from runops.environment import EnvironmentIncomplete, read_environment
from runops.logs import configure_logs, never_show
from runops.supabase.connection import Supabase
from runops_ui.cluster.in_pod import InPod
from runops_ui.cluster.snapshot import ClusterReader
from runops_ui.server import serve
from runops_ui.settings import UiSettings, refusal, settings_of

__all__ = ["run"]

_log = logging.getLogger(__name__)
_CANNOT_START = 78
"""EX_CONFIG."""


def run() -> None:
    """Serve the page until SIGTERM; exit with 78 where a setting is missing or cannot be used."""
    configure_logs(os.environ.get("RUNOPS_LOG_LEVEL", "INFO"))
    try:
        settings = settings_of(_with_token(os.environ))
        environment = read_environment(needs_gemini=False)
    except (ValueError, EnvironmentIncomplete) as error:
        _refuse(str(error))
    if (sentence := refusal(settings)) is not None:
        _refuse(sentence)
    if settings.token is not None:
        never_show(settings.token)
    asyncio.run(_serve(settings, environment.supabase_url, environment.supabase_key))


def _with_token(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with the token of the file that it names."""
    if not (path := environ.get("RUNOPS_UI_TOKEN_FILE")):
        return environ
    try:
        token = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"The file of RUNOPS_UI_TOKEN_FILE cannot be read ({type(error).__name__}).") from None
    if not token:
        raise ValueError("The file of RUNOPS_UI_TOKEN_FILE is empty.")
    return {**environ, "RUNOPS_UI_TOKEN": token}


def _refuse(sentence: str) -> NoReturn:
    _log.critical("%s", sentence)
    sys.exit(_CANNOT_START)


async def _serve(settings: UiSettings, url: str, key: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    record = os.environ.get("RUNOPS_UI_SPENDING_RECORD") or None
    async with contextlib.AsyncExitStack() as stack:
        supabase = await stack.enter_async_context(Supabase(url, key))
        access = await stack.enter_async_context(InPod()) if InPod.is_here() else None
        await serve(
            settings,
            supabase,
            ClusterReader(access, record=record),
            ready=lambda address: _log.info("the page is at %s", address),
            stop=stop,
        )
