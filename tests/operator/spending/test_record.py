"""The count of what videos cost: each dollar once, whatever is reported again, forgotten or run again."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from runops.spending_record import Record, RecordUnreadable, read_record, write_record
from runops_operator.manifests.observed import parse_videojob
from runops_operator.spending.record import MOST_ENTRIES, MOST_USERS, counted, may_be_counted
from runops_operator.spending.video_spending import VideoSpending, spending_of

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
TODAY, YESTERDAY, TOMORROW = "2026-11-30", "2026-11-29", "2026-12-01"
ANN, BEN = "ann", "ben"
ANN_ID = "11111111-2222-4333-8444-55555555abcd"


def video(
    ledger: str = "a",
    *,
    user: str = ANN,
    first_day: str = YESTERDAY,
    ended: datetime | None = None,
    **days: int,
) -> VideoSpending:
    spent = {name.replace("d", "2026-").replace("_", "-"): amount for name, amount in days.items()}
    return VideoSpending(ledger, user, spent, {}, first_day, ended, 0, 0)


def of_november(ledger: str, days: range, *, user: str = ANN, amount: int = 1) -> VideoSpending:
    return VideoSpending(ledger, user, {f"2026-11-{day:02}": amount for day in days}, {}, "", None, 0, 0)


def test_a_report_is_added_once_and_grows() -> None:
    record = counted(Record(), [video(d11_30=5)], now=NOON)
    assert (record.month, record.day, record.of_month, record.of_day) == ("2026-11", TODAY, 5, 5)
    assert counted(record, [video(d11_30=5)], now=NOON) == record
    assert counted(record, [video(d11_30=4)], now=NOON) == record, "an older report"
    grown = counted(record, [video(d11_30=8), video("b", user=BEN, d11_30=2)], now=NOON)
    assert (grown.of_month, grown.of_day, grown.of_users) == (10, 10, {ANN: 8, BEN: 2})


def test_amounts_count_for_the_day_on_which_they_were_spent() -> None:
    record = counted(Record(), [video(d11_29=3, d11_30=5, d10_31=7)], now=NOON)
    assert (record.of_month, record.of_day, record.of_users) == (8, 5, {ANN: 5})


def test_a_new_day_and_a_new_month_begin_at_zero() -> None:
    record = counted(Record(), [video(d11_30=5)], now=NOON)
    second = counted(record, [video(d11_30=5, d12_01=1)], now=NOON + timedelta(days=1))
    assert (second.month, second.of_month, second.of_day, second.of_users) == ("2026-12", 1, 1, {ANN: 1})
    third = counted(second, [video(d11_30=5, d12_01=1)], now=NOON + timedelta(days=2))
    assert (third.of_month, third.of_day, third.of_users) == (1, 0, {})


def test_a_clock_that_is_behind_begins_no_earlier_day() -> None:
    record = counted(Record(), [video(d11_30=5)], now=NOON)
    back = counted(record, [video(d11_30=6)], now=NOON - timedelta(days=1))
    assert (back.day, back.of_day, back.of_month) == (TODAY, 6, 6)


def test_a_video_that_is_run_again_after_a_failure_counts_what_it_adds() -> None:
    record = counted(Record(), [video(ended=NOON, d11_30=5)], now=NOON)
    again = counted(record, [video(first_day=TODAY, d11_30=7)], now=NOON)
    assert again.of_day == 7


def test_a_video_of_an_earlier_day_that_is_run_again_counts_only_what_it_adds() -> None:
    record = counted(Record(), [video(first_day="2026-11-28", ended=NOON, d11_28=5)], now=NOON)
    assert (record.added, record.of_month) == ({"a": {"2026-11-28": 5}}, 5)
    gone = counted(record, [], now=NOON)
    assert gone.added == {}
    again = counted(gone, [video(first_day=TODAY, d11_28=5, d11_30=2)], now=NOON)
    assert again.of_month == 7


def test_an_entry_goes_once_its_video_has_ended_and_its_day_is_over() -> None:
    ended = video(ended=NOON, d11_30=5)
    record = counted(Record(), [ended], now=NOON)
    late = datetime(2026, 12, 1, 1, 59, 59, tzinfo=UTC)
    kept = counted(record, [ended], now=late)
    assert kept.added == {"a": {TODAY: 5}}
    dropped = counted(kept, [ended], now=late + timedelta(seconds=1))
    assert (dropped.added, dropped.ended_before) == ({}, NOON.isoformat())
    assert counted(dropped, [ended], now=late + timedelta(days=1)).of_month == 0


def test_what_ended_before_the_record_was_pruned_is_not_added_again() -> None:
    early, late = video("a", ended=NOON, d12_01=9), video("b", ended=NOON + timedelta(minutes=1), d12_01=9)
    record = Record("2026-12", TOMORROW, ended_before=NOON.isoformat())
    record = counted(record, [early, late], now=NOON + timedelta(days=1))
    assert (record.of_day, set(record.added)) == (9, {"b"})


def test_what_is_reported_of_a_day_that_has_not_begun_counts_now_and_only_once() -> None:
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    ahead = counted(Record(), [video(d11_30=5, d12_01=2)], now=midnight - timedelta(minutes=2))
    assert (ahead.day, ahead.of_month, ahead.of_day, ahead.of_users) == (TODAY, 7, 7, {ANN: 7})
    after = counted(ahead, [video(d11_30=5, d12_01=3)], now=midnight)
    assert (after.day, after.of_month, after.of_day, after.of_users) == (TOMORROW, 1, 1, {ANN: 1})


def test_the_last_day_that_there_is_stops_no_count() -> None:
    record = counted(
        Record(), [VideoSpending("a", ANN, {"9999-12-31": 1}, {}, "", NOON, 0, 0), video("b", d11_30=5)], now=NOON
    )
    assert (record.of_day, counted(record, [], now=NOON + timedelta(days=9)).of_day) == (6, 0)


def test_a_clock_that_is_years_ahead_takes_no_cap_away_until_then() -> None:
    record = counted(Record(), [video(d11_30=5)], now=NOON.replace(year=2029))
    assert record.day == "2029-11-30"
    right = counted(record, [video(d11_30=9)], now=NOON)
    assert (right.month, right.day, right.of_month, right.of_day) == ("2026-11", TODAY, 4, 4)


def test_a_clock_of_another_replica_may_be_ahead_by_a_day() -> None:
    record = Record("2026-12", TOMORROW, of_day=3)
    assert (counted(record, [], now=NOON).day, counted(record, [], now=NOON - timedelta(days=1)).day) == (
        TOMORROW,
        YESTERDAY,
    )


def test_an_entry_keeps_its_latest_days_and_counts_none_again() -> None:
    record = Record()
    for last in range(7, 31):
        record = counted(record, [of_november("a", range(last - 6, last + 1))], now=NOON)
    assert record.added == {"a": {YESTERDAY: 1, TODAY: 1}}
    assert record.of_month == 30
    older = counted(record, [of_november("a", range(1, 31))], now=NOON)
    assert (older.of_month, older.added) == (30, record.added)


def test_an_unfinished_video_keeps_its_entry_for_days() -> None:
    record = counted(Record(), [video(d11_30=5)], now=NOON)
    later = counted(record, [video(d11_30=5)], now=NOON + timedelta(days=9))
    assert later.added == {"a": {TODAY: 5}}


def test_a_video_that_ended_an_hour_ago_keeps_its_entry() -> None:
    ended = video(ended=NOON - timedelta(hours=1), d11_29=5)
    assert counted(Record(), [ended], now=NOON).added == {"a": {YESTERDAY: 5}}


def test_there_is_a_bound_on_entries_and_the_first_to_end_go() -> None:
    count = MOST_ENTRIES + 9
    videos = [video(f"{number:05}", ended=NOON + timedelta(seconds=number), d11_30=1) for number in range(count)]
    record = counted(Record(), videos, now=NOON)
    assert record.of_day == count
    assert (len(record.added), min(record.added)) == (MOST_ENTRIES, "00009")
    assert counted(record, videos, now=NOON).of_day == record.of_day


def test_there_is_a_bound_on_users_and_those_who_spent_most_stay() -> None:
    videos = [video(f"{number:05}", user=str(number), d11_30=number + 1) for number in range(MOST_USERS + 3)]
    users = counted(Record(), videos, now=NOON).of_users
    assert len(users) == MOST_USERS
    assert "2" not in users
    assert users["3"] == 4
    assert len(write_record(counted(Record(), videos, now=NOON))) < 1_000_000


def test_ten_thousand_videos_at_work_for_days_fit_into_a_config_map() -> None:
    videos = [
        of_november(f"{number:016}", range(22, 31), user=f"{number % MOST_USERS:08}{ANN_ID[8:]}", amount=9_999_999)
        for number in range(10_000)
    ]
    assert len(write_record(counted(Record(), videos, now=NOON))) < 1_000_000


def test_a_record_is_read_as_it_was_written() -> None:
    record = replace(counted(Record(), [video(d11_29=3, d11_30=5)], now=NOON), ended_before=NOON.isoformat())
    assert read_record(write_record(record)) == record


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        write_record(Record()).replace('"format":1', '"format":2'),
        write_record(Record()).replace('"ofDay":0', '"ofDay":-1'),
        write_record(Record()).replace('"ofDay":0', '"ofDay":true'),
        write_record(Record()).replace('"added":{}', '"added":{"a":{"today":1}}'),
    ],
)
def test_something_else_is_not_read_as_a_record(text: str) -> None:
    with pytest.raises(RecordUnreadable):
        read_record(text)


def test_each_part_of_a_record_is_written_under_its_name() -> None:
    record = Record("2026-11", TODAY, 9, 5, {ANN: 5}, {"a": {TODAY: 5}}, NOON.isoformat())
    assert json.loads(write_record(record)) == {
        "format": 1,
        "month": "2026-11",
        "day": TODAY,
        "ofMonth": 9,
        "ofDay": 5,
        "ofUsers": {ANN: 5},
        "added": {"a": {TODAY: 5}},
        "endedBefore": NOON.isoformat(),
    }
    assert " " not in write_record(record)
    assert write_record(record) == write_record(read_record(write_record(record)))
    with pytest.raises(RecordUnreadable, match="its format is 2, and 1 is known"):
        read_record(write_record(record).replace('"format":1', '"format":2'))
    with pytest.raises(RecordUnreadable, match=r"it is not a count of spending \(KeyError\)"):
        read_record("{}")


def test_a_count_that_many_videos_share_grows_by_each() -> None:
    record = counted(Record(), [video("a", d11_30=5), video("b", user=BEN, d11_30=4), video("c", d11_30=3)], now=NOON)
    assert (record.of_month, record.of_day, record.of_users) == (12, 12, {ANN: 8, BEN: 4})
    again = counted(record, [video("a", d11_30=6, d11_29=1), video("b", user=BEN, d11_30=4)], now=NOON)
    assert (again.of_month, again.of_day, again.of_users) == (14, 13, {ANN: 9, BEN: 4})
    assert again.added == {"a": {TODAY: 6, YESTERDAY: 1}, "b": {TODAY: 4}, "c": {TODAY: 3}}


def test_a_video_that_reports_no_day_has_no_entry() -> None:
    assert counted(Record(), [video(), video("b", d11_30=2)], now=NOON).added == {"b": {TODAY: 2}}


def test_the_day_is_that_of_utc() -> None:
    late = datetime(2026, 12, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert counted(Record(), [video(d11_30=5)], now=late).day == TODAY


def test_an_entry_whose_video_is_gone_goes_when_its_day_is_over_by_two_hours() -> None:
    record = counted(Record(), [video(d11_30=5), video("b", ended=NOON, d11_30=1)], now=NOON)
    assert set(counted(record, [], now=datetime(2026, 12, 1, 1, 59, tzinfo=UTC)).added) == {"a", "b"}
    gone = counted(record, [], now=datetime(2026, 12, 1, 2, 0, tzinfo=UTC))
    assert (gone.added, gone.ended_before) == ({}, "")


def test_of_entries_that_go_together_the_last_end_is_kept() -> None:
    ends = [NOON + timedelta(minutes=minutes) for minutes in (5, 9, 1)]
    videos = [video(name, ended=end, d11_30=1) for name, end in zip("abc", ends, strict=True)]
    record = counted(Record(), videos, now=NOON)
    later = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
    assert counted(record, videos, now=later).ended_before == ends[1].isoformat()
    known = replace(record, ended_before=(NOON + timedelta(hours=1)).isoformat())
    assert counted(known, videos, now=later).ended_before == (NOON + timedelta(hours=1)).isoformat()


def test_a_video_that_ended_within_two_hours_keeps_its_entry_although_its_day_is_over() -> None:
    now = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
    for minutes, kept in ((119, {"a"}), (120, set())):
        ended = video(ended=now - timedelta(minutes=minutes), d11_30=5)
        record = counted(Record(), [ended], now=NOON)
        assert set(counted(record, [ended], now=now).added) == kept


def test_the_first_day_is_the_one_an_hour_before_its_videojob_was_made() -> None:
    def first_day(created: str | None) -> str:
        usage = {"ledger": "a", "days": [{"day": TODAY, "costUsd": "1"}], "costUsd": "0.50", "estimatedCostUsd": "0.30"}
        spec = {"jobId": "00000000-0000-4000-8000-000000000001", "userId": ANN_ID}
        metadata = {"name": "vj-1", "uid": "u", "creationTimestamp": created}
        found = spending_of(parse_videojob({"metadata": metadata, "spec": spec, "status": {"usage": usage}}))
        assert found is not None
        assert (found.user, found.expected, found.finished_at) == (ANN_ID, 0, None)
        return found.first_day

    assert first_day("2026-11-30T01:00:00Z") == TODAY
    assert first_day("2026-11-30T00:59:59Z") == YESTERDAY
    assert first_day(None) == ""


def test_what_a_videojob_reports_is_read_with_care() -> None:
    usage = {
        "ledger": "0123456789abcdef0123456789abcdef",
        "costUsd": "0.30",
        "estimatedCostUsd": "0.50",
        "days": [
            {"day": TODAY, "costUsd": "0.2500004"},
            {"day": "today", "costUsd": "9"},
            {"day": YESTERDAY, "costUsd": "NaN"},
        ],
    }
    body = {
        "metadata": {"name": "vj-1", "uid": "u", "creationTimestamp": "2026-11-30T00:30:00Z"},
        "spec": {"jobId": "00000000-0000-4000-8000-000000000001"},
        "status": {"usage": usage},
    }
    assert spending_of(parse_videojob(body)) == VideoSpending(
        "0123456789abcdef", "", {TODAY: 250_000, YESTERDAY: 0}, {}, YESTERDAY, None, 200_000, 500_000
    )
    before_the_first_call = spending_of(parse_videojob({**body, "status": {"usage": {"estimatedCostUsd": "1"}}}))
    assert before_the_first_call == VideoSpending("", "", {}, {}, YESTERDAY, None, 1_000_000, 1_000_000)
    assert spending_of(parse_videojob({**body, "status": {}})) is None


def test_the_day_is_that_of_utc_wherever_the_operator_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "UTC-9")
        time.tzset()
        try:
            assert counted(Record(), [video(d11_30=5)], now=NOON + timedelta(hours=4)).day == TODAY
        finally:
            elsewhere.undo()
            time.tzset()


def test_what_was_spent_in_another_month_is_of_no_month_that_counts() -> None:
    record = counted(Record(), [video(first_day="2026-10-30", d10_31=7, d11_30=5)], now=NOON)
    assert (record.of_month, record.added) == (5, {"a": {"2026-10-31": 7, TODAY: 5}})


def test_a_day_on_which_nothing_was_spent_is_not_written() -> None:
    assert counted(Record(), [video(d11_30=0)], now=NOON).added == {"a": {}}


def test_of_users_who_spent_the_same_the_first_by_name_stay() -> None:
    videos = [video(f"{number:05}", user=f"{number:05}", d11_30=1) for number in range(MOST_USERS, -1, -1)]
    users = counted(Record(), videos, now=NOON).of_users
    assert (len(users), min(users), max(users)) == (MOST_USERS, "00000", f"{MOST_USERS - 1:05}")


def test_entries_past_the_bound_go_by_the_time_of_their_end_and_never_those_at_work() -> None:
    names = [f"{number:05}" for number in range(MOST_ENTRIES + 2)]
    first, last = names[0], names[-3:]
    # The last names ended first. One is of a VideoJob that is gone, and the first is at work.
    ends = {name: NOON - timedelta(seconds=number) for number, name in enumerate(names)}
    videos = [video(name, ended=None if name == first else ends[name], d11_30=1) for name in names if name != last[0]]
    record = Record("2026-11", TODAY, added={**{name: {TODAY: 1} for name in names}, "old": {"2026-11-01": 1}})
    kept = set(counted(record, videos, now=NOON).added)
    assert {*names, "old"} - kept == {"old", last[0], last[2]}


def test_a_finished_videojob_has_spent_what_its_calls_under_way_may_have_cost() -> None:
    usage = {
        "ledger": "a",
        "costUsd": "0.30",
        "estimatedCostUsd": "0.90",
        "days": [{"day": YESTERDAY, "costUsd": "0.30"}],
        "underWay": [{"day": YESTERDAY, "costUsd": "0.05"}, {"day": TODAY, "costUsd": "0.07"}],
    }
    finished = {"type": "Finished", "status": "True", "reason": "Completed", "lastTransitionTime": NOON.isoformat()}
    body = {
        "metadata": {"name": "vj-1", "uid": "u", "creationTimestamp": "2026-11-30T10:00:00Z"},
        "spec": {"jobId": "00000000-0000-4000-8000-000000000001"},
        "status": {"usage": usage, "completionTime": "2026-11-30T12:00:00Z"},
    }
    at_work = VideoSpending(
        "a", "", {YESTERDAY: 300_000}, {YESTERDAY: 50_000, TODAY: 70_000}, TODAY, None, 600_000, 900_000
    )
    assert spending_of(parse_videojob(body)) == at_work
    ended = parse_videojob({**body, "status": {**body["status"], "conditions": [finished]}})  # type: ignore[dict-item]
    assert spending_of(ended) == VideoSpending(
        "a", "", {YESTERDAY: 350_000, TODAY: 70_000}, {}, TODAY, NOON, 0, 900_000
    )
    assert at_work.settled().days == {YESTERDAY: 350_000, TODAY: 70_000}
    assert at_work.days == {YESTERDAY: 300_000}, "the count itself is unchanged"


def test_the_earlier_of_the_two_days_that_an_entry_keeps_still_grows() -> None:
    record = counted(Record(), [video(d11_29=1, d11_30=1)], now=NOON)
    assert counted(record, [video(d11_29=4, d11_30=1)], now=NOON).of_month == record.of_month + 3


@pytest.mark.parametrize(
    ("days", "known", "may_be"),
    [
        ({"2026-11-29": 1}, False, True),
        ({"2026-11-29": 1}, True, False),
        ({"2026-11-30": 1}, False, False),
        ({}, False, True),
    ],
)
def test_what_a_deleted_videojob_last_told_may_be_counted_where_its_days_are_over_and_no_entry_is_left(
    days: dict[str, int], known: bool, may_be: bool
) -> None:
    told = VideoSpending("a", ANN, days, {}, "", None, 0, 0)
    record = counted(Record(), [told], now=NOON) if known else Record()
    assert may_be_counted(told, record, now=NOON) is may_be


def test_a_day_is_over_two_hours_after_its_end() -> None:
    told = VideoSpending("a", ANN, {YESTERDAY: 1}, {}, "", None, 0, 0)
    midnight = datetime(2026, 11, 30, tzinfo=UTC)
    assert not may_be_counted(told, Record(), now=midnight + timedelta(hours=1, minutes=59))
    assert may_be_counted(told, Record(), now=midnight + timedelta(hours=2))
    # The same moment on the clock of another zone.
    assert may_be_counted(
        told, Record(), now=(midnight + timedelta(hours=2)).astimezone(timezone(timedelta(hours=-10)))
    )
