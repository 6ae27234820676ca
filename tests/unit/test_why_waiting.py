"""Why a job waits: by its row alone, by its VideoJob, by what is known of the queue."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.drain_order import DrainOrder
from runops.failures import TABLE, Reason
from runops.job_story.known_job import KnownJob
from runops.job_story.results import JobResults, StoredObject
from runops.row_summary import RowSummary
from runops.standstill import Told
from runops.videojob_view import VideoJobView, parse_videojob
from runops.why_waiting import QueueState, State, explain
from runops.why_waiting.at_work import awaited_attempt, is_about_to_start
from runops.why_waiting.explanation import Explanation, length
from runops_cli.rows.changes import state
from runops_cli.rows.job_table import table

NOW = datetime(2026, 11, 30, 19, 0, tzinfo=UTC)
JOB = UUID("6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11")
SINCE = "2026-11-30T18:50:00Z"
CLAIM = {"claim": "0a1b2c3d-0000-4000-8000-000000000001", "by": "runops/runops", "attempt": 1}
BOUND = CLAIM | {"claim": f"{CLAIM['claim']}/pod-uid"}


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def row(status: str | None, *, minutes: float = 5, written: float = 0.5, **columns: Any) -> RowSummary:
    made = {"job_id": JOB, "status": status, "created_at": ago(minutes), "updated_at": ago(written)}
    return RowSummary.model_validate(made | columns)


def queued(**columns: Any) -> RowSummary:
    return row("queued", written=5, **columns)


def videojob(*conditions: tuple[str, str, str, str], suspend: bool = False, **status: Any) -> VideoJobView:
    made = [
        {
            "type": kind,
            "status": holds,
            "reason": reason,
            "message": message,
            "lastTransitionTime": "2026-11-30T18:50:00Z",
        }
        for kind, holds, reason, message in conditions
    ]
    return parse_videojob(
        {"metadata": {"name": f"vj-{JOB}"}, "spec": {"suspend": suspend}, "status": {"conditions": made, **status}}
    )


def waits_for(reason: str, message: str, kind: str = "Progressing") -> VideoJobView:
    return videojob((kind, "False" if kind == "Progressing" else "True", reason, message))


UNSCHEDULABLE = "No node has room for the worker yet. (0/3 nodes are available: 3 Insufficient cpu.)"
PULL = "The worker's image cannot be pulled. (manifest unknown)"
QUOTA = TABLE[Reason.QUOTA_EXCEEDED]
SPENT = TABLE[Reason.SPENDING_CAP_REACHED]
MISSING = TABLE[Reason.SOURCE_MISSING]
DRAIN = QueueState(drain=DrainOrder("2026-11-30T18:00:00Z", by="ann", why="upgrade"))
CAP = "The cap per day is reached. No rows are claimed since 1."
STANDSTILL = QueueState(standstill=Told("SpendingCapReached", CAP, "Wait."))

MIN_5 = "Since 2026-11-30T18:55:00Z (5 minutes)."
MIN_1 = "Since 2026-11-30T18:59:00Z (60 seconds)."
MIN_2 = "Since 2026-11-30T18:58:00Z (2 minutes)."
SEC_30 = "Since 2026-11-30T18:59:30Z (30 seconds)."
MIN_10 = "Since 2026-11-30T18:50:00Z (10 minutes)."
CHECK = "`runops check` says whether anything claims jobs, and if not, why."

CASES: dict[str, tuple[RowSummary, VideoJobView | None, QueueState, State, str]] = {
    "queued": (
        queued(),
        None,
        QueueState(),
        State.WAITING,
        f"It waits in the queue. {MIN_5} {CHECK}",
    ),
    "just queued": (
        queued(minutes=1, updated_at=ago(1)),
        None,
        QueueState(ahead=0),
        State.WAITING,
        f"It is the next in the queue and waits for a slot. {MIN_1}",
    ),
    "behind others": (
        queued(minutes=1, updated_at=ago(1)),
        None,
        QueueState(ahead=1200),
        State.WAITING,
        f"It waits in the queue behind 1,200 other jobs. {MIN_1}",
    ),
    "behind one": (
        queued(minutes=1, updated_at=ago(1)),
        None,
        QueueState(ahead=1),
        State.WAITING,
        f"It waits in the queue behind 1 other job. {MIN_1}",
    ),
    "queued again": (
        row("queued", minutes=90, written=2),
        None,
        QueueState(ahead=0),
        State.WAITING,
        f"It is the next in the queue and waits for a slot. {MIN_2} {CHECK}",
    ),
    "behind others, for long": (
        queued(),
        None,
        QueueState(ahead=2),
        State.WAITING,
        f"It waits in the queue behind 2 other jobs. {MIN_5} {CHECK}",
    ),
    "below the user's limit": (
        queued(minutes=1, updated_at=ago(1)),
        None,
        QueueState(ahead=0, of_user=0, limit_of_user=1),
        State.WAITING,
        f"It is the next in the queue and waits for a slot. {MIN_1}",
    ),
    "at the user's limit": (
        queued(),
        None,
        QueueState(ahead=0, of_user=2, limit_of_user=2),
        State.WAITING,
        (
            f"It waits in the queue: 2 videos of its user are at work, and 2 may be. {MIN_5} It runs when one of "
            "them has ended."
        ),
    ),
    "drained": (
        queued(),
        None,
        DRAIN,
        State.HINDERED,
        (
            "It waits in the queue, since nothing new is claimed: Drained since 2026-11-30T18:00:00Z by ann: "
            f"upgrade. {MIN_5} `runops undrain` ends the drain."
        ),
    ),
    "spending cap": (
        queued(),
        None,
        STANDSTILL,
        State.HINDERED,
        (
            "It waits in the queue, since nothing is claimed: SpendingCapReached: The cap per day is reached. "
            f"No rows are claimed since 1. {MIN_5} Wait."
        ),
    ),
    "cannot be claimed": (
        queued(error=TABLE[Reason.JOB_REFUSED].sentence),
        None,
        DRAIN,
        State.HINDERED,
        f"It waits in the queue: {TABLE[Reason.JOB_REFUSED].sentence} {MIN_5} {TABLE[Reason.JOB_REFUSED].remedy}",
    ),
    "claimed": (
        row("processing", runops=CLAIM),
        None,
        QueueState(),
        State.WAITING,
        "runops/runops has claimed it, and its worker is about to start.",
    ),
    "retry backoff": (
        row("processing", runops=CLAIM | {"reason": "UploadTimeout", "failures": 1, "not_before": ago(-2)}),
        None,
        QueueState(),
        State.WAITING,
        (
            f"It waits for attempt 2. UploadTimeout: {TABLE[Reason.UPLOAD_TIMEOUT].sentence} Until "
            f"2026-11-30T19:02:00Z (in 2 minutes). {TABLE[Reason.UPLOAD_TIMEOUT].remedy}"
        ),
    ),
    "quota": (
        row("processing", runops=CLAIM | {"reason": "QuotaExceeded", "not_before": ago(3)}),
        None,
        QueueState(),
        State.HINDERED,
        (
            f"It waits for another attempt. QuotaExceeded: {QUOTA.sentence} Other videos meet the same. One at a "
            f"time tries whether it is over. {QUOTA.remedy}"
        ),
    ),
    "its VideoJob waits for a cap": (
        row("processing", runops=CLAIM | {"reason": "SpendingCapReached"}),
        None,
        QueueState(),
        State.HINDERED,
        f"It waits for another attempt. SpendingCapReached: {SPENT.sentence} {SPENT.remedy}",
    ),
    "silent, but not for long": (
        row("processing", written=5, runops=BOUND),
        None,
        QueueState(),
        State.RUNNING,
        "It runs: its worker has begun.",
    ),
    "runs": (
        row("processing", runops=BOUND, progress_stage="parsing_sop", progress_percent=70),
        None,
        QueueState(),
        State.RUNNING,
        "It runs: parsing sop, 70 %.",
    ),
    "runs without a cluster": (
        row("processing", runops=CLAIM | {"by": "work/desk"}),
        None,
        QueueState(),
        State.RUNNING,
        "It runs: its worker has begun.",
    ),
    "its worker is silent": (
        row("processing", written=12, runops=BOUND, progress_stage="transcribing"),
        None,
        QueueState(),
        State.HINDERED,
        (
            "It runs: transcribing. Its worker has written nothing for 12 minutes. runops takes it up again by "
            "itself; `runops check` shows whether it can."
        ),
    ),
    "of another consumer": (
        row("processing"),
        None,
        QueueState(),
        State.RUNNING,
        "Another consumer than runops works on it: its row has no claim.",
    ),
    "left by another consumer": (
        row("processing", written=61),
        None,
        QueueState(),
        State.HINDERED,
        (
            "Another consumer than runops works on it: its row has no claim. Nothing was written to it for 61 "
            f"minutes. `runops retry --force {JOB}` takes it away and queues it again."
        ),
    ),
    "completed": (
        row("completed", completed_at=ago(1)),
        None,
        QueueState(),
        State.COMPLETED,
        f"Its SOP is written. {MIN_1} `runops sop {JOB}` prints it.",
    ),
    "failed": (
        row("error", error=TABLE[Reason.NO_VIDEO_STREAM].sentence),
        None,
        QueueState(),
        State.FAILED,
        (
            f"It ended in error: {TABLE[Reason.NO_VIDEO_STREAM].sentence} {SEC_30} "
            f"{TABLE[Reason.NO_VIDEO_STREAM].remedy} `runops retry {JOB}` runs it again."
        ),
    ),
    "failed, with a remedy that ends in a retry": (
        row("error", error=MISSING.sentence),
        None,
        QueueState(),
        State.FAILED,
        f"It ended in error: {MISSING.sentence} {SEC_30} {MISSING.remedy}",
    ),
    "failed, with its remedy told": (
        row("error", error=TABLE[Reason.MEDIA_CORRUPT].with_remedy()),
        None,
        QueueState(),
        State.FAILED,
        (
            f"It ended in error: {TABLE[Reason.MEDIA_CORRUPT].with_remedy()} {SEC_30} `runops retry {JOB}` runs "
            "it again."
        ),
    ),
    "failed without a word": (
        row("error"),
        waits_for("Starting", "x"),
        QueueState(),
        State.FAILED,
        f"It ended in error: the row gives no reason. {SEC_30} `runops retry {JOB}` runs it again.",
    ),
    "cancelled": (
        row("error", error="Cancelled by `runops cancel`: Wrong\nvideo."),
        None,
        QueueState(),
        State.CANCELLED,
        f"Cancelled by `runops cancel`: Wrong video. {SEC_30} `runops retry {JOB}` runs it again.",
    ),
    "of the app": (
        row("archived"),
        None,
        QueueState(),
        State.NOT_OURS,
        (
            f"Its row has the status archived of the app, so runops leaves it alone. {SEC_30} Set it to queued "
            "to have it run."
        ),
    ),
    "without a status": (
        row(None, updated_at=None),
        None,
        QueueState(),
        State.NOT_OURS,
        "Its row has no status, so runops leaves it alone. Set it to queued to have it run.",
    ),
    "paused": (
        row("processing", runops=BOUND),
        videojob(("Progressing", "False", "Suspended", "x"), suspend=True),
        QueueState(),
        State.HINDERED,
        f"It is paused: spec.suspend of its VideoJob is true. {MIN_10} `runops resume {JOB}` continues it.",
    ),
    "not admitted by the cluster's queue": (
        row("processing", runops=CLAIM),
        waits_for("Suspended", "Suspended. It continues when the queue admits it."),
        QueueState(),
        State.HINDERED,
        f"Suspended. It continues when the queue admits it. {MIN_10}",
    ),
    "no node has room": (
        row("processing", runops=CLAIM),
        waits_for("Unschedulable", UNSCHEDULABLE),
        QueueState(),
        State.HINDERED,
        f"It waits. Unschedulable: {UNSCHEDULABLE} {MIN_10} {TABLE[Reason.UNSCHEDULABLE].remedy}",
    ),
    "its image, for too long": (
        row("processing", runops=CLAIM),
        waits_for("ImagePullFailed", f"{PULL} {TABLE[Reason.IMAGE_PULL_FAILED].remedy}", "Stalled"),
        QueueState(),
        State.HINDERED,
        f"It waits. ImagePullFailed: {PULL} {MIN_10} {TABLE[Reason.IMAGE_PULL_FAILED].remedy}",
    ),
    "blocked": (
        row("processing", runops=CLAIM | {"reason": "QuotaExceeded", "not_before": ago(-1)}),
        waits_for("QuotaExceeded", f"{QUOTA.sentence} Trying again at 2026-11-30T19:09:00Z.", "Blocked"),
        QueueState(),
        State.HINDERED,
        (
            f"It waits. QuotaExceeded: {QUOTA.sentence} Since 2026-11-30T18:50:00Z (10 minutes), until "
            f"2026-11-30T19:01:00Z (in 60 seconds). {QUOTA.remedy}"
        ),
    ),
    "backoff of a VideoJob": (
        row("processing", runops=CLAIM),
        waits_for("UploadTimeout", f"{TABLE[Reason.UPLOAD_TIMEOUT].sentence} Trying again at 2026-11-30T19:03:00Z."),
        QueueState(),
        State.HINDERED,
        (
            f"It waits. UploadTimeout: {TABLE[Reason.UPLOAD_TIMEOUT].sentence} Since 2026-11-30T18:50:00Z (10 "
            f"minutes), until 2026-11-30T19:03:00Z (in 3 minutes). {TABLE[Reason.UPLOAD_TIMEOUT].remedy}"
        ),
    ),
    "its pod starts": (
        row("processing", runops=CLAIM),
        waits_for("Starting", "The worker's pod is starting."),
        QueueState(),
        State.WAITING,
        f"The worker's pod is starting. {MIN_10}",
    ),
    "runs in a pod": (
        row("processing", runops=BOUND),
        videojob(
            ("Progressing", "True", "Running", "The worker is running."),
            stage="transcribing",
            progress="55%",
            startTime="2026-11-30T18:40:00Z",
            stages=[{"stage": "preparing_video", "startTime": "2026-11-30T18:40:00Z", "seconds": 300}],
        ),
        QueueState(),
        State.RUNNING,
        "It runs: transcribing, 55 %. Since 2026-11-30T18:45:00Z (15 minutes).",
    ),
    "runs in its first stage": (
        row("processing", runops=BOUND),
        videojob(
            ("Progressing", "True", "Running", "The worker is running."),
            stage="preparing_video",
            startTime="2026-11-30T18:40:00Z",
        ),
        QueueState(),
        State.RUNNING,
        "It runs: preparing video. Since 2026-11-30T18:40:00Z (20 minutes).",
    ),
    "its VideoJob is of an earlier run": (
        queued(minutes=1, updated_at=ago(1)),
        videojob(("Finished", "True", "Completed", "x"), ("Progressing", "False", "Completed", "Done.")),
        QueueState(ahead=0),
        State.WAITING,
        f"It is the next in the queue and waits for a slot. {MIN_1}",
    ),
    "its VideoJob has no status": (
        row("processing", runops=BOUND, progress_stage="transcribing"),
        videojob(),
        QueueState(),
        State.RUNNING,
        "It runs: transcribing.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_why(case: str) -> None:
    job, view, queue, state, said = CASES[case]
    told = explain(job, videojob=view, queue=queue, now=NOW)
    assert (told.state, told.in_words(NOW)) == (state, said)


TRANSCRIPT_IN_STORAGE = StoredObject("transcript", "videos/transcripts/x.json", 9)
RECORDING_GONE = StoredObject("recording", "videos/raw/x.mp4", None)
AGAIN = f"`runops retry {JOB}` makes one of its recording."
FROM_TRANSCRIPT = f"`runops retry {JOB} --from sop` makes one of its transcript."


@pytest.mark.parametrize(
    ("results", "remedy"),
    [
        (JobResults(transcripts=1), FROM_TRANSCRIPT),
        (JobResults((RECORDING_GONE, TRANSCRIPT_IN_STORAGE)), FROM_TRANSCRIPT),
        (JobResults((replace(RECORDING_GONE, size=0), replace(TRANSCRIPT_IN_STORAGE, size=None))), AGAIN),
        (JobResults(troubles=("Storage could not be read.",)), AGAIN),
        (
            JobResults((RECORDING_GONE,)),
            "`runops submit RECORDING` uploads the recording again: it is no longer there, and has no transcript.",
        ),
    ],
)
def test_a_row_that_was_completed_without_a_sop_says_which_command_makes_one(results: JobResults, remedy: str) -> None:
    told = explain(row("completed", completed_at=ago(1)), without_sop=results, now=NOW)
    assert told.state is State.WITHOUT_SOP
    assert told.in_words(NOW) == f"It is completed without a SOP: the table sops has none of it. {MIN_1} {remedy}"


def test_a_completed_row_is_not_said_to_have_a_sop_where_the_table_cannot_be_read() -> None:
    told = explain(row("completed", completed_at=ago(1)), sop_trouble="The table is closed.", now=NOW)
    sentence = "It is completed. Whether it has a SOP is not known. The table is closed."
    assert (told.state, told.in_words(NOW)) == (
        State.COMPLETED,
        f"{sentence} {MIN_1} `runops check` tests the project.",
    )


@pytest.mark.parametrize(
    ("status", "stamp", "stage", "starts", "awaits"),
    [
        ("processing", CLAIM, None, True, None),
        ("processing", CLAIM, "transcribing", False, None),
        ("processing", BOUND, None, False, None),
        ("processing", CLAIM | {"by": "work/desk"}, None, False, None),
        ("processing", None, None, False, None),
        ("queued", CLAIM, None, False, None),
        ("processing", CLAIM | {"reason": "Evicted"}, None, False, Reason.EVICTED),
        ("processing", CLAIM | {"reason": "Evicted"}, "transcribing", False, Reason.EVICTED),
        ("processing", BOUND | {"reason": "Evicted"}, "transcribing", False, None),
        ("processing", CLAIM | {"by": "work/desk", "reason": "Evicted"}, None, False, None),
        ("queued", CLAIM | {"reason": "Evicted"}, None, False, None),
    ],
)
def test_list_and_why_tell_the_same_of_a_row_at_work(
    status: str, stamp: dict[str, Any] | None, stage: str | None, awaits: Reason | None, *, starts: bool
) -> None:
    job = row(status, runops=stamp, progress_stage=stage, progress_percent=55)
    assert (is_about_to_start(job), awaited_attempt(job)) == (starts, awaits)
    if status != "processing":
        return
    _, line = table([KnownJob(job)], now=NOW, width=None)
    sentence = explain(job, now=NOW).sentence
    assert ("about to start" in line.plain) == ("is about to start" in sentence) == ("about to start" in state(job))
    assert ("Evicted" in line.plain) == ("Evicted" in sentence) == ("Evicted" in state(job))
    assert (
        ("transcribing  55" in line.plain) == ("transcribing, 55 %" in sentence) == ("transcribing 55 %" in state(job))
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(
    status=st.sampled_from(["queued", "processing", "completed", "error", "archived", None]),
    error=st.none() | st.text(max_size=50),
    times=st.lists(st.none() | st.sampled_from(["infinity", "2026-11-30", ago(1), ago(-1)]), min_size=2, max_size=2),
    runops=JSON
    | st.sampled_from(list(Reason)).map(lambda reason: CLAIM | {"reason": reason.value, "not_before": ago(-1)}),
    view=st.none() | JSON.map(lambda spec: parse_videojob({"metadata": {"name": "vj-x"}, "status": spec})),
)
def test_whatever_is_in_a_row_there_is_a_sentence(
    status: str | None, error: str | None, times: list[str | None], runops: Any, view: VideoJobView | None
) -> None:
    job = RowSummary(job_id=JOB, status=status, error=error, created_at=times[0], updated_at=times[1], runops=runops)
    told = explain(job, videojob=view, now=NOW)
    assert told.in_words(NOW).strip()
    assert (
        told.sentence[0].isupper()
        or told.sentence.startswith(("runops", error or "x"))
        or " has claimed it" in told.sentence
    )


@pytest.mark.parametrize(("reason"), Reason)
def test_each_reason_that_a_job_may_wait_for_has_its_remedy(reason: Reason) -> None:
    told = explain(row("processing", runops=CLAIM | {"reason": reason.value}), now=NOW)
    assert TABLE[reason].sentence in told.sentence
    assert told.remedy == TABLE[reason].remedy


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7200, "2 hours"),
        (200_000, "2 days"),
    ],
)
def test_lengths_are_said_in_one_unit(seconds: float, said: str) -> None:
    assert length(seconds) == said


@pytest.mark.parametrize(("minutes", "is_told"), [(1, False), (0, False), (-1, True)])
def test_a_time_that_has_come_is_not_waited_for(minutes: float, is_told: bool) -> None:
    claim = CLAIM | {"reason": "QuotaExceeded", "not_before": ago(minutes)}
    job, view = row("processing", runops=claim), waits_for("QuotaExceeded", QUOTA.sentence, "Blocked")
    until = NOW - timedelta(minutes=minutes) if is_told else None
    assert explain(job, now=NOW).until == explain(job, videojob=view, now=NOW).until == until
    assert (
        " until "
        in Explanation(State.WAITING, "It waits.", since=NOW, until=NOW - timedelta(minutes=minutes)).in_words(NOW)
    ) is is_told
