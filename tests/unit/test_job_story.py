"""One story of a job: the command line and the page tell the same, each in its own form."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.job_story.attempts import Attempts, attempts_of
from runops.job_story.known_job import KnownJob
from runops.job_story.results import JobResults, StoredObject
from runops.job_story.story import JobStory
from runops.job_story.timeline import Kind, timeline
from runops.report import AttemptUsage, Usage
from runops.row_summary import RowSummary
from runops.videojob import VideoJobStatus
from runops.videojob_view import VideoJobView
from runops.why_waiting import explain
from runops_cli.rows.job_page import job_page
from runops_ui.shown.story_view import lines_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
STAMP = {"claim": "a-token/pod", "by": "runops/here", "failures": 1, "waits": {"quota": 2}, "reason": "Evicted"}
EVENT = {"reason": "Pulled", "message": "Image\nis there", "lastTimestamp": "2026-11-30T11:01:30Z", "count": 2}


def row(status: str = "error", **columns: Any) -> RowSummary:
    made = {
        "job_id": UUID(int=1),
        "status": status,
        "created_at": "2026-11-30T11:00:00Z",
        "updated_at": "2026-11-30T11:30:00Z",
        "error": "It failed.",
        "runops": STAMP,
    }
    return RowSummary.model_validate(made | columns)


def video() -> VideoJobView:
    status = {
        "startTime": "2026-11-30T11:02:00Z",
        "stages": [{"stage": "transcribing", "startTime": "2026-11-30T11:05:00Z", "seconds": 300}],
        "conditions": [
            {"type": "Failed", "status": "True", "reason": "Evicted", "message": "m",
             "lastTransitionTime": "2026-11-30T11:29:00Z"},
            {"type": "Started", "status": "True", "reason": "x", "lastTransitionTime": "2026-11-30T11:02:00Z"},
        ],
    }  # fmt: skip
    return VideoJobView("vj-x", suspended=False, status=VideoJobStatus.model_validate(status))


def test_what_happened_is_told_in_the_order_of_time_with_its_source() -> None:
    told = timeline(row(), video(), [EVENT, EVENT], now=NOW)
    assert [(one.what, one.detail, one.seconds, one.kind, one.source) for one in told] == [
        ("queued", "", None, Kind.PLAIN, "row"),
        ("Pulled (2 times)", "Image is there", None, Kind.PLAIN, "event"),
        ("the first worker started", "", None, Kind.PLAIN, "VideoJob"),
        ("the transcript is made", "", 300, Kind.PLAIN, "VideoJob"),
        ("Failed: Evicted", "m", None, Kind.BAD, "VideoJob"),
        ("ended in error", "It failed.", 1800, Kind.BAD, "row"),
    ]


@pytest.mark.parametrize("status", ["queued", "processing", "completed", "error", "archived"])
def test_both_tell_the_same_story(status: str) -> None:
    story = JobStory(KnownJob(row(status), video()), NOW, events=(EVENT,))
    on_page = [line.text for line in lines_of(story)]
    text = "\n".join(line.plain for line in job_page(story, explain(story.job.row, now=NOW), project_url="http://x"))
    assert len(on_page) == len(story.timeline) > 3
    text = text.partition("Timeline")[2]
    places = [text.index(said[1:]) for said in on_page]
    assert places == sorted(places)


def test_attempts_are_those_used_up_and_the_last_one() -> None:
    assert attempts_of(row()) == Attempts(2, (("quota", 2),), "Evicted")
    assert attempts_of(row(runops=None)) is None


def test_costs_and_length_are_the_videojobs_and_without_one_the_checkpoints() -> None:
    results = JobResults((StoredObject("recording", "videos/raw/x.mp4", None),), recording_seconds=9.0)
    alone = JobStory(KnownJob(row()), NOW, results)
    assert (alone.cost_usd, alone.length, alone.results.made) == (None, 9.0, [])
    usage = Usage(cost_usd="0.5", media_seconds=60, attempts=[AttemptUsage(calls=2, cost_usd="0.5")])
    known = VideoJobView("vj-x", suspended=False, status=VideoJobStatus(usage=usage))
    story = JobStory(KnownJob(row(), known), NOW, results)
    assert (story.cost_usd, story.length) == ("0.5", 60)
    assert [(one.number, one.calls, one.usd) for one in story.cost_by_attempt] == [(1, 2, "0.5")]


def test_what_a_checkpoint_says_was_paid_is_told_until_a_videojob_has_counted() -> None:
    paid = JobResults(paid_usd=Decimal("0.081"))
    fresh = VideoJobView("vj-x", suspended=False, status=VideoJobStatus())
    for known in (KnownJob(row()), KnownJob(row(), fresh)):
        assert known.needs_checkpoint
        assert JobStory(known, NOW, paid).bill == "about 0.081000 USD"
        assert JobStory(known, NOW).bill == ""
    usage = Usage(cost_usd="0.5", total_tokens=9)
    counted = KnownJob(row(), VideoJobView("vj-x", suspended=False, status=VideoJobStatus(usage=usage)))
    assert not counted.needs_checkpoint
    assert JobStory(counted, NOW).bill == "9 tokens, about 0.5 USD"


_ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just("2026-11-30T11:01:30Z"),
    lambda one: st.lists(one, max_size=2) | st.dictionaries(st.text(max_size=3), one, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*EVENT, "eventTime", "firstTimestamp", "involvedObject", "type"]), _ANYTHING))
def test_no_event_breaks_the_story(event: dict[str, Any]) -> None:
    assert len(timeline(row(), None, [event], now=NOW)) in {2, 3}
