"""When the end of a recording is missing, and a part in its middle."""

import pytest

from runops_worker.media.limits import Limits
from runops_worker.media.probe.cut_off import cut_off, second_recording, unreadable_parts
from runops_worker.media.probe.input_summary import InputSummary
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.probe.refusal import refusal
from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.recording.timeline import Timeline
from runops_worker.media.recording.track import Track
from runops_worker.media.sandbox.run_tool import Outcome

UNKNOWN = "The recording's file ends too early: its first 1 min are there, and what follows is missing."


def read(*spans: tuple[float, float], broken: bool = False) -> PacketReport:
    timeline = Timeline(list(spans))
    start, end = spans[0][0], spans[-1][1]
    track = Track(kind="video", codec="h264", width=9, height=9, packets=9, start=start, end=end, timeline=timeline)
    track.last_is_broken = broken
    return PacketReport({0: track})


def told(*, claimed: float | None, ends_early: bool = True, broken: bool = False, start: float = 0.0) -> str | None:
    summary = InputSummary(claimed_seconds=claimed, ends_early=ends_early, streams=1)
    cut = cut_off(summary, read((start, start + 60.0), broken=broken))
    if cut is None:
        return None
    assert cut.loss.kind is LossKind.CUT_OFF
    assert (cut.loss.start, cut.loss.end) == (60.0, cut.whole)
    return cut.loss.detail


def test_a_header_that_claims_more_than_a_whole_file_has_is_wrong() -> None:
    assert told(claimed=600.0, ends_early=False) is None
    assert told(claimed=None, ends_early=False) is None


def test_what_is_missing_is_told_by_the_header() -> None:
    expected = "The recording is cut off: the first 1 min of its 1 min 15 s are there, and 15 s are missing."
    assert told(claimed=75.0) == expected
    assert told(claimed=75.0, ends_early=False, broken=True) == expected


@pytest.mark.parametrize("claimed", [None, 60.6])
def test_without_a_header_the_missing_length_is_unknown(claimed: float | None) -> None:
    assert told(claimed=claimed) == UNKNOWN


def test_the_last_packet_may_be_shorter_than_the_header_says() -> None:
    assert told(claimed=60.5) is None
    assert told(claimed=60.5, broken=True) == UNKNOWN


def test_a_header_that_gives_the_time_of_the_end_is_right() -> None:
    assert told(claimed=1060.0, start=1000.0) is None


@pytest.mark.parametrize(
    ("claimed", "percent", "seconds", "fine"),
    [(120.0, 50, 60.0, True), (120.5, 50, 60.0, False), (120.0, 51, 10.0, False), (120.0, 50, 60.1, False)],
)
def test_a_recording_without_its_end_is_worked_on_if_enough_is_there(
    claimed: float, percent: int, seconds: float, *, fine: bool
) -> None:
    limits = Limits(least_readable_percent=percent, least_readable_seconds=seconds)
    summary = InputSummary(claimed_seconds=claimed, ends_early=True, streams=1)
    refused = refusal(Outcome(0, ()), summary, read((0.0, 60.0)), limits)
    if fine:
        assert refused is None
    else:
        assert refused is not None
        assert refused.detail == "The recording is cut off: only 1 min of its 2 min can be read."


def test_a_file_that_ends_too_early_and_claims_nothing_is_worked_on_however_short_it_is() -> None:
    summary = InputSummary(ends_early=True, streams=1)
    assert refusal(Outcome(0, ()), summary, read((0.0, 2.0)), Limits()) is None


def test_a_hole_in_a_damaged_file_is_told_and_one_in_a_whole_file_is_a_still_screen() -> None:
    packets = read((100.0, 110.0), (114.0, 120.0), (121.5, 130.0))
    assert unreadable_parts(InputSummary(), packets) == ()
    assert unreadable_parts(InputSummary(leaves_out=True), read((0.0, 9.0))) == ()
    detail = "The recording's file is damaged: 5.5 s cannot be read, from 10 s to 14 s, 20 s to 22 s."
    assert unreadable_parts(InputSummary(leaves_out=True), packets) == (
        Loss(LossKind.PICTURES_DAMAGED, detail, start=10.0, end=21.5),
    )


def test_an_mp4_that_was_appended_to_another_one_is_told() -> None:
    assert second_recording(InputSummary(), read((0.0, 60.0))) == ()
    # Each part of a stream that was saved has the same index before its fragments.
    assert second_recording(InputSummary(has_second_index=True, is_in_pieces=True), read((0.0, 60.0))) == ()
    (loss,) = second_recording(InputSummary(has_second_index=True), read((0.0, 60.0)))
    assert (loss.kind, loss.start, loss.end) == (LossKind.CUT_OFF, 60.0, None)
    assert loss.detail == "The recording's file holds a second recording. Only the first one, 1 min long, is worked on."


@pytest.mark.parametrize(("filled", "second", "fine"), [(66.0, True, True), (66.1, True, False), (120.0, False, True)])
def test_two_recordings_in_pieces_whose_pictures_are_mixed_are_refused(
    filled: float, *, second: bool, fine: bool
) -> None:
    packets = read((0.0, 60.0))
    packets.video.filled = filled
    refused = refusal(Outcome(0, ()), InputSummary(has_second_index=second, streams=1), packets, Limits())
    assert (refused is None) == fine
    assert refused is None or "holds two recordings in pieces" in refused.detail


def test_of_many_holes_the_first_ones_are_named() -> None:
    packets = read(*((10.0 * number, 10.0 * number + 8) for number in range(8)))
    (loss,) = unreadable_parts(InputSummary(leaves_out=True), packets)
    assert loss.detail.endswith(", 48 s to 50 s and 2 more.")
