"""Does the same to several jobs, one after the other, and says of each what became of it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import say
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit, worse

__all__ = ["Told", "each_job"]

_STYLES = {Exit.OK: "green", Exit.FAILED: "yellow", Exit.NOT_THERE: "red"}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one job: a sentence, and the code of a command that was asked for this job alone."""

    sentence: str
    code: Exit = Exit.OK


async def each_job(job_ids: Iterable[UUID], do: Callable[[UUID], Awaitable[Told]]) -> Exit:
    """Do something to each job and return the command's exit code.

    A job that is refused does not keep the others from their turn. Where the outside is away, the rest is not tried.

    Parameters
    ----------
    job_ids
        The jobs; one that is named twice is taken once.
    do
        Does it.
    """
    left = list(dict.fromkeys(job_ids))
    code = Exit.OK
    while left:
        job_id = left.pop(0)
        try:
            told = await do(job_id)
        except SupabaseError as error:
            say(f"{job_id}  {error.message} It may be done or not; to repeat the command is safe.", style="red")
            return _given_up(left, Exit.OUTSIDE)
        except CommandFailed as error:
            say(f"{job_id}  {error}", style="red")
            return _given_up(left, error.code)
        say(f"{job_id}  {told.sentence}", style=_STYLES.get(told.code))
        code = worse(code, told.code)
    return code


def _given_up(left: list[UUID], code: Exit) -> Exit:
    if left:
        say(f"Not tried: {', '.join(map(str, left))}", style="red")
    return code
