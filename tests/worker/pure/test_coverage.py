"""Which busy times a transcript leaves out."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import TranscriptItem
from runops_worker.media.transcode.activity import Activity
from runops_worker.transcription.coverage import all_at_one_second, uncovered, without_items
from tests.worker.pure.items import clicked, said, typed


def during(*busy: range, loud: Sequence[range] = (), seconds: int = 120) -> Activity:
    """Return an activity in which the picture changes, or there is sound, in these seconds."""
    return Activity(
        0,
        tuple(any(at in some for some in busy) for at in range(seconds)),
        tuple(any(at in some for some in loud) for at in range(seconds)),
    )


def missing(activity: Activity, *items: TranscriptItem) -> tuple[tuple[float, float], ...]:
    return uncovered(items, activity, start=0.0, end=float(len(activity.changed)), most=2)


ALWAYS = range(120)


def test_a_busy_time_of_thirty_seconds_without_an_item_is_missing_and_a_shorter_one_is_not() -> None:
    assert missing(
        during(ALWAYS), clicked(0, "a"), clicked(29, "b"), clicked(58, "c"), clicked(87, "d"), clicked(119, "e")
    ) == ((86.0, 120.0),)
    assert missing(during(ALWAYS), *(clicked(at, "x") for at in (0, 29, 58, 87, 110))) == ()


@pytest.mark.parametrize(("busy", "found"), [(range(40, 49), ()), (range(40, 50), ((39.0, 51.0),))])
def test_nine_busy_seconds_are_too_few(busy: range, found: object) -> None:
    assert missing(during(busy)) == found


def test_of_a_long_idle_time_a_pulse_every_few_seconds_is_no_busy_part() -> None:
    # The picture is coded anew every eight seconds, and a clock on the screen changes each minute.
    pulses = [range(at, at + 1) for at in [*range(30, 600, 8), *range(45, 600, 60)]]
    assert missing(during(*pulses, seconds=600), clicked(0, "a"), clicked(599, "z")) == ()
    busy = range(300, 310)
    assert missing(during(*pulses, busy, seconds=600), clicked(0, "a"), clicked(599, "z")) == ((245.0, 368.0),)


def test_ten_busy_seconds_are_enough_within_a_minute() -> None:
    spread = [range(at, at + 1) for at in range(30, 84, 6)]
    assert missing(during(*spread, range(89, 90), seconds=150)) == ((29.0, 91.0),)
    assert missing(during(*spread, range(90, 91), seconds=150)) == ()


def test_only_the_busy_part_of_a_hole_is_missing() -> None:
    assert missing(during(range(50, 70)), clicked(0, "a")) == ((49.0, 71.0),)


def test_pictures_need_items_of_what_was_seen_and_speech_items_of_what_was_said() -> None:
    speech = during(loud=[ALWAYS])
    told = [said(at, "words") for at in range(0, 120, 20)]
    shown = [clicked(at, "x") for at in range(0, 120, 20)]
    assert missing(speech, *told) == ()
    assert missing(speech, *shown) == ((0.0, 120.0),)
    assert missing(during(ALWAYS), *shown) == ()
    assert missing(during(ALWAYS), *told) == ((0.0, 120.0),)


def test_an_item_covers_the_time_until_its_end_but_not_minutes_of_changes() -> None:
    assert missing(during(range(60)), typed(0, "text", end=30), clicked(58, "x")) == ()
    assert missing(during(range(120)), typed(0, "text", end=120)) == ((29.0, 120.0),)


def test_what_was_said_covers_no_more_than_its_text_can_last() -> None:
    speech = during(loud=[ALWAYS])
    assert missing(speech, said(0, "word " * 48, end=120)) == ()
    assert missing(speech, said(0, "hello", end=120)) == ((9.0, 120.0),)


def test_holes_that_are_near_each_other_are_one_and_of_too_many_the_nearest_are_joined() -> None:
    long = during(range(600), seconds=600)
    around = [clicked(at, "x") for at in range(0, 600, 10) if not 100 <= at < 150 and not 160 <= at < 210]
    assert missing(long, *around) == ((89.0, 211.0),)
    four = [clicked(at, "x") for at in range(0, 600, 10) if not any(at in hole for hole in FOUR)]
    assert uncovered(four, long, start=0.0, end=600.0, most=3) == ((79.0, 261.0), (329.0, 401.0), (489.0, 561.0))
    assert uncovered(four, long, start=0.0, end=600.0, most=2) == ((79.0, 401.0), (489.0, 561.0))
    assert uncovered(four, long, start=0.0, end=600.0, most=1) == ((79.0, 561.0),)


FOUR = (range(90, 150), range(200, 260), range(340, 400), range(500, 560))


@pytest.mark.parametrize(("last", "found"), [(10, ()), (22, ((0.0, 24.0),))])
def test_what_changes_within_ten_seconds_of_an_item_may_be_its_effect_and_alone_is_not_missing(
    last: int, found: object
) -> None:
    # Ten seconds of change after the effect are missing, and the answer then begins with the effect: it may be more.
    assert missing(during(range(1, 12)), clicked(1, "Save")) == ()
    assert missing(during(range(1, last + 1)), clicked(1, "Save")) == found


def test_before_the_first_item_nothing_is_an_effect() -> None:
    assert missing(during(range(1, 11)), clicked(60, "a")) == ((0.0, 12.0),)


def test_what_is_heard_after_a_sentence_is_no_effect_of_it() -> None:
    assert missing(during(loud=[range(5, 15)]), said(0, "words", end=5)) == ((4.0, 16.0),)


def test_a_person_who_waits_after_each_order_is_not_asked_about_again() -> None:
    """As in the recording of twelve orders: a page settles after each, and the encoder shows a pulse every 15 s."""
    settled = [range(order * 60 + 29, order * 60 + 33) for order in range(5)]
    pulses = [range(at, at + 2) for at in range(0, 300, 15)]
    clicks = [clicked(order * 60 + at, "x") for order in range(5) for at in range(10, 30, 3)]
    work = [range(order * 60 + 10, order * 60 + 30) for order in range(5)]
    assert missing(during(*settled, *pulses, *work, seconds=300), *clicks) == ()
    without_the_third = [item for item in clicks if not 120 <= item.start < 180]
    ((begin, end),) = missing(during(*settled, *pulses, *work, seconds=300), *without_the_third)
    assert begin <= 130
    assert end >= 150


seconds_of_activity = st.integers(0, 2**300 - 1).map(lambda bits: tuple(bool(bits >> at & 1) for at in range(300)))
times = st.lists(st.integers(0, 299), max_size=40)


@given(changed=seconds_of_activity, loud=seconds_of_activity, at=times, most=st.integers(1, 4))
def test_what_is_asked_again_is_little_in_order_and_apart(
    changed: tuple[bool, ...], loud: tuple[bool, ...], at: list[int], most: int
) -> None:
    items: list[TranscriptItem] = [clicked(time, "x") for time in at[::2]]
    items += [said(time, "words") for time in at[1::2]]
    found = uncovered(items, Activity(0, changed, loud), start=0.0, end=300.0, most=most)
    assert len(found) <= most
    assert all(0.0 <= begin < end <= 300.0 for begin, end in found)
    assert all(after[0] - before[1] >= 30.0 for before, after in pairwise(found))


@given(changed=seconds_of_activity, at=times)
def test_what_is_asked_again_begins_and_ends_where_something_happens_and_no_item_is_near(
    changed: tuple[bool, ...], at: list[int]
) -> None:
    activity = Activity(0, changed, (False,) * 300)
    for begin, end in uncovered([clicked(time, "x") for time in at], activity, start=0.0, end=300.0, most=10):
        first, last = int(begin) + (begin > 0 or not changed[0]), min(int(end) - 2, 299)
        assert changed[first]
        assert changed[last] or end == 300.0
        assert not any(first < time <= first + 9 or last - 9 <= time < last for time in at)
        assert sum(changed[int(begin) : int(end)]) >= 10


@given(changed=seconds_of_activity, pauses=st.lists(st.integers(1, 29), min_size=40, max_size=40))
def test_an_answer_without_a_pause_of_thirty_seconds_is_never_asked_about_again(
    changed: tuple[bool, ...], pauses: list[int]
) -> None:
    items = [clicked(at, "x") for at in accumulate(pauses) if at < 300]
    end = items[-1].start + 29
    assert uncovered(items, Activity(0, changed, (False,) * 300), start=0.0, end=min(end, 300.0), most=3) == ()


@given(begin=st.integers(0, 220), length=st.integers(45, 80), changed=seconds_of_activity)
def test_a_long_stretch_of_work_that_is_left_out_is_asked_again(
    begin: int, length: int, changed: tuple[bool, ...]
) -> None:
    gone = range(begin, min(begin + length, 300))
    activity = tuple(second in gone or is_changed for second, is_changed in enumerate(changed))
    items = [clicked(second, "x") for second in range(0, 300, 5) if second not in gone]
    found = uncovered(items, Activity(0, activity, (False,) * 300), start=0.0, end=300.0, most=3)
    assert all(any(start <= second < end for start, end in found) for second in gone)


def test_activity_is_found_by_the_second_of_the_recording() -> None:
    later = Activity(1000, (False,) * 60 + (True,) * 60, (False,) * 120)
    assert uncovered([], later, start=1000.0, end=1120.0, most=3) == ((1059.0, 1120.0),)
    assert uncovered([], later, start=900.0, end=1000.0, most=3) == ()
    assert uncovered([], later, start=1000.0, end=1500.0, most=3) == ((1059.0, 1121.0),)


def test_times_without_an_item_of_any_kind() -> None:
    items: list[TranscriptItem] = [clicked(10, "x"), said(20, "y", end=25)]
    assert without_items(items, start=0.0, end=60.0, least=10.0) == ((0.0, 10.0), (10.0, 20.0), (25.0, 60.0))
    assert without_items(items, start=0.0, end=60.0, least=30.0) == ((25.0, 60.0),)


@pytest.mark.parametrize(
    ("times", "are"), [((5.0, 5.2, 5.4, 5.9), True), ((5.0, 5.2, 5.4), False), ((5.0, 5.2, 5.4, 6.0), False)]
)
def test_four_items_within_one_second_are_dated_wrongly(times: tuple[float, ...], *, are: bool) -> None:
    assert all_at_one_second([clicked(at, "x") for at in times]) is are


def test_the_first_second_of_the_activity_counts() -> None:
    assert missing(during(range(10))) == ((0.0, 11.0),)


def test_what_was_said_covers_half_a_second_for_each_of_its_letters() -> None:
    assert missing(during(loud=[ALWAYS]), said(0, "x" * 40, end=120)) == ((19.0, 120.0),)


@pytest.mark.parametrize(
    ("later", "found"),
    [(range(102, 130), ((49.0, 71.0), (101.0, 131.0))), (range(101, 130), ((49.0, 131.0),))],
)
def test_holes_thirty_seconds_apart_are_two(later: range, found: object) -> None:
    assert missing(during(range(50, 70), later, seconds=200), clicked(100, "x"), clicked(199, "x")) == found
