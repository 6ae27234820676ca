"""What the commands print about a job, a bucket or a model, and with which exit code. Without the outside."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.job_row import JobRow
from runops.job_story.known_job import KnownJob
from runops.row_summary import RowSummary
from runops.supabase.objects import BucketInfo
from runops.supabase.row_commands import CommandResult, Outcome
from runops.supabase.unclaimed_rows import UnclaimedRows
from runops.videojob_view import VideoJobView, parse_videojob
from runops_cli import main
from runops_cli.checks.models import model_finding
from runops_cli.cluster.suspension import nothing_to_do
from runops_cli.cluster.worker_logs import without_pod
from runops_cli.commands import cancel, retry
from runops_cli.commands.list_jobs import next_commands
from runops_cli.commands.sop import nothing_yet
from runops_cli.rows import retry_stale
from runops_cli.rows.changes import FollowedRows, TableChanges, state
from runops_cli.rows.job_output import as_csv
from runops_cli.rows.submission import bucket_problem
from runops_cli.terminal.each_job import JobResult, each_job
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit, worse

JOB = UUID(int=1)
NOW = datetime(2026, 11, 30, 19, tzinfo=UTC)


def row(status: str | None, **columns: Any) -> RowSummary:
    return RowSummary.model_validate({"job_id": JOB, "status": status, **columns})


def videojob(*, suspend: bool = False, **status: object) -> VideoJobView:
    return parse_videojob({"metadata": {"name": "vj-1"}, "spec": {"suspend": suspend}, "status": status})


def bucket(*, exists: bool = True, limit: int | None = None) -> BucketInfo:
    return BucketInfo(exists=exists, file_size_limit=limit, allowed_mime_types=None)


FINISHED = {"type": "Finished", "status": "True", "reason": "Done", "lastTransitionTime": "2026-11-24T12:00:00Z"}


@pytest.mark.parametrize(
    ("outcome", "status", "says", "code"),
    [
        (Outcome.DONE, None, f"cancelled. `runops retry {JOB}` runs it again.", Exit.OK),
        (
            Outcome.ALREADY,
            "error",
            f"was already cancelled: nothing was changed. `runops retry {JOB}` runs it again.",
            Exit.OK,
        ),
        (
            Outcome.REFUSED,
            "error",
            f"has already ended in error: the row gives no reason. `runops retry {JOB}` runs it again.",
            Exit.FAILED,
        ),
        (
            Outcome.REFUSED,
            "completed",
            f"is completed: nothing was changed. `runops sop {JOB}` prints its SOP.",
            Exit.FAILED,
        ),
        (
            Outcome.REFUSED,
            "archived",
            f"was not changed: its status is archived. `runops why {JOB}` says what to do.",
            Exit.FAILED,
        ),
        (Outcome.MISSING, None, "There is no such job. `runops list` shows the jobs.", Exit.NOT_FOUND),
    ],
)
def test_result_of_a_cancel(outcome: Outcome, status: str | None, says: str, code: Exit) -> None:
    result = cancel.job_result(
        JOB, CommandResult(outcome, None if status is None else JobRow(job_id=JOB, status=status))
    )
    assert (result.sentence, result.code) == (says, code)


@pytest.mark.parametrize(
    ("outcome", "status", "says", "code"),
    [
        (Outcome.DONE, None, f"is queued again. `runops watch {JOB}` follows it.", Exit.OK),
        (
            Outcome.ALREADY,
            "queued",
            f"is already queued: nothing was changed. `runops why {JOB}` says what it waits for.",
            Exit.OK,
        ),
        (
            Outcome.REFUSED,
            "processing",
            f"is processing. `runops retry --force {JOB}` stops its attempt and queues it again.",
            Exit.FAILED,
        ),
        (
            Outcome.REFUSED,
            "archived",
            f"was not changed: its status is archived. `runops why {JOB}` says what to do.",
            Exit.FAILED,
        ),
        (Outcome.MISSING, None, "There is no such job. `runops list` shows the jobs.", Exit.NOT_FOUND),
    ],
)
def test_result_of_a_retry(outcome: Outcome, status: str | None, says: str, code: Exit) -> None:
    result = retry.job_result(
        JOB, CommandResult(outcome, None if status is None else JobRow(job_id=JOB, status=status))
    )
    assert (result.sentence, result.code) == (says, code)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, "There is no bucket named videos."),
        (bucket(exists=False), "There is no bucket named videos."),
        (bucket(), None),
        (bucket(limit=2 * 1024**2), None),
        (bucket(limit=1024**2), "a.mp4 has 2.0 MiB; the bucket videos allows 1.0 MiB."),
    ],
)
def test_bucket_that_cannot_take_the_recording(found: BucketInfo | None, says: str | None) -> None:
    problem = bucket_problem(found, Path("a.mp4"), 2 * 1024**2)
    assert problem is None if says is None else problem is not None and problem.startswith(says)


@pytest.mark.parametrize(
    ("status", "ok", "says"),
    [
        (200, True, "known and reachable"),
        (429, True, "quota"),
        (404, False, "does not know this model"),
        (400, False, "rejected the key"),
        (401, False, "rejected the key"),
        (403, False, "rejected the key"),
        (503, False, "HTTP 503"),
    ],
)
def test_finding_for_an_answer_of_gemini(status: int, says: str, *, ok: bool) -> None:
    finding = model_finding("gemini-x", status)
    assert (finding.name, finding.ok) == ("model gemini-x", ok)
    assert says in finding.detail
    assert ok or finding.remedy


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (None, f"There is no job {JOB}."),
        ("queued", f"its status is queued. Follow it with `runops watch {JOB}`."),
        (
            "error",
            f"its status is error: the row gives no reason. `runops why {JOB}` says what to do.",
        ),
        ("completed", f"its status is completed. `runops why {JOB}` says which command makes one."),
        ("archived", f"its status is archived. `runops get {JOB}` tells all of it."),
    ],
)
def test_job_without_a_sop(status: str | None, says: str) -> None:
    assert says in nothing_yet("SOP", JOB, None if status is None else JobRow(job_id=JOB, status=status))


def test_an_error_of_several_lines_is_told_in_one() -> None:
    failed = JobRow(job_id=JOB, status="error", error="No\npicture.")
    result = cancel.job_result(JOB, CommandResult(Outcome.REFUSED, failed))
    assert result.sentence == f"has already ended in error: No picture. `runops retry {JOB}` runs it again."
    assert "error: No picture. `runops why" in nothing_yet("SOP", JOB, failed)
    completed = JobRow(job_id=JOB, status="completed")
    assert nothing_yet("transcript", JOB, completed).endswith(f"`runops retry {JOB}` makes one.")


def job(status: str | None, number: int = 1, **known: Any) -> KnownJob:
    return KnownJob(RowSummary(job_id=UUID(int=number << 96), status=status), **known)


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ([job("queued")], ", `runops why 00000001` why it waits."),
        ([job("processing")], ", `runops why 00000001` what it does."),
        ([job("error")], ", `runops why 00000001` what to do about it."),
        ([job("completed", has_sop=True), job("error", 2)], ", `runops sop 00000001` prints its SOP."),
        ([job("completed", has_sop=False)], ", `runops why 00000001` which command makes its SOP."),
        ([job("archived"), job("queued", 2)], ", `runops why 00000002` why it waits."),
        ([job(None)], "."),
    ],
)
def test_the_line_below_a_list_offers_what_fits(jobs: list[KnownJob], said: str) -> None:
    assert next_commands(jobs) == f"`runops get 00000001` tells all of a job{said}"


@pytest.mark.parametrize(
    ("seen", "suspended", "says", "code"),
    [
        (videojob(phase="Succeeded", conditions=[FINISHED]), True, "there is nothing to pause", Exit.FAILED),
        (videojob(phase="Failed", conditions=[FINISHED]), False, "there is nothing to resume", Exit.FAILED),
        (videojob(suspend=True), True, f"is already paused. `runops resume {JOB}` continues it.", Exit.OK),
        (videojob(), False, f"is not paused: nothing was changed. `runops why {JOB}` says what it does.", Exit.OK),
    ],
)
def test_videojob_that_needs_no_change(seen: VideoJobView, says: str, code: Exit, *, suspended: bool) -> None:
    result = nothing_to_do(JOB, seen, suspended=suspended)
    assert result is not None
    assert says in result.sentence
    assert result.code is code


def test_videojob_that_needs_a_change() -> None:
    assert nothing_to_do(JOB, videojob(), suspended=True) is None
    assert nothing_to_do(JOB, videojob(suspend=True), suspended=False) is None


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (videojob(), "It has no pod at the moment; the VideoJob is new."),
        (
            videojob(phase="Pending", message="No node has room for the worker."),
            "It has no pod at the moment; the VideoJob is Pending: No node has room for the worker.",
        ),
        (
            videojob(phase="Succeeded", conditions=[FINISHED], workerPod={"name": "vj-1-x7k2p", "uid": "1"}),
            (
                "Its pod vj-1-x7k2p is gone, and its log with it: Jobs and pods are deleted some time after the video "
                "ended (values worker.succeededJobTtlSeconds, worker.failedJobTtlSeconds). The VideoJob is Succeeded."
            ),
        ),
    ],
)
def test_videojob_without_a_pod(seen: VideoJobView, says: str) -> None:
    assert without_pod(seen) == says


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (row("queued"), "queued"),
        (row(None), "without a status"),
        (row("processing"), "processing"),
        (row("processing", progress_stage="parsing_sop", progress_percent=80), "parsing sop 80 %"),
        (
            row("processing", progress_percent=80, runops={"claim": "a1", "by": "us", "reason": "ModelUnavailable"}),
            "waits for another attempt: ModelUnavailable",
        ),
        (
            row(
                "processing", progress_percent=80, runops={"claim": "a1/pod", "by": "us", "reason": "ModelUnavailable"}
            ),
            "processing 80 %",
        ),
        (row("error", error="No\npicture."), "error: No picture."),
        (row("error"), "error: the row gives no reason"),
    ],
)
def test_state_of_a_row_in_words(seen: RowSummary, says: str) -> None:
    assert state(seen) == says


def test_followed_row_prints_changes_only_and_ends_as_the_row_does() -> None:
    rows = FollowedRows([JOB])
    assert rows.update({JOB: row("queued")}) == ["queued"]
    assert rows.update({JOB: row("queued", updated_at="later")}) == []
    assert rows.open == [JOB]
    assert rows.update({JOB: row("cancelled")}) == ["cancelled"]
    assert (rows.open, rows.exit_code) == ([], Exit.FAILED)


def test_followed_row_that_is_missing_or_deleted() -> None:
    missing, deleted = FollowedRows([JOB]), FollowedRows([JOB])
    deleted.update({JOB: row("queued")})
    assert missing.update({}) == [f"There is no job {JOB}."]
    assert deleted.update({}) == [f"The row of job {JOB} was deleted."]
    assert (missing.exit_code, deleted.exit_code) == (Exit.NOT_FOUND, Exit.NOT_FOUND)


def test_several_followed_rows_are_named() -> None:
    other = uuid4()
    rows = FollowedRows([JOB, other])
    assert rows.update({JOB: row("completed"), other: row("queued")}) == [f"{JOB}  completed", f"{other}  queued"]
    assert (rows.open, rows.exit_code) == ([other], Exit.OK)


def test_table_prints_open_rows_first_and_then_every_change_oldest_first() -> None:
    table, newer, older = TableChanges(), row("queued"), row("completed").model_copy(update={"job_id": uuid4()})
    assert table.update([newer, older]) == [f"{JOB}  queued"]
    assert table.update([newer, older]) == []
    done = newer.model_copy(update={"status": "completed"})
    archived = older.model_copy(update={"status": "archived"})
    assert table.update([archived, done]) == [f"{JOB}  completed", f"{older.job_id}  archived"]


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        (Exit.OK, Exit.NOT_FOUND, Exit.NOT_FOUND),
        (Exit.FAILED, Exit.NOT_FOUND, Exit.FAILED),
        (Exit.OK, Exit.FAILED, Exit.FAILED),
    ],
)
def test_exit_code_of_several_jobs(one: Exit, other: Exit, result: Exit) -> None:
    assert worse(one, other) is worse(other, one) is result


def test_an_unexpected_error_asks_for_a_report_and_shows_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "sb_secret_" + "x" * 30

    def broken() -> None:
        raise RuntimeError(key)

    monkeypatch.setattr(main, "app", broken)
    with pytest.raises(SystemExit) as ended:
        main.run()
    printed = capsys.readouterr().err
    assert ended.value.code == 1
    assert "RuntimeError" in printed
    assert "This is a bug in runops. Please report it" in printed
    assert key not in printed


async def test_a_repeated_job_is_used_once_and_an_error_stops_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [UUID(int=number) for number in (1, 2, 1, 3, 4)]
    asked: list[UUID] = []

    async def command(job_id: UUID) -> JobResult:
        asked.append(job_id)
        if job_id.int == 2:
            raise CommandFailed("The cluster does not answer.")
        return JobResult("done.")

    assert await each_job(jobs, command) is Exit.UNAVAILABLE
    assert asked == jobs[:2]
    rest = f"{jobs[3]} {jobs[4]}"
    assert capsys.readouterr().err.splitlines()[-1] == f"Not tried: {rest}. Run the same command with these ids."


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (["completed"], "`runops sop 00000000` prints its SOP."),
        (["error"], "`runops why 00000000` says what to do."),
        (["completed", "error"], "`runops list` shows them."),
        ([None], "`runops list` shows the jobs."),
    ],
)
def test_what_has_ended_is_followed_by_the_next_command(ends: list[str | None], said: str | None) -> None:
    rows = {UUID(int=number): status for number, status in enumerate(ends, 1)}
    followed = FollowedRows(rows)
    assert followed.next_command is None
    followed.update({job_id: RowSummary(job_id=job_id, status=status) for job_id, status in rows.items() if status})
    assert followed.next_command == said


def test_titles_of_columns_are_the_same_for_any_list() -> None:
    titles = as_csv([]).split(",")
    stamp = {"claim": "a", "by": "us", "not_before": "2026-11-30T19:00:00Z"}
    full = KnownJob(row("error", error="No.", user_id="u", runops=stamp, progress_percent=3), position=1, title="T")
    assert next(csv.reader(io.StringIO(as_csv([full])))) == titles
    assert {"runops.by", "reason", "ends.likely", "cost_usd", "recording_seconds"} < set(titles)


async def test_stale_rows_are_followed_by_the_next_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def found(_supabase: object, *, unchanged_since: datetime) -> UnclaimedRows:  # noqa: ARG001
        return rows

    supabase: Any = None
    monkeypatch.setattr(retry_stale, "find_unclaimed", found)
    rows = UnclaimedRows(left_behind=[JOB], changed_since=0, undated=[])
    await retry_stale.retry_stale(supabase, NOW, yes=False, dry_run=True)
    assert capsys.readouterr().err == "1 would be queued again. Without --dry-run, the same command queues them.\n"
    rows = UnclaimedRows(left_behind=[], changed_since=0, undated=[])
    await retry_stale.retry_stale(supabase, NOW, yes=False, dry_run=True)
    assert "`runops list --status processing` shows those at work." in capsys.readouterr().err
