"""`runops sop`: print the SOP of a job."""

import json
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError

from runops.environment import Environment
from runops.job_row import JobRow, RowStatus
from runops.sop import Sop
from runops.sop_text import sop_text
from runops.supabase.connection import Supabase
from runops_cli.terminal.console import STDOUT, say
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile
from runops_cli.terminal.run_command import known_errors, run_async
from runops_cli.terminal.settings import settings

__all__ = ["sop"]

_WIDEST = 100


class _Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def sop(
    job: Annotated[UUID, typer.Argument(help="The job's id.", metavar="JOB")],
    output: Annotated[_Form, typer.Option("--output", "-o", help="How to print it.")] = _Form.TEXT,
    env_file: EnvFile = None,
) -> None:
    """Print the SOP of a job as readable text or as JSON.

    Where there is no SOP yet, the job's status is said and the exit code is 3.

    Example: runops sop 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11

    Example: runops sop 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -o json > sop.json
    """
    with known_errors():
        environment = settings(env_file)
    run_async(_print(job, form=output, environment=environment))


async def _print(job_id: UUID, *, form: _Form, environment: Environment) -> Exit:
    async with Supabase(environment.supabase_url, environment.supabase_key) as supabase:
        data = await supabase.results.read_sop(job_id)
        row = None if data is not None else await supabase.jobs.get(job_id)
    if data is None:
        say(_not_there(job_id, row), style="yellow")
        return Exit.NOT_THERE
    if form is _Form.JSON:
        typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return Exit.OK
    return _print_text(data)


def _print_text(data: dict[str, Any]) -> Exit:
    try:
        procedure = Sop.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the SOP"
        say(f"The SOP in the table has not the agreed form ({where}: {first['msg']}). Print it with -o json.")
        return Exit.FAILED
    width = min(STDOUT.width, _WIDEST) if STDOUT.is_terminal else _WIDEST
    typer.echo(sop_text(procedure, width=width), nl=False)
    return Exit.OK


def _not_there(job_id: UUID, row: JobRow | None) -> str:
    if row is None:
        return f"There is no job {job_id}."
    sentence = f"Job {job_id} has no SOP; its status is {row.status}"
    match row.status:
        case RowStatus.ERROR:
            return f"{sentence}: {row.error or 'no reason was written down'}"
        case RowStatus.QUEUED | RowStatus.PROCESSING:
            return f"{sentence}. Ask again when it is completed."
        case _:
            return f"{sentence}."
