"""Tries what will be written to the tables, in requests that the database undoes.

A request for exactly one object that gives none or several is rolled back by PostgREST. By then the database has done
everything: it has converted values, checked constraints and rights, and run triggers. That needs no setting of
PostgREST. Numbers that a sequence gave out are not taken back.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from runops.job_row import Claim, RowStatus
from runops.progress import STAGES, Stage, percent
from runops.retrying import Again
from runops.supabase import job_values
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.result_rows import PROMPT_TYPE
from runops.supabase.results import TYPED
from runops.supabase.retry import may_pass

__all__ = ["SAMPLE_SOP", "SAMPLE_TRANSCRIPT", "JobsTrial", "ResultTrial", "try_jobs", "try_result"]

SAMPLE_TRANSCRIPT: Sequence[Mapping[str, Any]] = (
    {
        "timestamp_start_audio": "00:00:00",
        "timestamp_end_audio": "00:00:01",
        "verbatim_transcript_segment": "runops check",
    },
)
SAMPLE_SOP: Mapping[str, Any] = {
    "meta": {
        "id": "6f1d2c1e-3b0a-4d52-9c53-0b8f0f3a7d11",
        "title": "runops check",
        "version": "1.0.0",
        "goal": "See whether the table takes a SOP.",
        "purpose": "It is undone at once.",
        "owner": ["runops"],
    },
    "public": {
        "triggers": [{"type": "manual", "description": "Somebody runs the check."}],
        "nodes": [
            {"id": "start", "type": "trigger", "label": "Start"},
            {"id": "end", "type": "end", "label": "End"},
        ],
        "edges": [{"source": "start", "target": "end", "condition": "next"}],
    },
}
_MISSING_VALUE = "23502"
_OF_COLUMN = re.compile(r"column \"(?P<name>[^\"]+)\"")
_VALUE_CLASSES = ("22", "23", "42")
"""Of SQLSTATE: data, constraints, types. Anything else is what a trigger says."""


@dataclass(frozen=True, slots=True)
class JobsTrial:
    """What the table `jobs` said.

    Attributes
    ----------
    refused
        The turns of a row that it refuses, in words, each with the reason.
    by_trigger
        Those that a trigger refuses: it may look at what the row was before, which the trial cannot imitate.
    untried
        Why nothing could be tried; None where something was.
    """

    refused: Mapping[str, SupabaseError] = field(default_factory=dict)
    by_trigger: Mapping[str, SupabaseError] = field(default_factory=dict)
    untried: SupabaseError | None = None


@dataclass(frozen=True, slots=True)
class ResultTrial:
    """What the table `transcripts` or `sops` said.

    Attributes
    ----------
    refusal
        Why it refuses our row; None where it takes it.
    needs_user
        Whether it takes a SOP only with a user.
    """

    refusal: SupabaseError | None
    needs_user: bool = False


async def try_jobs(supabase: Supabase) -> JobsTrial:
    """Try each turn of a row of `jobs`: on two new rows at once, or where the table wants more of a new row, on one.

    Raises
    ------
    SupabaseError
        The table cannot be written at all, or Supabase is away.
    """
    turns = _turns()
    nobodys = str(uuid4())
    # The right to change each column is asked without a row. This also learns which columns PostgREST knows.
    await supabase.jobs.change(
        dict.fromkeys(turns["completed"]), lambda query: query.eq("job_id", nobodys), doing=_doing()
    )
    columns = await supabase.jobs.columns()
    turns = {turn: columns.kept(values) for turn, values in turns.items()}
    refusal = await _insert(supabase, list(turns.values()))
    if refusal is None:
        return JobsTrial()
    on: UUID | None = None
    if _is_about_new_rows(refusal, turns["completed"]):
        on = await _any_row(supabase)
        if on is None:
            return JobsTrial(untried=refusal)
    refused = {}
    for turn, values in turns.items():
        error = await (_insert(supabase, [values, values]) if on is None else _update(supabase, on, values))
        if error is not None:
            refused[turn] = error
    own = {turn: error for turn, error in refused.items() if (error.code or "").startswith(_VALUE_CLASSES)}
    return JobsTrial(own, {turn: error for turn, error in refused.items() if turn not in own})


async def try_result(supabase: Supabase, name: str) -> ResultTrial:
    """Try to write a row to `transcripts` or `sops` for a job that does not exist, and to change and delete none.

    Raises
    ------
    SupabaseError
        The table cannot be changed at all, or Supabase is away.
    """
    content: dict[str, Any] = {"transcript": list(SAMPLE_TRANSCRIPT)}
    if name == "sops":
        content = {"data": dict(SAMPLE_SOP), "user_id": None}
        if await supabase.results.has_prompt_types():
            content[TYPED] = PROMPT_TYPE
    nobodys, doing = str(uuid4()), _doing(name)
    await supabase.rest.read(lambda table: table.update(content).eq("job_id", nobodys), table=name, doing=doing)
    await supabase.rest.read(lambda table: table.delete().eq("job_id", nobodys), table=name, doing=doing)
    refusal = await _insert_result(supabase, name, content)
    needs_user = name == "sops" and refusal is not None and _column_without_value(refusal) == "user_id"
    if needs_user:
        refusal = await _insert_result(supabase, name, {**content, "user_id": str(uuid4())})
    return ResultTrial(refusal, needs_user=needs_user)


def _turns() -> dict[str, dict[str, Any]]:
    """Return the turns of a row, in words, with every column that is written at any of them."""
    claim = Claim(claim=str(uuid4()), by="runops check")
    claimed = job_values.claimed({"runops": claim.stamp()})
    at_work = {
        f"processing ({stage})": {**claimed, **job_values.refreshed(stage, percent(stage))}
        for stage in STAGES
        if stage is not Stage.COMPLETED
    }
    return {
        "queued": {**claimed, **job_values.queued_afresh(None)},
        "processing": claimed,
        **at_work,
        "completed": {**claimed, **job_values.completed()},
        "error": {**claimed, **job_values.failed("runops check tries this sentence and undoes it.")},
    }


def _is_about_new_rows(error: SupabaseError, values: Mapping[str, Any]) -> bool:
    """Tell whether a refusal concerns inserting as such, which we do not do, and not the values."""
    if error.code == _MISSING_VALUE:
        return _column_without_value(error) not in values
    return error.kind is ErrorKind.FORBIDDEN or not (error.code or "").startswith(_VALUE_CLASSES)


def _column_without_value(error: SupabaseError) -> str | None:
    found = _OF_COLUMN.search(error.server_words) if error.code == _MISSING_VALUE else None
    return None if found is None else found["name"]


async def _insert(supabase: Supabase, several: Sequence[Mapping[str, Any]]) -> SupabaseError | None:
    """Insert rows of which at least one is one too many; return why they are refused, None where they are not."""
    assert len(several) > 1
    rows = [{**values, "job_id": str(uuid4())} for values in several]
    kept = True
    try:
        kept = await _undone(supabase, "jobs", lambda table: table.insert(rows).select("job_id"))
    except SupabaseError as error:
        kept = error.status is None
        return _said_no(error)
    finally:
        if kept:
            # Something on the way did not pass the condition on, or its answer was lost.
            ids = [str(row["job_id"]) for row in rows]
            await supabase.rest.read(
                lambda table: table.delete().in_("job_id", ids), table="jobs", doing="removing rows that were tried"
            )
    return None


async def _update(supabase: Supabase, job_id: UUID, values: Mapping[str, Any]) -> SupabaseError | None:
    """Change a row in a request for a transcript without an id, of which there is none; return as `_insert`."""
    try:
        await _undone(
            supabase,
            "jobs",
            lambda table: (
                table.update(dict(values))
                .eq("job_id", str(job_id))
                .select("job_id", "transcripts!inner(id)")
                .is_("transcripts.id", "null")
            ),
        )
    except SupabaseError as error:
        return _said_no(error)
    return None


async def _insert_result(supabase: Supabase, name: str, content: Mapping[str, Any]) -> SupabaseError | None:
    """Insert a row for a job that does not exist; the foreign key is checked last, and then refuses it."""
    body = {"job_id": str(uuid4()), **content}
    try:
        await _undone(supabase, name, lambda table: table.insert(body).select("id", "jobs!inner(job_id)"))
    except SupabaseError as error:
        return None if error.kind is ErrorKind.FOREIGN_KEY else _said_no(error)
    return None


async def _undone(supabase: Supabase, name: str, build: Callable[[Any], Any]) -> bool:
    """Send a write that is undone, again where the server said that this can help; True if it was kept."""

    def judge(error: BaseException) -> Again | None:
        # Without a status the answer was lost, or was no refusal: the rows may be there.
        return may_pass(error) if isinstance(error, SupabaseError) and error.status is not None else None

    return await supabase.rest.retries.run(
        lambda: supabase.rest.change_one(build, table=name, doing=_doing(name)), judge
    )


async def _any_row(supabase: Supabase) -> UUID | None:
    rows = await supabase.rest.read(
        lambda table: table.select("job_id").neq("status", RowStatus.PROCESSING.value).order("id", desc=True).limit(1),
        table="jobs",
        doing="reading the table jobs",
    )
    return UUID(rows[0]["job_id"]) if rows else None


def _said_no(error: SupabaseError) -> SupabaseError:
    """Return a refusal; raise what is none."""
    if error.retryable or error.kind is ErrorKind.KEY_REJECTED:
        raise error
    return error


def _doing(name: str = "jobs") -> str:
    return f"trying a row of the table {name}"
