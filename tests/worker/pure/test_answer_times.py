"""Times in the forms that models write."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import dump_transcript
from runops_worker.transcription.answer.read_answer import TranscriptAnswer, read_answer
from runops_worker.transcription.answer.rules import Rule
from runops_worker.transcription.answer.stamps import Clock, Moment
from tests.worker.pure.answers import AUDIO, VISUAL


def start_of(stamp: Any, *, length: float = 60) -> tuple[str | None, dict[str, int]]:
    answer = read_answer(json.dumps([{**VISUAL, "timestamp_start_visual": stamp}]), length=length)
    starts = [item["timestamp_start_visual"] for item in dump_transcript(answer.items)]
    return (starts or [None])[0], dict(answer.settled)


@pytest.mark.parametrize("stamp", ["00:41", "00:00:41", "00:00:41.0", "00:00:41.000"])
def test_the_agreed_forms_are_not_counted(stamp: str) -> None:
    start, rules = start_of(stamp)
    assert (start in {"00:00:41", "00:00:41.000"}, rules) == (True, {})


@pytest.mark.parametrize(
    "stamp",
    [
        *(
            "41",
            "41s",
            "41.0",
            "41,0",
            "41 s",
            "41sec",
            "41 seconds",
            "41.0s",
            "41000ms",
            "0:41",
            "0:00:41",
            "00:00:41,000",
        ),
        *("00:00:41.0000", "00:00:41.000000", "00:00:41;00", "00:00:41:000", "00:00:41:00", " 00:00:41 "),
        *(
            "[00:41]",
            "(00:41)",
            "<00:00:41>",
            '"00:41"',
            "`00:41`",
            "**00:41**",
            "~00:41",
            "@00:41",
            "t=41",
            "T00:00:41",
        ),
        *("T+00:41", "00:00:41Z", "PT41S", "PT0M41S", "0m41s", "0m 41s", "0h0m41s", "00h00m41s", "0 min 41 sec"),
        *("0 minutes, 41 seconds", "at 00:41", "00:41 (approx.)", "around 00:00:41", "00 : 41", "00:00: 41"),
        *("1970-01-01T00:00:41Z", "2026-11-29 00:00:41", "00.00.41", "000041", "0041"),
        *(
            "\uff10\uff10\uff1a\uff14\uff11",
            "00\uff1a41",
            "00\u223641",
            "\u0660\u0660:\u0664\u0661",
            "\u096a\u0967",
            "\u200b00:41",
        ),
        *(41, 41.0, [41], ["41"], {"seconds": 41}, {"seconds": "41", "nanos": 0}, {"minutes": 0, "seconds": 41}),
        *("00:41s", "00:41 s", "00:41 AM", "00:41.", "00:41,", "00:41:", ":41", "::41", "41.", "00-00-41"),
        *("00_00_41",),
        *("0min41", "0m41", "0'41\"", "0'41", "0\u203241\u2033", "4.1e1", "P0DT0H0M41S"),
        *("at 41 seconds", "ca. 41", "Time: 41", "second 41", "Sekunde 41", "um 00:41", "about 0:41"),
        *("41 Sekunden", "41 Sek.", "0 Minuten 41 Sekunden", "41 secondes", "41 segundos", "41 secondi", "41 sekund"),
        *("0 мин 41 сек", "41 секунда", "0分41秒", "0分钟41秒", "0분 41초", "0 Std. 0 Min. 41 Sek."),
        *(["00:41"], {"start": "00:41"}, {"value": 41}, {"mm": 0, "ss": 41}, {"min": "0", "sec": "41"}),
    ],
    ids=str,
)
def test_another_form_of_the_same_time_is_settled(stamp: Any) -> None:
    assert start_of(stamp) == ("00:00:41", {"time_form": 1})


@pytest.mark.parametrize(
    ("stamp", "start"),
    [
        ("00:00:41,500", "00:00:41.500"),
        ("00:00:41.5004", "00:00:41.500"),
        ("41.5s", "00:00:41.500"),
        ("00:41.25", "00:00:41.250"),
        ("00:00:41:12", "00:00:41.120"),
        ("PT41.5S", "00:00:41.500"),
        (41.25, "00:00:41.250"),
        ("-00:00:01", "00:00:00"),
        (-3, "00:00:00"),
        ("start", "00:00:00"),
        ("end", "00:01:00"),
    ],
)
def test_fractions_and_words(stamp: Any, start: str) -> None:
    assert start_of(stamp) == (start, {"time_form": 1})


@pytest.mark.parametrize(
    ("stamp", "length", "start", "rule"),
    [
        # Minutes where hours belong.
        ("00:41:00", 60, "00:00:41", "minutes_as_hours"),
        ("00:41:00.000", 60, "00:00:41", "minutes_as_hours"),
        ("00:41:50", 60, "00:00:41.500", "minutes_as_hours"),
        ("00:05:0.760", 60, "00:00:05.760", "minutes_as_hours"),
        ("00:06:500", 60, "00:00:06.500", "minutes_as_hours"),
        ("00:06:500", 900, "00:00:06.500", "minutes_as_hours"),
        ("06:500", 60, "00:00:06.500", "minutes_as_hours"),
        ("00:41:00:00", 60, "00:00:41", "minutes_as_hours"),
        ("41:00", 60, "00:00:41", "minutes_as_hours"),
        ("41:00.5", 60, "00:00:41.500", "minutes_as_hours"),
        ("41:05", 60, None, None),
        ("02:00", 60, None, None),
        ("02:01", 60, None, None),
        # The usual reading is in the clip.
        ("00:04:00", 300, "00:04:00", None),
        ("00:41:00", 3600, "00:41:00", None),
        ("1:02:03", 4000, "01:02:03", "time_form"),
        ("61:05.25", 4000, "01:01:05.250", "time_form"),
        # Milliseconds.
        ("41500", 60, "00:00:41.500", "milliseconds"),
        (41500, 60, "00:00:41.500", "milliseconds"),
        (250_000, 300, "00:04:10", "milliseconds"),
        ("75", 90, "00:01:15", "time_form"),
        # Just past the end.
        ("00:01:02", 60, "00:01:00", "start_past_clip"),
        ("00:05:12", 300, "00:05:00", "start_past_clip"),
        ("00:00:51", 48, "00:00:48", "start_past_clip"),
        # Past it, and nothing says that it means another time.
        ("00:01:10", 60, None, None),
        ("01:10", 60, None, None),
        ("70", 60, None, None),
    ],
)
def test_a_time_past_the_clip_is_read_another_way_only_where_that_is_clear(
    stamp: Any, length: float, start: str | None, rule: str | None
) -> None:
    assert start_of(stamp, length=length) == (start, {} if rule is None else {rule: 1})


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("1h2m3s", 3_723_000),
        ("1 hour, 2 min, 3.25 sec", 3_723_250),
        ("2m", 120_000),
        ("3,5s", 3_500),
        ("1m500ms", 60_500),
        ({"hours": 1, "minutes": 2, "seconds": 3, "milliseconds": 4, "nanos": 5_000_000}, 3_723_009),
        ("01.02.03", 3_723_000),
        ("01.02.03.5", 3_723_500),
        ("0123", 83_000),
        ("1m05", 65_000),
        ("65,000 ms", 65_000),
        ("65.000ms", 65_000),
        ("1 Minute 5 Sekunden", 65_000),
        ("1 Stunde, 2 Minuten und mehr", 3_720_000),
        ("1.5 min", 90_000),
        ("1,5 Minuten", 90_000),
        ("2'05\"", 125_000),
        ("2'05.25\"", 125_250),
        ("1.5e2", 150_000),
        ("1m05,5", 65_500),
        ("1m 5m", 60_000),
        ("1m 5:30", 60_000),
        ("01:02:03:04", 3_723_040),
        # Words around a time.
        ("soon 00:41", 41_000),
        ("1m500", 60_000),
        ("010203", 3_723_000),
        ("2026-11-29 41s", 41_000),
        # Words behind a time, but not behind a bare number.
        *((f"{written} of it", 5_000) for written in ("5s", "5S", "5.0", "0:05")),
        *((f"{written} of it", 300_000) for written in ("5m", "5M")),
        *((f"{written} of it", 18_000_000) for written in ("5h", "5H")),
        ("-5", 0),
        ("- 5s", 0),
        ("00:41" + " " * 95, 41_000),
    ],
    ids=str,
)
def test_a_time_that_is_no_clip_time_of_seconds(stamp: Any, at: int) -> None:
    assert Clock.of([], length=20_000).start(stamp) == Moment(at, rules=(Rule.TIME_FORM,))


@pytest.mark.parametrize("stamp", ["5 of it", "-soon", "00:41" + " " * 96, "soon 5s", "2026-11-29T"])
def test_what_only_looks_like_a_time_is_none(stamp: str) -> None:
    assert isinstance(Clock.of([], length=20_000).start(stamp), str)


@pytest.mark.parametrize(
    ("stamp", "at", "until"),
    [
        ("5s to 0123", 5_000, 83_000),
        ("5s to 00.01.23", 5_000, 83_000),
        ("0'05\" - 0'07\"", 5_000, 7_000),
        ("01234 - 01250", 1_234_000, 1_250_000),
        ("2026-11-29T00:00:05 - 2026-11-29T00:00:07", 5_000, 7_000),
    ],
)
def test_both_ends_of_a_range_may_have_any_form(stamp: str, at: int, until: int) -> None:
    moment = Clock.of([], length=20_000).start(stamp)
    assert isinstance(moment, Moment)
    assert (moment.at, moment.until) == (at, until)


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        (0, Moment(0, rules=(Rule.MILLISECONDS,))),
        (41_500, Moment(41_500, rules=(Rule.MILLISECONDS,))),
        # Only a whole number that is not negative counts milliseconds.
        (5.5, Moment(5_500, rules=(Rule.TIME_FORM,))),
        (-3, Moment(0, rules=(Rule.TIME_FORM,))),
    ],
)
def test_numbers_of_an_answer_that_counts_milliseconds(stamp: float, moment: Moment) -> None:
    assert Clock(60_000, counts_milliseconds=True).start(stamp) == moment


def test_a_time_at_a_border_is_read_as_it_stands() -> None:
    clock = Clock.of([], length=60)
    assert clock.end("01:00", start=0) == Moment(60_000)
    assert clock.start("06:999") == Moment(6_999, rules=(Rule.MINUTES_AS_HOURS,))
    # Only more than two lengths of the clip past its start is far.
    assert clock.start(120) == "it starts at 00:02:00, but the clip ends at 00:01:00."
    assert clock.start(121) == Moment(121, rules=(Rule.MILLISECONDS,))
    assert clock.start(1e12) == "'1000000000000.0' is not a time."


@pytest.mark.parametrize(
    ("stamp", "length", "moment"),
    [
        # A range up to the end of the clip, and one that begins just past it.
        ("00:50-01:00", 60, Moment(50_000, 60_000, (Rule.TIME_RANGE,))),
        ("01:02-01:05", 60, Moment(60_000, 60_000, (Rule.TIME_RANGE, Rule.START_PAST_CLIP))),
        # Another reading may be the clip's end, and not past it.
        ("60:00", 60, Moment(60_000, rules=(Rule.MINUTES_AS_HOURS,))),
        ("61:00", 60, "it starts at 01:01:00, but the clip ends at 00:01:00."),
        # Not past the clip by far: only nothing but zeros in the last part shows another meaning.
        ("00:02:00", 60, Moment(2_000, rules=(Rule.MINUTES_AS_HOURS,))),
        ("00:02:00:00", 60, Moment(2_000, rules=(Rule.MINUTES_AS_HOURS,))),
        ("00:01:40:00", 60, "it starts at 00:01:40, but the clip ends at 00:01:00."),
        ("00:01:40:00", 40, Moment(1_400, rules=(Rule.MINUTES_AS_HOURS,))),
        ("01:02:00", 120, Moment(62_000, rules=(Rule.MINUTES_AS_HOURS,))),
        ("01:02:05:00", 120, Moment(62_050, rules=(Rule.MINUTES_AS_HOURS,))),
    ],
)
def test_the_borders_of_the_clip(stamp: str, length: float, moment: Moment | str) -> None:
    assert Clock.of([], length=length).start(stamp) == moment


@pytest.mark.parametrize(("length", "milliseconds"), [(-1, 0), (0, 0), (0.0015, 1), (60, 60_000)])
def test_the_length_of_a_clip_in_milliseconds(length: float, milliseconds: int) -> None:
    assert Clock.of([], length=length).length == milliseconds


@pytest.mark.parametrize(
    ("stamps", "length", "is_form_of_all"),
    [
        # A clip of 60 s and the 3 s that an item may be past it: the last time may be 63 s.
        (["00:05:00", "00:30:00", "00:59:00", "01:00:00", "01:03:00"], 60, True),
        (["00:05:00", "00:30:00", "00:59:00", "01:00:00", "01:04:00"], 60, False),
        (["00:05:00", "00:30:00", "00:59:00", "01:00:00"], 60, False),
        (["01:00:00"] * 5, 60, True),
        # All of them are within the clip as they stand, 3 s past its end included.
        (["00:01:00"] * 5, 57, False),
        (["00:01:00"] * 5, 56, True),
        (["01:00:00"] * 5, 3450, False),
    ],
)
def test_minutes_written_as_hours_are_the_form_of_an_answer_only_where_its_times_fit_so(
    stamps: list[str], length: float, is_form_of_all: bool
) -> None:
    assert Clock.of(stamps, length=length).minutes_as_hours is is_form_of_all


@pytest.mark.parametrize(
    ("numbers", "counts_milliseconds"),
    [([30, 59_000], True), ([63_000], True), ([63_001], False), ([120], False), ([121], True), ([], False)],
)
def test_numbers_count_milliseconds_where_the_largest_is_far_past_the_clip_in_seconds(
    numbers: list[int], counts_milliseconds: bool
) -> None:
    clock = Clock.of(numbers, length=60)
    assert clock.counts_milliseconds is counts_milliseconds
    expected = (
        Moment(30, rules=(Rule.MILLISECONDS,)) if counts_milliseconds else Moment(30_000, rules=(Rule.TIME_FORM,))
    )
    assert clock.start(30) == expected


@pytest.mark.parametrize(
    ("stamps", "length", "dots_for_colons"),
    [
        (["01.00"] * 5, 57, True),
        (["01.01"] * 5, 57, False),
        (["01.00"] * 4, 57, False),
        # No time of this answer is written with a point.
        (["00:05"] * 5, 57, False),
    ],
)
def test_points_are_colons_only_where_the_latest_time_is_no_more_than_just_past_the_clip(
    stamps: list[str], length: float, dots_for_colons: bool
) -> None:
    assert Clock.of(stamps, length=length).dots_for_colons is dots_for_colons


def test_another_reading_must_keep_the_order_of_the_items() -> None:
    items = [
        {**VISUAL, "timestamp_start_visual": stamp, "application_in_focus": stamp}
        for stamp in ("00:00:20", "00:41:00", "00:09:00")
    ]
    answer = read_answer(json.dumps(items), length=60)
    assert [item.start for item in answer.items] == [20, 41]
    assert [(one.index, one.raw) for one in answer.unsettled] == [(2, items[2])]


def test_an_answer_whose_times_all_have_minutes_for_hours_is_read_so_throughout() -> None:
    stamps = [f"00:{second:02d}:00" for second in range(0, 60, 2)]
    items = [{**VISUAL, "timestamp_start_visual": stamp} for stamp in stamps]
    answer = read_answer(json.dumps(items), length=300)
    assert [item.start for item in answer.items] == list(range(0, 60, 2))
    # One of seconds among them, and each is read for itself.
    answer = read_answer(json.dumps([*items[:3], {**VISUAL, "timestamp_start_visual": "00:04:31"}]), length=300)
    assert [item.start for item in answer.items] == [0, 120, 240, 271]


def test_an_answer_whose_numbers_are_milliseconds_is_read_so_throughout() -> None:
    items = [{**VISUAL, "timestamp_start_visual": number} for number in (200, 5000, 59_000)]
    answer = read_answer(json.dumps(items), length=60)
    assert [item.start for item in answer.items] == [0.2, 5, 59]
    assert answer.settled == {"milliseconds": 3}


@pytest.mark.parametrize(
    ("stamps", "length", "starts"),
    [
        # Minutes and seconds with a point between them.
        (["00.05", "00.30", "01.05", "02.00", "04.59"], 300, [5, 30, 65, 120, 299]),
        # Seconds: 41 minutes would be past the clip.
        (["00.05", "00.30", "01.05", "02.00", "41.25"], 300, [0.05, 0.3, 1.05, 2, 41.25]),
        # Too few, and numbers of another form among them.
        (["00.05", "00.30", "01.05", "02.00"], 300, [0.05, 0.3, 1.05, 2]),
        (["00.05", "00.30", "01.05", "02.00", "04.59", "7.5"], 300, [0.05, 0.3, 1.05, 2, 4.59, 7.5]),
        # One among times of the form that is asked for.
        (["00:05", "00:10", "00:20", "00:30", "00:40", "00.50"], 60, [5, 10, 20, 30, 40, 50]),
        (["00:05", "00:10", "00:20", "00:30", "00.50"], 60, [0.5, 5, 10, 20, 30]),
    ],
)
def test_points_are_read_as_colons_where_all_times_say_so(
    stamps: list[str], length: float, starts: list[float]
) -> None:
    items = [{**VISUAL, "timestamp_start_visual": stamp, "application_in_focus": stamp} for stamp in stamps]
    answer = read_answer(json.dumps(items), length=length)
    assert [item.start for item in answer.items] == starts


@pytest.mark.parametrize(
    "stamp",
    [
        "soon",
        "2026-11-29",
        "step 3",
        "a:b",
        "12:",
        ":",
        "1:2:3:4:5",
        "x" * 200,
        True,
        {"a": 1},
        {"start": ["00:41"]},
        {"start": "00:41", "a": 1},
        {"start": "00:41", "end": "00:43", "at": "00:42"},
        {},
        "5 Sekundenbruchteile",
        "5minus",
        "00_41",
        [1, 2, 3],
        1e13,
        "9" * 50,
    ],
)
def test_what_is_not_a_time_is_a_fault_with_its_field(stamp: Any) -> None:
    answer = read_answer(json.dumps([AUDIO, {**VISUAL, "timestamp_start_visual": stamp}]), length=60)
    assert len(answer.items) == 1
    ((index, faults),) = [(one.index, one.faults) for one in answer.unsettled]
    assert (index, len(faults), faults[0].partition(":")[0]) == (1, 1, "timestamp_start_visual")
    assert len(faults[0]) < 120


def spoken(start: Any, end: Any, *, length: float = 60) -> tuple[list[tuple[str, str]], TranscriptAnswer]:
    item = {**AUDIO, "timestamp_start_audio": start, "timestamp_end_audio": end}
    answer = read_answer(json.dumps([item]), length=length)
    times = [(one["timestamp_start_audio"], one["timestamp_end_audio"]) for one in dump_transcript(answer.items)]
    return times, answer


@pytest.mark.parametrize(
    ("start", "end", "read_as", "rules"),
    [
        ("00:00:03", "00:00:04", ("00:00:03", "00:00:04"), []),
        (" 00:00:03 ", "00:00:04", ("00:00:03", "00:00:04"), ["time_form"]),
        ("00:00:05", "00:00:04", ("00:00:05", "00:00:05"), ["end_before_start"]),
        ("00:00:59", "00:09:00", ("00:00:59", "00:01:00"), ["end_past_clip"]),
        ("00:00:50", "00:01:09", ("00:00:50", "00:01:00"), ["end_past_clip"]),
        ("00:00:03", "00:09:00", ("00:00:03", "00:00:09"), ["minutes_as_hours"]),
        ("00:01:02", "00:01:03", ("00:01:00", "00:01:00"), ["end_past_clip", "start_past_clip"]),
        ("0:3", "00:4", ("00:00:03", "00:00:04"), ["time_form", "time_form"]),
        ("0:00:03.5", "0:00:04.25", ("00:00:03.500", "00:00:04.250"), ["time_form", "time_form"]),
        ("00:05-00:07", None, ("00:00:05", "00:00:07"), ["time_range"]),
        ("00:05 --> 00:07", "00:05 --> 00:07", ("00:00:05", "00:00:07"), ["time_range", "time_range"]),
        ("[00:05] - [00:07]", None, ("00:00:05", "00:00:07"), ["time_range"]),
        ("00:05\u201300:07", None, ("00:00:05", "00:00:07"), ["time_range"]),
        ("00:05 to 00:07", None, ("00:00:05", "00:00:07"), ["time_range"]),
        ("5s-7s", None, ("00:00:05", "00:00:07"), ["time_form", "time_range"]),
        ([5, 7], None, ("00:00:05", "00:00:07"), ["time_form", "time_range"]),
        (["00:05", "00:07"], None, ("00:00:05", "00:00:07"), ["time_range"]),
        ({"start": "00:05", "end": "00:07"}, None, ("00:00:05", "00:00:07"), ["time_range"]),
        ({"end": "00:07", "start": "00:05"}, None, ("00:00:05", "00:00:07"), ["time_range"]),
        ("00:00:03", None, ("00:00:03", "00:00:03.400"), ["end_missing"]),
        ("00:00:03", "late", ("00:00:03", "00:00:03.400"), ["end_missing"]),
        ("00:00:03", "", ("00:00:03", "00:00:03.400"), ["empty_value", "end_missing"]),
        ("00:01:00", None, ("00:01:00", "00:01:00"), ["end_missing"]),
        (None, "00:00:04", ("00:00:04", "00:00:04"), ["start_missing"]),
        ("N/A", "00:00:04", ("00:00:04", "00:00:04"), ["start_missing"]),
        ("61:05", "61:06", None, []),
        ("soon", "00:00:04", None, []),
        (None, None, None, []),
    ],
)
def test_start_and_end_of_an_audio_item(
    start: Any, end: Any, read_as: tuple[str, str] | None, rules: list[str]
) -> None:
    times, answer = spoken(start, end)
    assert times == ([] if read_as is None else [read_as])
    assert sorted(rule for rule, number in answer.settled.items() for _ in range(number)) == rules
    assert bool(answer.unsettled) is (read_as is None)


def test_an_end_that_cannot_be_read_is_left_out_of_a_visual_item() -> None:
    answer = read_answer(json.dumps([{**VISUAL, "timestamp_end_visual": "later"}]), length=60)
    assert (dump_transcript(answer.items), answer.settled) == ([VISUAL], {"end_missing": 1})


def test_the_end_of_a_clip_of_no_whole_length_is_rounded_down_to_a_millisecond() -> None:
    item = {**VISUAL, "timestamp_start_visual": "00:00:11", "timestamp_end_visual": "00:00:20"}
    (read,) = dump_transcript(read_answer(json.dumps([item]), length=10.5559).items)
    assert (read["timestamp_start_visual"], read["timestamp_end_visual"]) == ("00:00:10.555", "00:00:10.555")


@given(st.floats(0.5, 7200), st.floats(0, 2.999), st.booleans())
def test_an_item_just_past_the_end_of_its_clip_is_moved_to_its_end(length: float, past: float, is_said: bool) -> None:
    base, name = (AUDIO, "timestamp_start_audio") if is_said else (VISUAL, "timestamp_start_visual")
    answer = read_answer(json.dumps([{**base, name: f"{length + past:.4f}s"}]), length=length)
    assert answer.unsettled == ()
    assert all(length - 0.0011 <= item.start <= length + 1e-6 for item in answer.items)


@given(
    st.text(max_size=60)
    | st.from_regex(r"[0-9:.,; hmsT\[\]-]{0,30}", fullmatch=True)
    | st.integers()
    | st.floats()
    | st.lists(st.integers(), max_size=3),
    st.floats() | st.integers(-10, 10_000),
    st.integers(0, 10_000_000),
)
def test_whatever_is_written_for_a_time_is_within_the_clip_or_a_sentence(value: Any, length: float, start: int) -> None:
    clock = Clock.of([value], length=length)
    begin = clock.start(value, after=start)
    if isinstance(begin, Moment):
        assert 0 <= begin.at <= clock.length
        assert begin.until is None or begin.at <= begin.until <= clock.length
    end = clock.end(value, start=min(start, clock.length))
    assert end is None or min(start, clock.length) <= end.at <= clock.length
