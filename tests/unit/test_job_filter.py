"""Which jobs a person means, and the filter as the query of a URL."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.failures import TABLE, Reason
from runops.job_filter import JobFilter, VideoFacts
from runops.row_reason import OTHER, REASON_NAMES, reason_of
from runops.row_summary import RowSummary
from runops.spans import parse_seconds

NOW = datetime(2026, 11, 30, 19, 0, tzinfo=UTC)
USER = UUID("1f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11")
CLAIM = {"claim": "0a1b2c3d-0000-4000-8000-000000000001", "by": "a/b"}


def row(**columns: Any) -> RowSummary:
    return RowSummary.model_validate({"job_id": UUID(int=0xAB << 120), "created_at": NOW.isoformat()} | columns)


@pytest.mark.parametrize(
    ("chosen", "taken", "left"),
    [
        (JobFilter(statuses=frozenset({"queued", "error"})), {"status": "error"}, {"status": None}),
        (JobFilter(user=USER), {"user_id": str(USER).upper()}, {"user_id": "x" * 5000}),
        (JobFilter(user=USER), {"user_id": f"urn:uuid:{USER}"}, {"user_id": None}),
        (JobFilter(since=NOW), {}, {"created_at": (NOW - timedelta(seconds=1)).isoformat()}),
        (JobFilter(since=NOW), {"created_at": "2026-11-30T19:00:00"}, {"created_at": "infinity"}),
        (JobFilter(changed_since=NOW), {"updated_at": NOW.isoformat()}, {"updated_at": None}),
        (JobFilter(text="No Picture"), {"error": "It has no picture."}, {"error": None}),
        (JobFilter(text="x"), {"error": "X"}, {"error": None}),
        (JobFilter(text="AB00"), {}, {"job_id": UUID(int=1)}),
        (JobFilter(text="%"), {"error": "100 % sure"}, {"error": "sure"}),
    ],
)
def test_each_part_takes_and_leaves(chosen: JobFilter, taken: dict[str, Any], left: dict[str, Any]) -> None:
    assert chosen.takes(row(**taken))
    assert not chosen.takes(row(**left))


def test_models_and_lengths_are_decided_by_facts_and_unknown_ones_are_told() -> None:
    chosen = JobFilter(model="gemini-x", longer_than=60.0)
    assert chosen.needs_facts
    assert chosen.takes(row(), VideoFacts(frozenset({"gemini-x", "gemini-y"}), 61.0))
    for facts in (VideoFacts(frozenset({"gemini-y"}), 61.0), VideoFacts(frozenset({"gemini-x"}), 60.0)):
        assert not chosen.takes(row(), facts)
        assert not chosen.is_undecided(facts)
    for facts in (VideoFacts(), VideoFacts(frozenset({"gemini-x"})), VideoFacts(seconds=90.0)):
        assert not chosen.takes(row(), facts)
        assert chosen.is_undecided(facts)
    assert not JobFilter().is_undecided(VideoFacts())
    assert not JobFilter(longer_than=0.5).takes(row(), VideoFacts())


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"status": "completed", "runops": CLAIM | {"reason": "Evicted"}}, None),
        ({"status": "error", "error": "A cat.", "runops": CLAIM | {"reason": "Evicted"}}, OTHER),
        ({"status": "error", "error": TABLE[Reason.SOURCE_EMPTY].sentence}, "SourceEmpty"),
        ({"status": "processing", "runops": CLAIM | {"reason": "QuotaExceeded"}}, "QuotaExceeded"),
        ({"status": "processing", "runops": CLAIM}, None),
        ({"status": "queued", "error": f"{TABLE[Reason.JOB_REFUSED].sentence} No."}, "JobRefused"),
        ({"status": "queued"}, None),
        ({"status": None}, None),
    ],
)
def test_a_reason_is_of_the_end_or_of_the_wait(columns: dict[str, Any], reason: str | None) -> None:
    assert reason_of(row(**columns)) == reason
    assert JobFilter(reasons=frozenset({reason or OTHER})).takes(row(**columns)) == (reason is not None)


TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds of naive times
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=30)
FILTERS = st.builds(
    JobFilter,
    statuses=st.frozensets(WORDS.filter(lambda text: "," not in text), max_size=3),
    user=st.none() | st.uuids(),
    reasons=st.frozensets(st.sampled_from(REASON_NAMES), max_size=3),
    model=st.none() | WORDS,
    since=st.none() | TIMES,
    changed_since=st.none() | TIMES,
    longer_than=st.none() | st.integers(0, 10**9).map(lambda thousandths: thousandths / 1000),
    text=st.none() | WORDS,
)


@given(FILTERS)
def test_a_filter_comes_back_from_its_query(chosen: JobFilter) -> None:
    query = chosen.to_query()
    assert json.loads(json.dumps(query)) == query
    assert JobFilter.from_query(query | {"page": "2"}, now=NOW) == chosen


def test_a_query_may_say_it_as_people_do() -> None:
    found = JobFilter.from_query(
        {"since": "2h", "longer_than": "10m", "reason": "evicted, other", "text": " "}, now=NOW
    )
    assert found == JobFilter(since=NOW - timedelta(hours=2), longer_than=600.0, reasons=frozenset({"Evicted", OTHER}))


def test_a_query_counts_back_from_now_where_no_time_is_given() -> None:
    since = JobFilter.from_query({"since": "2h"}).since
    assert since is not None
    assert timedelta(hours=2) <= datetime.now(UTC) - since < timedelta(hours=3)


def test_the_longest_text_is_taken() -> None:
    assert JobFilter.from_query({"text": "x" * 200}, now=NOW).text == "x" * 200


@pytest.mark.parametrize(
    ("seconds", "text"), [(10.0, "10"), (100.0, "100"), (1.5, "1.5"), (0.25, "0.25"), (60.001, "60.001")]
)
def test_a_length_is_written_without_zeros_that_say_nothing(seconds: float, text: str) -> None:
    assert JobFilter(longer_than=seconds).to_query() == {"longer_than": text}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"user": "me"}, "user: 'me' is not a UUID"),
        ({"since": "soon"}, "since: 'soon' is no time. Use 30m"),
        ({"since": "2027-01-01"}, "since: 2027-01-01 is still to come"),
        ({"changed_since": "9999999w"}, "changed_since: '9999999w' is no time"),
        ({"longer_than": "long"}, "longer_than: 'long' is no length. Use 90s, 10m or 1.5h"),
        ({"reason": "Evictet"}, "reason: There is no reason 'Evictet'. Did you mean Evicted"),
        ({"text": "x" * 201}, "text: Use at most 200 characters"),
        ({"text": "a\0b"}, "text: It has a NUL character"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_way_out(query: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(".", r"\.").replace("?", r"\?")):
        JobFilter.from_query(query, now=NOW)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90.0), ("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0)])
def test_lengths(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds
