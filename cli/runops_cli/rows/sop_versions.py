"""What `runops sop` says of a SOP's versions: what differs, what is in conflict, and which one stays."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from runops.sop import Sop
from runops.sop_as_stored import sop_as_stored
from runops.sop_versions.conflict import MOST_CONFLICTS
from runops.sop_versions.difference import difference, difference_text
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.sop_versions import Taken, read_versions, take
from runops_cli.rows.find_jobs import find_job
from runops_cli.terminal.console import printable, to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.job_refs import parse_job_ref

__all__ = ["Diff", "Take", "TakeOption", "say_conflicts", "say_difference", "take_version"]

_LARGEST_FILE = 64 * 1024 * 1024


class Take(StrEnum):
    """Values of `--take`."""

    EDITED = "edited"
    GENERATED = "generated"


Diff = Annotated[
    str | None,
    typer.Option(
        "--diff",
        metavar="OTHER",
        help="Print what differs from the SOP to another one: a job's id, a file, or `generated`, which runops made "
        "last. `edited` prints what people changed since it was generated.",
        show_default=False,
    ),
]
TakeOption = Annotated[
    Take | None,
    typer.Option(
        "--take",
        help="Settle a conflict: keep the edited SOP, or replace it by the one that was generated last.",
        show_default=False,
    ),
]


async def say_difference(supabase: Supabase, job_id: UUID, other: str, *, as_json: bool) -> Exit:
    """Print what differs between a job's SOP and another one.

    Raises
    ------
    typer.BadParameter
        The other one is nothing that can be read.
    """
    versions = await read_versions(supabase, job_id)
    there = None if versions.in_table is None else versions.in_table.data
    match other:
        case "generated":
            pair = (there, versions.generated)
        case "edited":
            pair = (versions.base, there)
        case _:
            pair = (there, await _other(supabase, other))
    before, after = map(_sop, pair)
    if before is None or after is None:
        to_stderr(_nothing_to_compare(job_id, other, has_sop=_sop(there) is not None), style="yellow")
        return Exit.NOT_FOUND
    found = difference(before, after)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        typer.echo(difference_text(found), nl=False)
    return Exit.OK


def _nothing_to_compare(job_id: UUID, other: str, *, has_sop: bool) -> str:
    if not has_sop:
        return f"The job {job_id} has no SOP to compare. `runops why {job_id}` says why."
    if other in {"generated", "edited"}:
        return (
            f"What runops generated last for {job_id} was not kept: there is nothing to compare. "
            f"`runops sop {job_id}` prints the SOP."
        )
    return f"There is no SOP of {other} to compare. `runops list --status completed` shows the jobs that have one."


async def say_conflicts(supabase: Supabase, job_id: UUID) -> None:
    """Say below a SOP that another one was generated that cannot be merged with it, where that is so."""
    try:
        conflicts = (await read_versions(supabase, job_id)).conflicts
    except SupabaseError as error:
        to_stderr(f"Whether another version of the SOP waits is not known: {error.message}", style="yellow")
        return
    if not conflicts:
        return
    places = "1 place" if len(conflicts) == 1 else f"{len(conflicts)} places"
    to_stderr(
        f"\nThis SOP was edited. A newer one was generated, which differs in {places} that cannot be merged:",
        style="yellow",
    )
    for conflict in conflicts[:MOST_CONFLICTS]:
        to_stderr(f"  {printable(str(conflict))}")
    if len(conflicts) > MOST_CONFLICTS:
        to_stderr(f"  and {len(conflicts) - MOST_CONFLICTS} more")
    to_stderr(
        f"`runops sop {job_id} --diff generated` compares them. `runops sop {job_id} --take edited` keeps this one, "
        "and `--take generated` replaces it."
    )


async def take_version(supabase: Supabase, job_id: UUID, choice: Take) -> Exit:
    """Settle which version of a SOP stays, and say so."""
    match await take(supabase, job_id, choice.value):
        case Taken.DONE if choice is Take.EDITED:
            to_stderr(f"{job_id}  keeps the edited SOP. `runops sop {job_id}` prints it.", style="green")
        case Taken.DONE:
            to_stderr(f"{job_id}  has the generated SOP now. `runops sop {job_id}` prints it.", style="green")
        case Taken.NOTHING:
            to_stderr(
                f"{job_id}  has no other version of its SOP: nothing was changed. `runops sop {job_id}` prints it."
            )
        case Taken.NOT_ENDED:
            to_stderr(
                f"{job_id}  has not ended; its run merges again. Wait for it with `runops watch {job_id}`.",
                style="yellow",
            )
            return Exit.FAILED
        case Taken.CHANGED:
            to_stderr(f"{job_id}  is being edited: nothing was changed. Run the command again.", style="yellow")
            return Exit.FAILED
        case Taken.MISSING:
            to_stderr(f"There is no job {job_id} with a SOP. `runops list` shows the jobs.", style="red")
            return Exit.NOT_FOUND
    return Exit.OK


async def _other(supabase: Supabase, other: str) -> Any:
    """Return the SOP that a file holds or that a job has; a file of the current folder comes first."""
    if (path := Path(other)).is_file():
        return _of_file(path)
    try:
        ref = parse_job_ref(other)
    except typer.BadParameter:
        raise typer.BadParameter(
            f"{other!r} is no file and no job. Give the path or id of one, or `generated` or `edited`.",
            param_hint="--diff",
        ) from None
    return await supabase.results.read_sop(await find_job(supabase, ref))


def _of_file(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise typer.BadParameter(f"{path} is too large for a SOP.", param_hint="--diff")
        return json.loads(content)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}.", param_hint="--diff") from None
    except (ValueError, RecursionError):
        raise typer.BadParameter(f"{path} holds no JSON.", param_hint="--diff") from None


def _sop(value: Any) -> Sop | None:
    return sop_as_stored(value) if isinstance(value, dict) else None
