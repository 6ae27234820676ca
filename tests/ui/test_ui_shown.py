"""What the pages show, from plain values."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.job_row import RowStatus
from runops.job_story.known_job import KnownJob
from runops.job_story.story import JobStory
from runops.row_summary import RowSummary
from runops.videojob_view import VideoJobView, parse_videojob
from runops_ui.actions.action import Action, preview
from runops_ui.cluster.spending import Spending, spending_by_records, spending_by_videos
from runops_ui.live.changes import compare
from runops_ui.live.event_log import EventLog
from runops_ui.pages.query import chips, joined, url
from runops_ui.shown.failure_groups import failure_groups
from runops_ui.shown.figures import figures_of
from runops_ui.shown.moments import span, spans
from runops_ui.shown.pods import pods_of
from runops_ui.shown.row_view import row_view
from runops_ui.shown.stage_bar import stage_bar
from runops_ui.shown.story_view import lines_of
from tests.ui.filled import job

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def row(number: int = 1, status: str = "queued", **values: Any) -> RowSummary:
    at = {"created_at": "2026-11-30T11:00:00+00:00", "updated_at": "2026-11-30T11:30:00+00:00"}
    return RowSummary.model_validate({"job_id": job(number), "status": status, **at, **values})


def video(number: int = 1, *, suspend: bool = False, **status: Any) -> VideoJobView:
    meta = {"name": f"vj-{job(number)}", "creationTimestamp": "2026-11-30T11:01:00Z"}
    return parse_videojob({"metadata": meta, "spec": {"jobId": str(job(number)), "suspend": suspend}, "status": status})


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d")],
)
def test_lengths_are_of_one_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("least", "most", "text"), [(240, 420, "4 to 7 min"), (50, 180, "50 s to 3 min"), (240, 250, "4 min")]
)
def test_ranges_name_a_unit_once(least: float, most: float, text: str) -> None:
    assert spans(least, most) == text


@given(st.text(max_size=20) | st.none(), st.integers(-1000, 1000) | st.none())
def test_the_bar_is_whole_and_its_done_part_is_the_percentage(stage: str | None, percent: int | None) -> None:
    bar = stage_bar(stage, percent)
    assert sum(one.width for one in bar.segments) == 100
    assert sum(one.done for one in bar.segments) == bar.percent == min(max(percent or 0, 0), 100)
    assert all(0 <= one.done <= one.width for one in bar.segments)


def test_the_time_left_is_a_range_and_nothing_once_it_is_over() -> None:
    def told_of(earliest: float, latest: float) -> dict[str, str]:
        ends = {"earliest": earliest, "likely": (earliest + latest) / 2, "latest": latest}
        return {name: (NOW + timedelta(minutes=minutes)).isoformat() for name, minutes in ends.items()}

    ahead, over, began = told_of(4, 7), told_of(-4, -1), told_of(-4, 3)

    def left(told: dict[str, str] | None, status: str = "processing") -> str | None:
        return row_view(row(status=status), now=NOW, video=video(timeLeft=told)).left

    assert left(ahead) == "4 to 7 min"
    assert left(began) == "0 s to 3 min"
    assert left(over) is None
    assert left(None) is None
    assert left(ahead, "completed") is None


def test_a_row_of_an_apps_own_status_is_shown_under_it() -> None:
    view = row_view(row(status="cancelled"), now=NOW)
    assert (view.state, view.word, view.can_retry, view.can_cancel) == ("other", "cancelled", False, False)


def test_a_paused_job_is_shown_as_paused_until_its_row_ends() -> None:
    assert row_view(row(status="processing"), now=NOW, video=video(suspend=True)).state == "paused"
    assert row_view(row(status="error"), now=NOW, video=video(suspend=True)).state == "error"


def test_failures_are_grouped_by_their_reason_the_most_frequent_first() -> None:
    known = "The model could not be reached."
    rows = [
        row(1, "error", error=known),
        row(2, "error", error=f"{known} Again."),
        row(3, "error", error="A sentence."),
    ]
    first, second = failure_groups(rows, now=NOW)
    assert (first.reason, first.rows, first.sentence) == ("ModelUnavailable", 2, known)
    assert first.remedy is not None
    assert (second.reason, second.rows, second.remedy) == ("Other", 1, None)
    assert second.sentences == (("A sentence.", 1),)
    assert failure_groups([], now=NOW) == []


def test_the_story_is_in_the_order_of_time_and_tells_what_it_can_read() -> None:
    of_video = video(
        startTime="2026-11-30T11:02:00Z",
        stages=[{"stage": "transcribing", "startTime": "2026-11-30T11:05:00Z", "seconds": 300}],
    )
    events: list[dict[str, Any]] = [
        {"reason": "Late", "message": "m", "type": "Warning", "lastTimestamp": "2026-11-30T11:04:00Z", "count": 3},
        {"reason": "WithoutTime"},
        {"reason": "OfTheFuture", "lastTimestamp": "2027-11-30T11:04:00Z"},
        {"involvedObject": "not an object", "lastTimestamp": 3},
    ]
    job = KnownJob(row(status="error", error="It failed."), of_video)
    lines = lines_of(JobStory(job, NOW, events=tuple(events)))
    assert [line.text for line in lines] == [
        "Queued",
        "Claimed by the operator",
        "The first worker started",
        "Late (3 times)",
        "The transcript is made",
        "Ended in error",
    ]
    assert lines[-1].detail.endswith("It failed.")
    assert [line.kind for line in lines][3:] == ["bad", "plain", "bad"]


_KEYS = (
    "metadata",
    "status",
    "spec",
    "name",
    "containerStatuses",
    "state",
    "waiting",
    "terminated",
    "exitCode",
    "reason",
)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), one, max_size=4),
        max_leaves=12,
    )
)
def test_no_manifest_of_a_pod_breaks_the_page(manifest: Any) -> None:
    assert len(pods_of([manifest] if isinstance(manifest, dict) else [{}], now=NOW)) == 1


def test_pods_are_told_by_the_state_of_their_worker() -> None:
    def pod(name: str, state: dict[str, Any], **status: Any) -> dict[str, Any]:
        return {
            "metadata": {"name": name},
            "status": {"containerStatuses": [{"name": "worker", "state": state}], **status},
        }

    states = pods_of(
        [
            pod("a", {"running": {}}),
            pod("b", {"terminated": {"exitCode": 120}}),
            pod("c", {"waiting": {"reason": "ErrImagePull", "message": "no such tag"}}),
            {"metadata": {"name": "d"}, "status": {"phase": "Pending"}},
        ],
        now=NOW,
    )
    assert [one.state for one in states] == [
        "is running",
        "ended with exit code 120, QuotaExceeded",
        "has not started (ErrImagePull: no such tag)",
        "has not started (Pending)",
    ]


def test_figures_count_hours_and_show_spending_only_where_it_is_known() -> None:
    hours = [(NOW - timedelta(hours=1), 0), (NOW, 12)]
    figures = figures_of(
        {RowStatus.QUEUED: 3}, last_hour=12, hours=hours, spending=Spending(1_234_500, 9_000_000, of_whole=True)
    )
    assert [one.rows for one in figures.counts] == [3, 0, 0, 0]
    assert [one.height for one in figures.bars] == [0, 24]
    assert figures.bars[1].label == "12:00 to 13:00 UTC: 12 completed"
    assert (figures.today, figures.month, figures.last_day) == ("1.23", "9.00", 12)
    without = figures_of({}, last_hour=0, hours=[], spending=None)
    assert (without.today, without.month, without.bars) == (None, None, ())
    counting = figures_of({}, last_hour=3, hours=None, spending=None)
    assert (counting.last_hour, counting.last_day, counting.bars) == (3, None, ())


def test_spending_of_another_day_does_not_count_and_half_a_sum_is_none() -> None:
    def record(day: str, amount: int) -> dict[str, Any]:
        text = (
            f'{{"format":1,"month":"{day[:7]}","day":"{day}","ofMonth":{amount},"ofDay":{amount},"ofUsers":{{}},'
            '"added":{},"endedBefore":""}'
        )
        return {"data": {"spending.json": text}}

    today = NOW.date()
    both = spending_by_records([record("2026-11-30", 5), record("2026-11-29", 7), {"data": {}}], today=today)
    assert both == Spending(5, 12, of_whole=True)
    assert spending_by_records([record("2026-11-30", 5), {"data": {"spending.json": "?"}}], today=today) is None
    assert spending_by_records([], today=today) is None
    days = [
        {"day": "2026-11-30", "costUsd": "0.5"},
        {"day": "2026-11-01", "costUsd": "1"},
        {"day": "2026-10-31", "costUsd": "9"},
        3,
    ]
    videos: list[dict[str, Any]] = [{"status": {"usage": {"days": days}}}, {"status": {"usage": 3}}, {}]
    assert spending_by_videos(videos, today=today) == Spending(500_000, 1_500_000, of_whole=False)


def test_changes_are_what_differs_and_none_where_some_may_be_missed() -> None:
    seen, changed = compare(None, [row(1), row(2)], limit=2)
    assert changed == []
    seen, changed = compare(seen, [row(1, "processing"), row(2)], limit=2)
    assert changed == [row(1, "processing")]
    seen, changed = compare(seen, [row(1, "processing"), row(2)], limit=2)
    assert changed == []
    seen, changed = compare(seen, [row(3), row(4)], limit=2)
    assert changed is None
    _, changed = compare(seen, [row(5)], limit=2)
    assert changed == [row(5)]


@given(st.integers(0, 900), st.integers(0, 900))
def test_a_log_gives_every_event_after_one_or_says_that_it_cannot(number: int, after: int) -> None:
    log = EventLog()
    for _ in range(number):
        log.append("rows", {})
    events = log.after(min(after, number))
    kept = max(0, number - 500)
    if min(after, number) < kept:
        assert events is None
    else:
        assert events is not None
        assert [event.number for event in events] == list(range(min(after, number) + 1, number + 1))


@given(st.text(max_size=30))
def test_an_id_of_another_run_is_no_place_in_the_log(text: str) -> None:
    log, other = EventLog(), EventLog()
    log.append("rows", {})
    assert log.number_of(log.last_id) == 1
    assert log.number_of(other.last_id) is None
    assert log.number_of(text) is None
    assert log.number_of(log.id_of(2)) is None


def test_addresses_keep_the_filter_and_each_condition_can_be_taken_out() -> None:
    query = joined([("status", "error"), ("status", "queued"), ("text", " a&b "), ("user", ""), ("after", "x")])
    assert query == {"status": "error,queued", "text": "a&b", "after": "x"}
    without = {chip.name: chip.without for chip in chips(query, "/")}
    assert without == {"status": "/?text=a%26b", "text": "/?status=error%2Cqueued"}
    assert url("/", {"a": "1", "b": "2"}, {"b": ""}) == "/?a=1"


@pytest.mark.parametrize(
    ("action", "completed_too", "changed", "kept"),
    [
        (Action.RETRY, False, {"error": 1}, 3),
        (Action.RETRY, True, {"error": 1, "completed": 1}, 2),
        (Action.CANCEL, False, {"queued": 1, "processing": 1}, 2),
        (Action.PAUSE, False, {"processing": 1}, 3),
        (Action.RESUME, False, {}, 4),
    ],
)
def test_a_preview_takes_what_the_action_can_change(
    action: Action, changed: dict[str, int], kept: int, *, completed_too: bool
) -> None:
    statuses = ["queued", "processing", "completed", "error"]
    rows = [row(number, status) for number, status in enumerate(statuses)]
    effect = preview(action, rows, {job(1): video(1)}, completed_too=completed_too)
    taken = Counter(statuses[number] for number in range(4) if job(number) in {one.job_id for one in effect.rows})
    assert dict(taken) == changed
    assert effect.changed.total() == len(effect.rows)
    assert effect.kept.total() == kept


def test_what_is_paused_can_only_be_continued() -> None:
    rows = [row(1, "processing")]
    paused = {job(1): video(1, suspend=True)}
    assert preview(Action.PAUSE, rows, paused, completed_too=False).kept == {"are paused already": 1}
    assert preview(Action.RESUME, rows, paused, completed_too=False).changed == {"continue": 1}
