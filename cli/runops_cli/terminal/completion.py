"""What the shell completes: reasons, and the ids of jobs. It never fails and never prints: a shell waits for it."""

import asyncio
import contextlib
import re
from pathlib import Path

import typer

from runops.environment import EnvironmentIncomplete
from runops.job_filter import JobFilter
from runops.row_reason import REASON_NAMES
from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.row_summaries import beginning_with
from runops_cli.terminal.settings import read_settings

__all__ = ["complete_job", "complete_reason"]

_SECONDS = 2.0
_MOST = 30
_BEGINNING = re.compile(r"[0-9a-f][0-9a-f-]{0,35}")


def complete_reason(incomplete: str) -> list[str]:
    """Return the names of reasons that begin so."""
    return [name for name in REASON_NAMES if name.casefold().startswith(incomplete.casefold())]


def complete_job(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the newest jobs whose ids begin so, each with its status; none where the table cannot be read in 2 s."""
    env_file = context.params.get("env_file")
    with contextlib.suppress(EnvironmentIncomplete, SupabaseError, TimeoutError, OSError):
        rows = asyncio.run(_beginning(env_file, incomplete.lower()))
        return [(str(row.job_id), row.status or "") for row in rows]
    return []


async def _beginning(env_file: Path | None, beginning: str) -> list[RowSummary]:
    settings = read_settings(env_file)
    async with (
        asyncio.timeout(_SECONDS),
        Supabase(settings.supabase_url, settings.supabase_key, timeout_seconds=_SECONDS) as supabase,
    ):
        if not beginning:
            return (await supabase.jobs.page(JobFilter(), limit=_MOST)).rows
        if not _BEGINNING.fullmatch(beginning):
            return []
        return await beginning_with(supabase, beginning, limit=_MOST)
