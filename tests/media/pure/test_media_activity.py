"""In which seconds of a slim video something happens."""

import pytest

from runops_worker.media.transcode.activity import Activity, Picture, activity_of

STILL, CARET, DIALOG = 40, 60, 1200


def changed(sizes: list[int], *, keys: tuple[int, ...] = (0,), fps: int = 1) -> list[int]:
    pictures = [Picture(place / fps, size, place in keys) for place, size in enumerate(sizes)]
    found = activity_of(pictures, [], start=0, seconds=len(sizes) // fps)
    return [second for second, is_changed in enumerate(found.changed) if is_changed]


def loud(levels: list[float], *, seconds: int | None = None) -> list[int]:
    found = activity_of([], levels, start=0, seconds=len(levels) if seconds is None else seconds)
    return [second for second, is_loud in enumerate(found.loud) if is_loud]


def test_a_picture_that_is_larger_than_an_unchanged_one_is_a_change() -> None:
    assert changed([20_000, STILL, CARET, DIALOG, STILL]) == [3]
    assert changed([20_000, STILL, STILL, DIALOG, DIALOG, STILL], fps=2) == [1, 2]


def test_a_camera_picture_is_noise_until_more_than_it_changes() -> None:
    camera = [900, 950, 1700, 920] * 5
    assert changed([20_000, *camera, 6000, *camera]) == [21]


def test_where_something_changes_all_the_time_every_second_is_busy() -> None:
    assert changed([20_000, *[9000] * 5]) == [1, 2, 3, 4, 5]


def test_a_key_picture_is_a_change_only_where_none_was_due() -> None:
    still = [STILL] * 600
    assert changed([20_000, *still], keys=(0, 250, 500)) == []
    assert changed([20_000, *still], keys=(0, 100, 350)) == [100]


def test_a_key_picture_where_a_chunk_may_begin_says_nothing() -> None:
    def seconds(start: int, keys: tuple[int, ...]) -> list[int]:
        pictures = [Picture(float(place), 20_000 if place in keys else STILL, place in keys) for place in range(310)]
        found = activity_of(pictures, [], start=start, seconds=310)
        return [second for second, is_changed in enumerate(found.changed) if is_changed]

    assert seconds(0, (0, 250, 270, 275, 280, 285, 290, 295, 300)) == [300]
    assert seconds(275, (0, 5, 10, 15, 20, 25, 290, 295, 300, 305)) == [25]
    assert seconds(276, (0, 4, 9, 14, 19, 289, 290)) == [290]


def test_speech_is_louder_than_the_noise_of_the_recording() -> None:
    assert loud([-60.0, -20.0, -60.0]) == [1]
    assert loud([-100.0] * 3) == []
    assert loud([-40.0, -41.0, -40.0, -39.0]) == [], "a fan"
    assert loud([-22.0, -25.0, -20.0]) == [0, 1, 2], "a voice without a pause"
    assert loud([-44.0, -44.0, -44.0, -30.0]) == [3]


def test_noise_is_audible_and_silence_is_not() -> None:
    found = activity_of([], [-100.0, -60.0, -59.9, -20.0], start=10, seconds=6)
    assert found.audible == (False, False, True, True, False, False)
    assert [found.is_silent(start, start + 1) for start in (10, 11, 12, 13, 14)] == [True, True, False, False, True]
    assert not found.is_silent(11.5, 12.1)
    assert not found.is_silent(16, 20), "not measured"
    assert found.is_silent(0, 12)
    assert not Activity(0, (True,), (True,)).is_silent(0, 1)


def test_sound_may_end_before_the_pictures_or_after_them() -> None:
    assert loud([-20.0], seconds=3) == [0]
    assert loud([-20.0] * 5, seconds=2) == [0, 1]


@pytest.mark.parametrize(
    ("start", "end", "busy"), [(0, 200, 3), (100, 103, 2), (101, 103, 1), (103, 200, 1), (104, 200, 0), (0, 100, 0)]
)
def test_busy_seconds_are_counted_by_the_recordings_time(start: float, end: float, busy: int) -> None:
    activity = Activity(100, (True, False, False, False), (False, False, True, True))
    assert activity.busy(start, end) == busy


def test_a_picture_of_twice_the_noise_is_no_change() -> None:
    assert changed([20_000, STILL, STILL, 2 * STILL, 2 * STILL + 1, STILL]) == [4]


def test_a_key_picture_may_be_the_second_and_the_first_may_be_none() -> None:
    assert changed([20_000, 20_000, STILL, STILL], keys=(0, 1)) == [1]
    assert changed([STILL] * 300, keys=(250,)) == []


def test_ten_decibels_above_the_noise_are_not_loud_yet() -> None:
    assert loud([-60.0, -50.0, -49.9, -60.0]) == [2]


def test_every_second_of_the_clip_has_one_entry_and_what_is_behind_its_end_none() -> None:
    pictures = [Picture(at, 20_000, is_key=False) for at in (0.5, 1.5, 2.5, 3.0, 4.5)]
    found = activity_of([Picture(0.0, 1, is_key=False)] * 20 + pictures, [-20.0], start=7, seconds=3)
    assert found == Activity(7, (True, True, True), (True, False, False), (True, False, False))


def test_what_changed_and_what_was_loud_are_of_the_same_seconds() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Activity(0, (True, True), (True,)).busy(0, 2)
