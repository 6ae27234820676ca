"""`runops answer`: answer open questions of a SOP, and have the SOP made again with the answers."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from runops.job_row import RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.row_commands import Outcome, run_again
from runops.supabase.sop_questions import AnswerRefused, OpenQuestion, Questions, Saved, read_questions, save_answers
from runops_cli.commands.sop import nothing_yet
from runops_cli.rows.find_jobs import find_job
from runops_cli.terminal.console import one_line, printable, to_stderr, to_stdout
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile, Job
from runops_cli.terminal.question import asked
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["answer", "has_terminal"]

_LARGEST_FILE = 1024 * 1024


def answer(
    job: Job,
    *,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            "--answer",
            metavar="ID=TEXT",
            help="Answer the question with this id; may be given several times. Other people on the machine, and the "
            "shell's history, may see it: --file keeps it private.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="FILE", help='JSON object with answers by id: {"q1": "..."}; - reads it from the input.'
        ),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="ID", help="Do not ask this question now; it stays open.", show_default=False),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run/--no-run", help="Queue the job, so that its SOP is made again with the answers.")
    ] = True,
    env_file: EnvFile = None,
) -> None:
    """Answer the open questions of a SOP; only the SOP is then made again, of the transcript that is there.

    Without --answer and --file it asks each question in a terminal, and an empty line leaves a question open. Where
    there is no terminal, it prints the questions. It says which questions are left. Answers are data for the model,
    as what is said in the recording. Passwords and keys in them are hidden before they are kept.

    Example: runops answer 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11

    Example: runops answer 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 --file answers.json --no-run
    """
    given = {**_of_file(file), **_of_options(answers or [])}

    async def answered(supabase: Supabase) -> Exit:
        job_id = await find_job(supabase, job)
        questions = await read_questions(supabase, job_id)
        if questions is None:
            to_stderr(nothing_yet("SOP", job_id, await supabase.jobs.get(job_id)), style="yellow")
            return Exit.NOT_FOUND
        if not given and not has_terminal():
            return _listed(job_id, questions)
        said = given or _asked(questions.left, skip or [])
        if not said:
            return _nothing_said(job_id, questions)
        try:
            saved = await save_answers(supabase, job_id, said)
        except AnswerRefused as refused:
            to_stderr(f"{refused} `runops answer {job_id} < /dev/null` prints the questions.", style="red")
            return Exit.USAGE
        if saved is None:
            to_stderr(nothing_yet("SOP", job_id, await supabase.jobs.get(job_id)), style="yellow")
            return Exit.NOT_FOUND
        _say(saved)
        if not run:
            to_stderr(f"To have the SOP made again with them: `runops retry {job_id} --from sop`.")
            return Exit.OK
        return await _run(supabase, job_id)

    run_with_supabase(env_file, answered)


def has_terminal() -> bool:
    """Tell whether somebody is there to be asked."""
    return sys.stdin.isatty()


def _of_options(options: Sequence[str]) -> dict[str, str]:
    found = {}
    for option in options:
        name, sign, text = option.partition("=")
        if not sign or not name.strip():
            raise typer.BadParameter("Write ID=TEXT, as in --answer q1=Monthly.", param_hint="--answer")
        found[name.strip()] = text
    return found


def _of_file(file: str | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        if file == "-":
            content = sys.stdin.buffer.read(_LARGEST_FILE + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise typer.BadParameter("It has more than 1 MiB.", param_hint="--file")
        value: Any = json.loads(content)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.", param_hint="--file") from None
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and (others := [name for name, text in value.items() if not isinstance(text, str)]):
        raise typer.BadParameter(
            f'The answer to {others[0][:80]!r} is no text. Put it into quotes, as in {{"q1": "12"}}.',
            param_hint="--file",
        )
    if not isinstance(value, dict):
        raise typer.BadParameter('It holds no JSON object of texts, such as {"q1": "Monthly."}.', param_hint="--file")
    return value


def _asked(left: Sequence[OpenQuestion], skip: Sequence[str]) -> dict[str, str]:
    """Ask each question; an empty line leaves it open."""
    said: dict[str, str] = {}
    wanted = [one for one in left if one.id not in skip]
    for number, one in enumerate(wanted, start=1):
        to_stderr(f"\n{number} of {len(wanted)}  [{one.importance}] {one_line(one.question)}")
        text = asked(_one_answer).strip()
        if text:
            said[one.id] = text
    return said


def _one_answer() -> str:
    return str(typer.prompt("Answer (empty: leave it open)", default="", show_default=False, err=True))


def _listed(job: UUID, questions: Questions) -> Exit:
    for one in questions.left:
        to_stdout(_line(one))
    if questions.left:
        to_stderr(f"Answer them in a terminal, or with `runops answer {job} --answer ID=TEXT` or --file.")
        return Exit.OK
    return _nothing_said(job, questions)


def _line(one: OpenQuestion) -> str:
    return printable(f"{one_line(one.id)}  [{one.importance}] {one_line(one.question)}")


def _nothing_said(job: UUID, questions: Questions) -> Exit:
    if not questions.listed:
        to_stderr(f"The SOP has no open question. `runops sop {job}` prints it.")
    elif not questions.left:
        to_stderr(
            "All questions of the SOP are answered. To have it made again with the answers: "
            f"`runops retry {job} --from sop`."
        )
    else:
        to_stderr(f"{_left(questions)} `runops answer {job}` asks them again.")
    return Exit.OK


def _say(saved: Saved) -> None:
    count = len(saved.ids)
    to_stderr(f"{count} answer{'s are' if count != 1 else ' is'} kept.", style="green")
    if saved.hidden:
        to_stderr(f"Secrets in the answers to {', '.join(saved.hidden)} were hidden.", style="yellow")
    for other in saved.others:
        to_stderr(printable(one_line(str(other))), style="yellow")
    to_stderr(_left(saved.questions))
    for one in saved.questions.left:
        to_stderr(f"  {_line(one)}")


def _left(questions: Questions) -> str:
    count = len(questions.left)
    return "No question is left." if not count else f"{count} question{'s are' if count != 1 else ' is'} left open."


async def _run(supabase: Supabase, job: UUID) -> Exit:
    result = await run_again(supabase, job, from_statuses=[RowStatus.COMPLETED, RowStatus.ERROR], only_sop=True)
    match result.outcome:
        case Outcome.DONE:
            to_stderr(
                f"{job}  is queued again: only its SOP is made. Follow it with `runops watch {job}`.", style="green"
            )
        case Outcome.ALREADY:
            to_stderr(f"{job}  is queued already; its run uses the answers. Follow it with `runops watch {job}`.")
        case Outcome.REFUSED:
            to_stderr(
                f"{job}  is worked on, and that run may not know the answers. When it has ended: "
                f"`runops retry {job} --from sop`.",
                style="yellow",
            )
        case _:
            to_stderr("There is no such job. `runops list` shows the jobs.", style="red")
            return Exit.NOT_FOUND
    return Exit.OK
