"""Which stretches of a clip are left out, and that every time of what is left means the right second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import AudioItem, VisualItem
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.idle import ClipTimes, busy_ranges
from runops_worker.transcription.heard_answer import Heard
from runops_worker.transcription.sent_clip import in_time_of_the_recording

IDLE, CHANGED, LOUD = ".", "c", "s"
clips = st.lists(st.tuples(st.sampled_from(".cs"), st.integers(1, 25)), min_size=1, max_size=8).map(
    lambda runs: "".join(kind * count for kind, count in runs)
)


def activity(text: str, *, start: int = 0) -> Activity:
    return Activity(start, tuple(one == CHANGED for one in text), tuple(one == LOUD for one in text))


def kept(text: str, *, start: float = 0.0, length: float | None = None, known_from: int = 0) -> ClipTimes | None:
    end = start + (len(text) if length is None else length)
    return busy_ranges(activity("x" * (int(start) - known_from) + text, start=known_from), start=start, end=end)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("c" * 5, None),
        ("c" + "." * 9 + "c", None),
        ("c" + "." * 10 + "c", ((0, 4), (8, 12))),
        ("c" + "." * 5 + "s" + "." * 5 + "c", None),
        ("." * 30, ((0, 3), (27, 30))),
        ("." * 20 + "s" * 5 + "." * 12, ((0, 3), (17, 28), (34, 37))),
    ],
)
def test_long_idle_stretches_are_left_out_but_for_their_ends(
    text: str, ranges: tuple[tuple[float, float], ...] | None
) -> None:
    found = kept(text)
    assert (None if found is None else found.kept) == ranges


def test_the_clip_may_begin_anywhere_in_the_recording_and_end_within_a_second() -> None:
    found = kept("c" + "." * 20 + "c", start=295.0, length=21.5, known_from=290)
    assert found is not None
    assert found.kept == ((0, 4), (18, 21.5))
    assert found.seconds == 7.5


def test_only_the_clip_counts_and_what_was_not_measured_is_kept() -> None:
    around = activity("c" + "." * 40 + "c" * 20, start=100)
    found = busy_ranges(around, start=110, end=130)
    assert found is not None
    assert found.kept == ((0, 3), (17, 20))
    beyond = busy_ranges(activity("." * 20, start=0), start=0, end=60)
    assert beyond is not None
    assert beyond.kept == ((0, 3), (17, 60))


def test_of_a_clip_that_begins_within_a_second_nothing_is_left_out() -> None:
    assert busy_ranges(activity("." * 40), start=0.5, end=40) is None


def test_a_time_at_a_cut_begins_after_it_and_ends_before_it() -> None:
    times = ClipTimes(((0, 4), (18, 22)))
    assert [times.start(at) for at in (0, 3.5, 4, 5)] == [0, 3.5, 18, 19]
    assert [times.end(at) for at in (0, 3.5, 4, 5, 8)] == [0, 3.5, 4, 19, 22]
    # Models write times that are a little early or late.
    assert times.start(9) == times.end(9) == 23
    assert times.start(-1) == times.end(-1) == -1


@given(clips)
def test_each_kept_second_has_its_own_time_and_nothing_busy_is_left_out(text: str) -> None:
    times = kept(text) or ClipTimes(((0.0, float(len(text))),))
    shown = [second for start, end in times.kept for second in range(int(start), int(end))]
    assert len(shown) == times.seconds
    assert shown[0] == 0
    assert shown[-1] == len(text) - 1
    assert [times.start(float(place)) for place in range(len(shown))] == shown
    assert [times.end(place + 1.0) for place in range(len(shown))] == [second + 1 for second in shown]
    left_out = set(range(len(text))) - set(shown)
    assert all(text[second] == IDLE for second in left_out)
    # What is done or said is seen and heard with three seconds around it.
    busy = {second for second, one in enumerate(text) if one != IDLE}
    assert not {second + near for second in busy for near in range(-3, 4)} & left_out


def test_items_get_the_times_of_the_recording() -> None:
    seen = VisualItem(
        timestamp_start_visual="00:00:04",
        timestamp_end_visual="00:00:06",
        application_in_focus="",
        action_type_observed="CLICK",
        screen_region_description_pre_action="",
        screen_region_description_post_action="",
    )
    instant = seen.model_copy(update={"timestamp_end_visual": None, "timestamp_start_visual": "00:00:03"})
    at_the_cut = seen.model_copy(update={"timestamp_end_visual": "00:00:04"})
    said = AudioItem(
        timestamp_start_audio="00:00:02.500", timestamp_end_audio="00:00:04", verbatim_transcript_segment="So."
    )
    times = ClipTimes(((0, 4), (18, 22)))
    answer = in_time_of_the_recording(Heard(items=(seen, instant, at_the_cut, said)), times)
    assert [item.start for item in answer.items] == [18, 3, 18, 2.5]
    first, second, third, fourth = answer.items
    assert isinstance(first, VisualItem)
    assert isinstance(second, VisualItem)
    assert isinstance(third, VisualItem)
    assert isinstance(fourth, AudioItem)
    assert first.timestamp_end_visual == "00:00:20"
    assert second.timestamp_end_visual is None
    assert third.timestamp_end_visual == "00:00:18"
    assert fourth.timestamp_end_audio == "00:00:04"
    untouched = Heard(items=(seen,))
    assert in_time_of_the_recording(untouched, None) is untouched
