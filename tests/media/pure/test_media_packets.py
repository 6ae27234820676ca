"""Sums over the packets that ffmpeg lists."""

from fractions import Fraction

import pytest

from runops_worker.media.probe.packets import PACKET_LIST, PacketReport, StreamReport

HEADER = [
    "#software: Lavf61",
    "#tb 0: 1/10",
    "#media_type 0: video",
    "#codec_id 0: h264",
    "#dimensions 0: 320x240",
    "#sar 0: 4/3",
    "#tb 1: 1/100",
    "#media_type 1: audio",
    "#codec_id 1: aac",
]


def report(*lines: str, header: list[str] | None = None) -> PacketReport:
    made = PacketReport()
    for line in [*(HEADER if header is None else header), *lines]:
        made.take(line)
    return made


def packet(stream: int, begin: int, duration: int, size: int = 100) -> str:
    return f"{stream},{begin:>11},{begin:>11},{duration:>9},{size:>9}, 0x00000000"


def test_the_header_describes_both_streams() -> None:
    made = report()
    assert (made.video.codec, made.video.width, made.video.height, made.video.sar) == ("h264", 320, 240, Fraction(4, 3))
    assert (made.audio.codec, made.audio.width, made.audio.height, made.audio.sar) == ("aac", 0, 0, Fraction(1))
    assert (made.video.time_base, made.audio.time_base) == (0.1, 0.01)


@pytest.mark.parametrize("line", ["#sar 0: 0/1", "#sar 0: 1/0", "#sar 0: x", "#sar 2: 4/3", "sar 0: 4/3"])
def test_an_unknown_aspect_ratio_is_1(line: str) -> None:
    assert report(line, header=[]).video.sar == 1


@pytest.mark.parametrize(
    "line", ["#dimensions 0: 320", "#dimensions 0: 320x", "#tb 0: 1/0", "#tb 0: x", "#codec_id 0:"]
)
def test_a_header_line_that_cannot_be_read_is_ignored(line: str) -> None:
    assert report(line).video == report().video


def test_packets_are_counted_with_their_size() -> None:
    made = report(packet(0, 0, 10, 7), packet(0, 10, 10, 8), packet(1, 0, 100, 9))
    assert (made.video.packets, made.video.total_bytes) == (2, 15)
    assert (made.audio.packets, made.audio.total_bytes) == (1, 9)


def test_the_time_of_showing_counts_not_that_of_decoding() -> None:
    made = report("0, 5, 20, 10, 100, 0x0")
    assert (made.video.start, made.video.end, made.video.latest) == (2.0, 3.0, 2.0)


def test_begin_end_and_latest_do_not_depend_on_the_order() -> None:
    made = report(packet(0, 20, 10), packet(0, 50, 5), packet(0, 10, 90), packet(0, 40, 10))
    assert (made.video.start, made.video.end, made.video.latest) == (1.0, 10.0, 5.0)


def test_the_length_is_from_the_first_packet_to_the_end_of_the_last() -> None:
    made = report(packet(0, 20, 30), packet(1, 100, 700))
    assert (made.start, made.duration, made.video_end) == (1.0, 7.0, 4.0)
    later = report(packet(0, 10, 90), packet(1, 200, 300))
    assert (later.start, later.duration, later.video_end) == (1.0, 9.0, 9.0)


def test_without_packets_there_is_no_length() -> None:
    assert (report().start, report().duration, report().video_end) == (0.0, 0.0, 0.0)
    only_sound = report(packet(1, 100, 300))
    assert (only_sound.start, only_sound.duration, only_sound.video_end) == (1.0, 3.0, 0.0)
    only_pictures = report(packet(0, 10, 30))
    assert (only_pictures.start, only_pictures.duration, only_pictures.video_end) == (1.0, 3.0, 3.0)


def test_what_comes_before_0_is_not_counted() -> None:
    made = report(packet(1, -200, 150), packet(1, -50, 150))
    assert (made.audio.start, made.audio.end, made.audio.latest) == (0.0, 1.0, 0.0)


def test_a_packet_that_ends_before_0_ends_at_0() -> None:
    made = report(packet(1, -200, 150))
    assert (made.audio.start, made.audio.end, made.audio.packets) == (0.0, 0.0, 1)


def test_a_stream_without_packets_is_all_zero() -> None:
    assert PacketReport().video == StreamReport(
        codec="", width=0, height=0, sar=Fraction(1), packets=0, total_bytes=0, start=0, end=0, latest=0, time_base=0
    )


def test_ffmpeg_is_asked_for_the_list_that_is_read() -> None:
    assert " ".join(PACKET_LIST) == "-flush_packets 0 -f framecrc -"


def test_a_negative_duration_is_none() -> None:
    made = report(packet(0, 10, -5))
    assert (made.video.start, made.video.end) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("lines", "gap", "at"),
    [
        ([packet(0, 0, 10), packet(0, 10, 10)], 0.0, 0.0),
        ([packet(0, 0, 10), packet(0, 30, 10)], 2.0, 1.0),
        # Sound fills the time between two pictures.
        ([packet(0, 0, 10), packet(1, 0, 300), packet(0, 50, 10)], 2.0, 3.0),
        ([packet(1, 0, 100), packet(0, 0, 40), packet(1, 600, 100)], 2.0, 4.0),
        # The first gap of two equal ones, and the larger of two.
        ([packet(0, 0, 10), packet(0, 30, 10), packet(0, 60, 10)], 2.0, 1.0),
        ([packet(0, 0, 10), packet(0, 30, 10), packet(0, 80, 10)], 4.0, 4.0),
        ([packet(0, 0, 10), packet(0, 80, 10), packet(0, 100, 10)], 7.0, 1.0),
        # Where it begins is counted from the first packet. Time before that is not a gap.
        ([packet(0, 70, 10), packet(0, 100, 10)], 2.0, 1.0),
        ([packet(0, 70, 10)], 0.0, 0.0),
    ],
)
def test_the_largest_gap(lines: list[str], gap: float, at: float) -> None:
    made = report(*lines)
    assert [made.largest_gap, made.gap_at] == pytest.approx([gap, at])


@pytest.mark.parametrize(
    "line",
    ["2, 0, 0, 10, 100, 0x0", "-1, 0, 0, 10, 100, 0x0", "0, 0, 0, 10, 100", "0, 0, x, 10, 100, 0x0", "", "frame=1"],
)
def test_a_line_of_another_format_is_ignored(line: str) -> None:
    made = report(line)
    assert (made.video.packets, made.audio.packets) == (0, 0)


def test_further_fields_are_ignored() -> None:
    assert report("0, 0, 0, 10, 100, 0x0, F=0x5, S=1,        8").video.packets == 1
