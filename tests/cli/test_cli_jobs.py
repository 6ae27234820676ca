"""`runops list`, `get`, `why`: filters, columns, formats, beginnings of ids, against a real table."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import yaml
from rich.cells import cell_len
from rich.console import Console
from typer.testing import Result

from devstack.faults import Fault, FaultControl
from runops.failures import TABLE, Reason
from runops.job_story.known_job import KnownJob
from runops.job_story.results import JobResults, StoredObject, paid_by_checkpoint
from runops.job_story.story import JobStory
from runops.report import Usage
from runops.row_summary import RowSummary
from runops.time_left import TimeLeft
from runops.videojob import VideoJobStatus
from runops.videojob_view import VideoJobView
from runops.why_waiting import explain
from runops_cli.cluster.find_videojobs import ids_of
from runops_cli.rows.job_output import as_csv
from runops_cli.rows.job_page import job_page
from runops_cli.rows.job_sort import Sort, sorted_jobs
from runops_cli.rows.job_table import short_ids, table, time_left
from runops_cli.terminal.completion import complete_job
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.job_refs import parse_job_ref

Runops = Callable[..., Result]
Answers = Callable[[dict[str, str]], None]
NOW = datetime(2026, 11, 30, 19, 0, tzinfo=UTC)
ANN = str(UUID(int=7))
CLAIM = {"claim": "0a1b2c3d-0000-4000-8000-000000000001/pod", "by": "runops/runops"}
OVERLOADED = f"{TABLE[Reason.MODEL_UNAVAILABLE].sentence} (HTTP 503)"


def insert(database: psycopg.Connection, *, minutes: float = 0, status: str = "queued", **columns: Any) -> str:
    job_id = str(columns.get("job_id") or uuid4())
    database.execute(
        "insert into jobs (job_id, status, created_at, metadata, error) values (%s, %s, now() - %s, %s, %s)",
        [job_id, status, timedelta(minutes=minutes), json.dumps(columns.get("metadata")), columns.get("error")],
    )
    return job_id


def titled(database: psycopg.Connection, job_id: str, title: str) -> None:
    database.execute(
        "insert into sops (job_id, data) values (%s, %s)", [job_id, json.dumps({"meta": {"title": title}})]
    )


def videojob(job_id: str, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": f"vj-{job_id}", "creationTimestamp": "2026-11-30T18:40:00Z"},
        "spec": {"model": {"transcribe": "gemini-x", "sop": "gemini-y"}},
        "status": status,
    }


def names(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return result.stdout.split()


def test_filters_combine(runops: Runops, database: psycopg.Connection) -> None:
    user = uuid4()
    wanted = insert(database, status="error", error=OVERLOADED, metadata={"user_id": str(user)}, minutes=30)
    insert(database, status="error", error=OVERLOADED, metadata={"user_id": str(user)}, minutes=90)
    insert(database, status="error", error=OVERLOADED)
    insert(database, status="error", error="A cat.", metadata={"user_id": str(user)})
    asked = ["--reason", "modelunavailable", "--user", user, "--since", "1h", "--matching", "http 503", "-s", "error"]
    assert names(runops("list", *asked, "-o", "name")) == [wanted]
    assert "No job matches" in runops("list", *asked, "--changed-since", "2026-01-01", "--since", "1s").stderr


def test_the_queue_has_positions_and_finished_jobs_their_titles(runops: Runops, database: psycopg.Connection) -> None:
    busy, other = str(uuid4()), str(uuid4())
    first, second = (insert(database, minutes=age, metadata={"user_id": busy}) for age in (9, 8))
    third = insert(database, minutes=1, metadata={"user_id": other})
    later = insert(database, minutes=10, metadata={"backfill": True})
    done = insert(database, minutes=20, status="completed")
    titled(database, done, "Book\nsupplier invoices")
    titles, *lines = runops("list", "--sort", "position").stdout.splitlines()
    assert titles.split() == ["JOB", "STATUS", "POSITION", "AGE", "TITLE"]
    cells = {line.split()[0]: line.split()[1:] for line in lines}
    # The other user's first video goes before the busy user's second; backfills are a queue of their own.
    assert [cells[one][1] for one in (first, third, second, later)] == ["1", "2", "3", "1"]
    assert cells[done] == ["completed", "-", cells[done][2], "Book", "supplier", "invoices"]


@pytest.fixture
def closed_sops(database: psycopg.Connection) -> Iterator[None]:
    """Take the right to read the table `sops` away."""
    database.execute("revoke select on sops from service_role")
    yield
    database.execute("grant select on sops to service_role")


@pytest.mark.usefixtures("closed_sops")
def test_jobs_are_shown_though_the_table_sops_cannot_be_read(runops: Runops, database: psycopg.Connection) -> None:
    done = insert(database, status="completed")
    trouble = "The table sops could not be read: "
    listed, got, why = runops("list"), runops("get", done), runops("why", done)
    assert [one.exit_code for one in (listed, got, why)] == [Exit.OK] * 3
    assert listed.stdout.splitlines()[1].split()[:2] == [str(done), "completed"]
    assert "without a SOP" not in listed.stdout + listed.stderr
    assert listed.stderr.startswith(f"Titles are left out. {trouble}")
    assert f"It is completed. Whether it has a SOP is not known. {trouble}" in " ".join(got.stdout.split())
    assert "`runops check` tests the project." in why.stdout


def test_a_cluster_adds_time_left_and_cost_and_decides_models_and_lengths(
    runops: Runops, database: psycopg.Connection, kubectl_answers: Answers
) -> None:
    job_id, other = insert(database, status="processing", metadata={"runops": CLAIM}), insert(database)
    later = datetime.now(UTC) + timedelta(minutes=10)
    ends = {name: later.isoformat() for name in ("earliest", "likely", "latest")}
    found = videojob(
        job_id, timeLeft=ends, usage={"costUsd": "0.0812", "mediaSeconds": 612, "totalTokens": 9}, stage="transcribing"
    )
    kubectl_answers({"get videojobs": json.dumps({"items": [found]}), "get configmaps": json.dumps({"items": []})})
    titles, *lines = runops("list").stdout.splitlines()
    assert titles.split() == ["JOB", "STATUS", "POSITION", "ETA", "COST", "ATTEMPTS", "AGE", "TITLE"]
    cells = {line.split()[0]: line.split()[1:] for line in lines}
    assert cells[job_id][2:4] in (["9m", "0.08"], ["10m", "0.08"])
    wide = runops("list", "-o", "wide").stdout
    assert all(word in wide for word in ("LENGTH", "10m", "gemini-x,gemini-y", "runops/runops"))
    chosen = runops("list", "--model", "gemini-y", "--longer-than", "10m", "-o", "name")
    assert names(chosen) == [job_id]
    assert "1 more are left out: nothing tells their model or length." in chosen.stderr
    assert names(runops("list", "--longer-than", "11m", "-o", "name")) == []
    (first, _) = json.loads(runops("list", "--sort", "cost", "-o", "json").stdout)
    assert (first["job_id"], first["cost_usd"], first["recording_seconds"]) == (job_id, "0.0812", 612.0)
    assert first["ends"]["likely"] == later.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert other in runops("list").stdout


def test_without_a_cluster_completed_rows_tell_their_models_and_lengths(
    runops: Runops, database: psycopg.Connection
) -> None:
    took = {"recording": 612, "stages": {"transcribing": 60}, "models": "gemini-x,gemini-y"}
    done = insert(database, status="completed", metadata={"runops": CLAIM | {"took": took}})
    insert(database, status="completed", metadata={"runops": CLAIM | {"took": took | {"recording": 5}}})
    insert(database)
    result = runops("list", "--longer-than", "10m", "--model", "gemini-x", "-o", "name")
    assert names(result) == [done]
    assert "1 more are left out: nothing tells their model or length." in result.stderr
    assert "10m" in runops("list", "-o", "wide").stdout


def test_every_format_has_every_job(runops: Runops, database: psycopg.Connection) -> None:
    token = "0a1b2c3d-0000-4000-8000-000000000001"
    job_id = insert(database, status="error", error='=HYPERLINK("x"),\n録画', metadata={"runops": CLAIM})
    assert yaml.safe_load(runops("list", "-o", "yaml").stdout) == json.loads(runops("list", "-o", "json").stdout)
    (row,) = csv.DictReader(io.StringIO(runops("list", "-o", "csv").stdout))
    assert (row["job_id"], row["error"], row["runops.by"]) == (job_id, '\'=HYPERLINK("x"),\n録画', "runops/runops")
    assert names(runops("list", "-o", "name")) == [job_id]
    for form in ("table", "wide", "json", "yaml", "csv", "name"):
        assert token not in runops("list", "-o", form).output
    assert runops("list", "-s", "completed", "-o", "csv").stdout.splitlines() == [as_csv([])]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("6F1D3A52-2f5c-4b0e-9a51-0a6b8f6f0c11", True),
        ("6f1d3a522f5c4b0e9a510a6b8f6f0c11", True),
        ("6f1d", False),
        ("6f1d3a52-2", False),
    ],
)
def test_a_job_is_named_by_its_id_or_its_beginning(text: str, whole: bool) -> None:
    ref = parse_job_ref(text)
    assert (ref.whole is not None) == whole
    assert ref.begins(UUID("6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11"))


@pytest.mark.parametrize("text", ["6f1", "no-uuid", "6f1d3a5-2", "6f1d3a522f5c", "%%%%", ""])
def test_what_no_id_begins_with_is_refused(runops: Runops, text: str) -> None:
    result = runops("get", text)
    assert result.exit_code == 2
    assert "at least four characters" in " ".join(result.stderr.replace("│", " ").split())


def test_an_ambiguous_beginning_says_which(runops: Runops, database: psycopg.Connection) -> None:
    one = insert(database, job_id="abcd0000-0000-4000-8000-000000000001", status="error", error="A cat.")
    two = insert(database, job_id="abcd0000-0000-4000-8000-000000000002")
    insert(database, job_id="abce0000-0000-4000-8000-000000000002")
    for command in ("get", "why", "cancel", "retry", "watch", "sop"):
        result = runops(command, "abcd")
        assert result.exit_code == 2, command
        assert f"{one}  error  A cat." in result.stderr
        assert f"{two}  queued" in result.stderr
    missing = runops("get", "ffff")
    assert (missing.exit_code, "No job's id begins with ffff" in missing.stderr) == (3, True)
    assert runops("cancel", "ABCE").exit_code == 0
    assert runops("retry", "abce0000-0").exit_code == 0


def test_on_a_cluster_the_beginning_of_a_videojob_is_enough(runops: Runops, kubectl_answers: Answers) -> None:
    one, two = "abcd0000-0000-4000-8000-000000000001", "abcd1000-0000-4000-8000-000000000002"
    listed = "\n".join(f"videojob.runops.dev/vj-{job_id}" for job_id in (one, two))
    kubectl_answers(
        {
            "-o name": f"{listed}\nvideojob.runops.dev/by-hand",
            f"vj-{one}": json.dumps(videojob(one) | {"spec": {"suspend": True}}),
        }
    )
    result = runops("pause", "abcd0")
    assert (result.exit_code, f"{one}  is already paused" in result.stderr) == (0, True), result.output
    ambiguous = runops("logs", "abcd")
    assert (ambiguous.exit_code, one in ambiguous.stderr, two in ambiguous.stderr) == (2, True, True)
    assert runops("resume", "ffff").exit_code == 3


def test_names_of_other_objects_are_no_jobs() -> None:
    assert ids_of(["videojob.runops.dev/by-hand", "", "x/vj-", f"videojob.runops.dev/vj-{UUID(int=1)}"]) == [
        UUID(int=1)
    ]


def test_the_shell_completes_ids_and_waits_for_nothing(
    runops: Runops, database: psycopg.Connection, faults: FaultControl
) -> None:
    job_id = insert(database, job_id="abcd0000-0000-4000-8000-000000000001")

    class Given:
        params: dict[str, Any] = {}  # noqa: RUF012 - never changed

    assert runops("list").exit_code == 0
    context: Any = Given()
    assert complete_job(context, "AB") == complete_job(context, "") == [(job_id, "queued")]
    assert complete_job(context, "x") == complete_job(context, "ac") == []
    faults.set(Fault(method="GET", path="/rest/v1/jobs", kind="drop_before", times=None))
    assert complete_job(context, "ab") == []


def test_why_is_one_line(runops: Runops, database: psycopg.Connection, kubectl_answers: Answers) -> None:
    waiting = insert(database, metadata={"user_id": ANN})
    insert(database, minutes=1)
    insert(database, status="processing", metadata={"user_id": ANN})
    config = yaml.dump({"release": "runops", "maxConcurrentPerUser": 1, "leaderElection": {"lease": "lease"}})
    labels = {"app.kubernetes.io/instance": "runops"}
    release = {"metadata": {"name": "runops-operator", "labels": labels}, "data": {"operator.yaml": config}}
    kubectl_answers(
        {
            "get videojobs": json.dumps({"items": []}),
            "get configmaps": json.dumps({"items": [release]}),
            "get lease": json.dumps({"spec": {"holderIdentity": "operator-1"}}),
            "get pod operator-1": json.dumps({"status": {}}),
        }
    )
    result = runops("why", waiting[:8])
    assert result.exit_code == 0
    (line,) = result.stdout.splitlines()
    assert line.startswith("It waits in the queue: 1 videos of its user are at work, and 1 may be. Since 20")
    assert runops("why", uuid4()).exit_code == 3


def test_get_tells_all_of_a_job(runops: Runops, database: psycopg.Connection, kubectl_answers: Answers) -> None:
    job_id = insert(database, status="completed", minutes=20, metadata={"runops": CLAIM, "user_id": "ann"})
    titled(database, job_id, "Book supplier invoices")
    stages = [{"stage": "transcribing", "startTime": "2026-11-30T18:41:00Z", "seconds": 63.4}]
    usage = {
        "costUsd": "0.0812", "mediaSeconds": 612, "totalTokens": 77_420, "estimatedCostUsd": "0.1",
        "transcribing": {"costUsd": "0.06", "calls": 2}, "parsingSop": {"costUsd": "0.02", "calls": 1},
    }  # fmt: skip
    kubectl_answers(
        {"get videojobs": json.dumps(videojob(job_id, stages=stages, usage=usage, workerPod={"name": "p", "uid": "u"}))}
    )
    page = runops("get", job_id[:6])
    assert page.exit_code == 0, page.output
    for said in (
        "Book supplier invoices",
        f"{job_id}  completed",
        "Its SOP is written.",
        "queued",
        "1m 03s",
        "10m 12s, no longer in storage",
        "77420 tokens, about 0.0812 USD, estimated 0.1 USD",
        "transcript 0.06 USD, 2 calls; SOP 0.02 USD, 1 call",
        "gemini-x, gemini-y",
        f"sops, job_id {job_id}",
        f"runops sop {job_id[:8]}",
    ):
        assert said in page.stdout
    assert CLAIM["claim"] not in page.output
    told = json.loads(runops("get", job_id, "-o", "json").stdout)
    assert [told[name] for name in ("state", "cost_usd", "sops", "transcripts")] == ["completed", "0.0812", 1, 0]
    assert [one["what"] for one in told["timeline"]] == [
        "claimed by the operator",
        "the transcript is made",
        "queued",
        "completed",
    ]
    assert yaml.safe_load(runops("get", job_id, "-o", "yaml").stdout) == told


def test_a_row_that_the_old_worker_completed_without_a_sop(runops: Runops, database: psycopg.Connection) -> None:
    job_id, untitled = insert(database, status="completed"), insert(database, status="completed")
    database.execute("insert into sops (job_id, data) values (%s, %s)", [untitled, json.dumps({"steps": []})])
    database.execute("insert into transcripts (job_id, transcript) values (%s, '[]')", [job_id])
    assert runops("list").stdout.count("without a SOP") == 1
    for command in ("get", "why"):
        told = runops(command, job_id).stdout
        assert "It is completed without a SOP" in told
        assert f"`runops retry {job_id} --from sop` makes one of its transcript." in told
    assert "Its SOP is written." in runops("why", untitled).stdout


def test_get_without_a_cluster_reads_the_checkpoint_and_says_what_it_cannot_read(
    runops: Runops, database: psycopg.Connection, faults: FaultControl
) -> None:
    job_id = insert(database, status="error", error=OVERLOADED)
    page = runops("get", job_id)
    assert page.exit_code == 0
    assert f"It ended in error: {OVERLOADED}" in page.stdout
    assert f"runops retry {job_id[:8]}" in page.stdout
    faults.set(Fault(method="GET", path="/rest/v1/sops", kind="status", status=403, times=None))
    assert "The table sops could not be read" in runops("get", job_id).stdout


@pytest.mark.parametrize(
    ("checkpoint", "paid", "seconds"),
    [
        ({"ledger": {"transcribing": {"cost_usd": "0.06"}, "parsing_sop": {"cost_usd": "0.02"}},
          "slim": {"duration_seconds": 12.5}}, "0.08", 12.5),
        ({"ledger": {"transcribing": {"cost_usd": "0"}}}, None, None),
        ({"ledger": [], "slim": {"duration_seconds": True}}, None, None),
        ({"ledger": {"transcribing": {"cost_usd": "NaN"}}}, None, None),
        (None, None, None), ("x", None, None),
    ],
)  # fmt: skip
def test_what_a_checkpoint_tells(checkpoint: Any, paid: str | None, seconds: float | None) -> None:
    found = paid_by_checkpoint(checkpoint)
    assert (None if found[0] is None else str(found[0]), found[1]) == (paid, seconds)


def listed(number: int, **columns: Any) -> KnownJob:
    made = {"job_id": UUID(int=number << 96), "created_at": NOW.isoformat()}
    known = {name: columns.pop(name) for name in ("videojob", "position", "title", "has_sop") if name in columns}
    return KnownJob(RowSummary.model_validate(made | columns), **known)


def view(cost: str | None = None, seconds: int = 0, minutes: float | None = None) -> VideoJobView:
    usage = Usage(cost_usd=cost, media_seconds=seconds)
    ends = None if minutes is None else TimeLeft(*(NOW + timedelta(minutes=minutes * share) for share in (0.5, 1, 2)))
    return VideoJobView("vj-x", suspended=False, status=VideoJobStatus(usage=usage), ends=ends)


ONE = listed(1, status="processing", videojob=view("0.5", 60, 9), title=None, updated_at="2026-11-30T18:00:00Z")
TWO = listed(2, status="queued", position=3, updated_at="2026-11-30T18:30:00Z")
THREE = listed(3, status="processing", videojob=view("12", 600, 4))
FOUR = listed(4, status="completed", title="Alpha", videojob=view("odd"))


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (Sort.NEWEST, [ONE, TWO, THREE, FOUR]),
        (Sort.CHANGED, [TWO, ONE, THREE, FOUR]),
        (Sort.COST, [THREE, ONE, TWO, FOUR]),
        (Sort.LONGEST, [THREE, ONE, TWO, FOUR]),
        (Sort.ETA, [THREE, ONE, TWO, FOUR]),
        (Sort.POSITION, [TWO, ONE, THREE, FOUR]),
        (Sort.TITLE, [FOUR, ONE, TWO, THREE]),
        (Sort.STATUS, [FOUR, ONE, THREE, TWO]),
    ],
)
def test_jobs_are_sorted_and_what_is_not_known_comes_last(sort: Sort, order: list[KnownJob]) -> None:
    assert sorted_jobs([ONE, TWO, THREE, FOUR], sort) == order


def test_the_end_of_a_job_is_what_its_videojob_says_and_without_one_what_the_rows_tell() -> None:
    by_rows = TimeLeft(NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))
    assert replace(TWO, time_left=by_rows).ends == by_rows
    assert replace(ONE, time_left=by_rows).ends == ONE.ends != by_rows
    says_nothing = replace(listed(6, status="processing", videojob=view()), time_left=by_rows)
    assert says_nothing.ends is None
    assert replace(FOUR, time_left=by_rows).ends is None


@pytest.mark.parametrize("width", [30, 40, 50, 60, 70, 80, 120])
def test_a_table_fits_its_terminal_also_with_wide_characters(width: int) -> None:
    jobs = [ONE, TWO, THREE, FOUR, listed(5, status="error", error="録画には映像がありません。" * 9)]
    jobs += [listed(6, status="completed", title="Überweisung \N{WAVING HAND SIGN}\x1b[31m" * 9)]
    lines = table(jobs, now=NOW, width=width, whole_ids=False)
    assert max(cell_len(line.plain) for line in lines) <= width
    assert "\x1b" not in "".join(line.plain for line in lines)
    starts = {line.plain.index(cell) for line, cell in zip(lines, ("STATUS", "processing", "queued"), strict=False)}
    assert len(starts) == 1


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (30, "JOB STATUS TITLE"),
        (40, "JOB STATUS ETA TITLE"),
        (45, "JOB STATUS POSITION ETA TITLE"),
        (50, "JOB STATUS POSITION ETA AGE TITLE"),
        (60, "JOB STATUS POSITION ETA COST AGE TITLE"),
    ],
)
def test_a_narrow_terminal_has_the_columns_that_matter_most(width: int, titles: str) -> None:
    first = table([ONE, TWO, THREE, FOUR], now=NOW, width=width, whole_ids=False)[0]
    assert " ".join(first.plain.split()) == titles


def test_a_table_without_a_value_in_any_optional_column_has_none_of_them() -> None:
    lines = [line.plain for line in table([FOUR], now=NOW, width=40, whole_ids=False)]
    assert lines == ["JOB       STATUS     AGE  TITLE", "00000004  completed   0s  Alpha"]


def test_a_narrow_table_has_titles_rather_than_attempts() -> None:
    jobs = [
        listed(1, status="processing", progress_stage="preparing_video", progress_percent=20, runops=CLAIM),
        listed(2, status="queued", position=3),
        listed(3, status="completed", title="Book supplier invoices in the ledger"),
    ]
    (narrow, *_), (wide, *_) = (table(jobs, now=NOW, width=width, whole_ids=False) for width in (80, 120))
    assert "ATTEMPTS" not in narrow.plain
    assert "ATTEMPTS" in wide.plain


def test_colours_are_there_on_a_terminal_only() -> None:
    lines = table([ONE, FOUR], now=NOW, width=80)
    shown = {}
    for no_color in (False, True):
        written = io.StringIO()
        console = Console(force_terminal=True, color_system="standard", no_color=no_color, width=80, file=written)
        for line in lines:
            console.print(line)
        shown[no_color] = written.getvalue()
    assert "\x1b[32mcompleted" in shown[False]
    assert "\x1b[3" not in shown[True]


def test_a_completed_job_without_a_sop_is_told_in_the_list_and_on_its_page() -> None:
    without, unknown = listed(1, status="completed", has_sop=False), listed(2, status="completed")
    lines = [line.plain for line in table([FOUR, without, unknown], now=NOW, width=None)[1:]]
    assert [line.partition("0s")[2].strip() for line in lines] == ["Alpha", "(completed without a SOP)", ""]
    results = JobResults(transcripts=1)
    told = explain(without.row, without_sop=results, now=NOW)
    page = "\n".join(line.plain for line in job_page(JobStory(without, NOW, results), told, project_url="http://x"))
    assert f"runops retry {without.row.job_id.hex[:8]} --from sop  makes one of its transcript" in page
    assert "runops sop " not in page


def test_short_ids_tell_the_listed_jobs_apart() -> None:
    near = [UUID("abcd0000-0000-4000-8000-000000000001"), UUID("abcd0000-0000-4000-8000-000000000002")]
    assert set(short_ids({job_id: str(job_id) for job_id in near}).values()) == set(map(str, near))
    assert list(short_ids({near[0]: str(near[0])}).values()) == ["abcd0000"]


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [(4, 9, "4m-9m"), (0.5, 1, "30s-60s"), (-1, 0, ""), (-1, 3, "0m-3m"), (5, 5, "5m"), (1.5, 2.5, "1m-2m")],
)
def test_the_time_left_is_a_range(first: float, last: float, said: str) -> None:
    ends = TimeLeft(*(NOW + timedelta(minutes=minutes) for minutes in (first, first, last)))
    assert time_left(ends, NOW) == said


def test_a_page_of_a_job_without_anything_is_short_and_whole() -> None:
    job = listed(1, status=None, created_at=None)
    results = JobResults((StoredObject("recording", "videos/raw/x.mp4", 5),), troubles=("Odd.",))
    told = explain(job.row, now=NOW)
    lines = job_page(JobStory(job, NOW, results), told, project_url="https://abc.supabase.co")
    page = "\n".join(line.plain for line in lines)
    assert "Timeline" not in page
    assert "https://supabase.com/dashboard/project/abc/editor" in page
    assert "Odd." in page
