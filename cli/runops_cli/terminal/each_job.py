"""Applies a command to several jobs, one after the other, and prints the result of each."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit, worse

__all__ = ["JobResult", "each_job"]

_STYLES = {Exit.OK: "green", Exit.FAILED: "yellow", Exit.NOT_FOUND: "red"}


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result for one job: a sentence, and the exit code if it were the only job."""

    sentence: str
    code: Exit = Exit.OK


async def each_job(job_ids: Iterable[UUID], command: Callable[[UUID], Awaitable[JobResult]]) -> Exit:
    """Apply a command to each job and return the exit code.

    After a job that is refused the next one follows. After an error of Supabase or the cluster the rest is not tried.

    Parameters
    ----------
    job_ids
        The jobs; a repeated id is used once.
    command
        What to do with one job.
    """
    remaining = list(dict.fromkeys(job_ids))
    code = Exit.OK
    while remaining:
        job_id = remaining.pop(0)
        try:
            result = await command(job_id)
        except SupabaseError as error:
            unknown = "The change may or may not have been made: run the command again, that is safe."
            to_stderr(f"{job_id}  {error.message} {unknown}", style="red")
            return _stopped(remaining, Exit.UNAVAILABLE)
        except CommandFailed as error:
            to_stderr(f"{job_id}  {error}", style="red")
            return _stopped(remaining, error.code)
        to_stderr(f"{job_id}  {result.sentence}", style=_STYLES.get(result.code))
        code = worse(code, result.code)
    return code


def _stopped(remaining: list[UUID], code: Exit) -> Exit:
    if remaining:
        these = "this id" if len(remaining) == 1 else "these ids"
        to_stderr(f"Not tried: {' '.join(map(str, remaining))}. Run the same command with {these}.", style="red")
    return code
