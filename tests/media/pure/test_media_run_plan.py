"""Which run of ffmpeg takes the place of one whose plan turned out to be wrong."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runops_worker.media.limits import Limits
from runops_worker.media.recording.loss import LossKind
from runops_worker.media.recording.recording import Recording, SoundTrack
from runops_worker.media.sandbox.run_tool import Outcome
from runops_worker.media.transcode import encode
from runops_worker.media.transcode.decoding_report import DecodedSound, DecodingReport
from runops_worker.media.transcode.picture_size import PictureSizes
from runops_worker.media.transcode.run_plan import (
    RunPlan,
    for_pictures,
    for_sound_that_changes,
    for_waiting,
    without_broken_sound,
)
from runops_worker.media.transcode.waiting_run import WaitingRun

SMALL, LARGE = (320, 180), (1280, 720)
GOOD, BAD = DecodedSound(packets=500, frames=500, errors=0), DecodedSound(packets=500, frames=1, errors=499)


def plan(*, turns: int = 0, sounds: int = 0) -> RunPlan:
    recording = Recording(
        container="matroska",
        duration_seconds=100.0,
        video_seconds=100.0,
        screen=0,
        width=SMALL[0],
        height=SMALL[1],
        video_codec="vp8",
        sounds=tuple(SoundTrack(place=place, codec="opus") for place in range(sounds)),
        quarter_turns=turns,
    )
    return RunPlan(recording=recording, follows=SMALL, shorter_side=720)


def shown(*sizes: tuple[int, int], changes: bool = False) -> PictureSizes:
    seen = PictureSizes(SMALL, fps=1, recording_seconds=100.0)
    for number, (width, height) in enumerate(sizes):
        assert seen.take(f"[Parsed_showinfo_1 @ 0x1] [info] n: {number} fmt:yuv420p sar:1/1 s:{width}x{height} i:P ")
    seen.changes = changes
    return seen


def test_a_run_whose_pictures_fit_goes_on() -> None:
    assert for_pictures(plan(), shown(*[SMALL] * 50)) is None
    assert for_pictures(plan(), shown(*[SMALL] * 50, *[LARGE] * 9)) is None, "they do not last"


def test_a_larger_picture_that_lasts_gets_a_frame_of_its_own() -> None:
    before = plan()
    after = for_pictures(before, shown(*[SMALL] * 5, *[LARGE] * 10))
    assert after == replace(before, follows=LARGE, frames_left=1)
    assert (before.frame, after.frame) == (SMALL, LARGE)


def test_the_last_frame_is_as_large_as_a_frame_may_be_and_takes_any_picture() -> None:
    last = replace(plan(), frames_left=0)
    assert last.frame == LARGE
    assert for_pictures(last, shown(*[(1920, 1080)] * 50, changes=True)) is None


@pytest.mark.parametrize(("turns", "replaced"), [(0, False), (1, True), (2, True), (3, True)])
def test_a_turned_picture_that_changes_its_size_is_fitted_before_it_is_turned(turns: int, *, replaced: bool) -> None:
    before = plan(turns=turns)
    after = for_pictures(before, shown(SMALL, changes=True))
    assert after == (replace(before, frames_left=0) if replaced else None)


@pytest.mark.parametrize(
    ("turns", "changes", "frames_left"), [(0, False, 2), (0, True, 2), (1, False, 2), (1, True, 0)]
)
def test_a_size_that_is_known_beforehand_needs_no_second_run(turns: int, frames_left: int, *, changes: bool) -> None:
    before = plan(turns=turns)
    known = before.following(LARGE, changes=changes)
    assert known == replace(before, follows=LARGE, frames_left=frames_left)
    assert for_pictures(known, shown(*[SMALL] * 20, *[LARGE] * 20)) is None


def test_sound_that_changes_replaces_a_run_once() -> None:
    before = plan(sounds=1)
    after = for_sound_that_changes(before, DecodingReport(sound_changes=True))
    assert after == replace(before, sound_changes=True)
    assert for_sound_that_changes(after, DecodingReport(sound_changes=True)) is None
    assert for_sound_that_changes(before, DecodingReport()) is None


def test_sound_that_can_be_decoded_needs_no_other_run() -> None:
    assert without_broken_sound(plan(sounds=2), DecodingReport(sounds=[GOOD, GOOD]), failed=False) is None


def test_one_damaged_track_is_left_out_and_after_two_runs_all_are() -> None:
    first = without_broken_sound(plan(sounds=4), DecodingReport(sounds=[GOOD, BAD, GOOD, BAD]), failed=False)
    assert first is not None
    assert [track.place for track in first.recording.sounds] == [0, 2]
    second = without_broken_sound(first, DecodingReport(sounds=[GOOD, BAD]), failed=False)
    assert second is not None
    assert second.recording.sounds == ()
    assert second.recording.losses[-1].kind is LossKind.SOUND_UNREADABLE


def reported(*values: tuple[int, int, int]) -> WaitingRun:
    """Take reports of the time, the pictures and the bytes so far."""
    waiting = WaitingRun()
    for time, frame, size in values:
        waiting.take(f"frame={frame}")
        waiting.take("fps=0.0")
        waiting.take(f"total_size={size}")
        waiting.take(f"out_time_us={time}")
        waiting.take("progress=continue")
    return waiting


@pytest.mark.parametrize(
    ("values", "waits"),
    [
        ([(5, 5, 5)] * 240, False),
        ([(5, 5, 5)] * 241, True),
        ([(5, 5, 5)] * 200 + [(5, 6, 5)] * 200, False),
        ([(5, 5, 5)] * 200 + [(6, 5, 5)] * 200, False),
        ([(5, 5, 5)] * 200 + [(5, 5, 6)] * 200, False),
        ([(5, 5, 5)] * 200 + [(5, 6, 5)] * 241, True),
        ([(at, 0, 0) for at in range(600)], False),
    ],
)
def test_a_run_that_reports_the_same_for_two_minutes_waits_for_ever(
    values: list[tuple[int, int, int]], waits: bool
) -> None:
    assert reported(*values).waits is waits


def test_a_run_that_waits_is_replaced_twice_by_the_same() -> None:
    first = replace(plan(), sound_changes=True)
    assert for_waiting(first, waits=False) is None
    assert for_waiting(plan(), waits=True) is None, "with one graph, ffmpeg never waited"
    second = for_waiting(first, waits=True)
    assert second == replace(first, waits_left=1)
    assert second is not None
    third = for_waiting(second, waits=True)
    assert third == replace(first, waits_left=0)
    assert third is not None
    assert for_waiting(third, waits=True) is None


async def test_ffmpeg_that_waits_is_stopped_and_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs = 0

    async def ffmpeg(_command: list[str], *, on_stdout: Callable[[str], None], **_others: object) -> Outcome:
        nonlocal runs
        runs += 1
        for _report in range(300 if runs == 1 else 100):
            on_stdout("out_time_us=1000000")
            on_stdout("progress=continue")
        return Outcome(0, ())

    monkeypatch.setattr(encode, "run_tool", ffmpeg)
    encoder = encode.Encoder(
        source=tmp_path / "source",
        part=tmp_path / "part",
        plan=replace(plan(), sound_changes=True),
        white_nits=203.0,
        fps=1,
        crf=32,
        limits=Limits(),
        on_progress=lambda _share: None,
        watcher=None,
    )
    await encoder.whole()
    assert (runs, encoder.plan.waits_left) == (2, 1)
