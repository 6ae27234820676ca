"""Sums over the packets that ffmpeg lists."""

from fractions import Fraction

import pytest

from runops_worker.media.probe.packets import ALL_TRACKS, PACKET_LIST, TRUE_TIMES, PacketReport
from runops_worker.media.recording.timeline import Hole
from runops_worker.media.recording.track import Track

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


@pytest.mark.parametrize("line", ["#sar 0: 0/1", "#sar 0: 1/0", "#sar 0: x", "#sar 256: 4/3", "sar 0: 4/3"])
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


def test_begin_end_and_latest_of_sound_do_not_depend_on_the_order() -> None:
    made = report(packet(1, 200, 100), packet(1, 500, 50), packet(1, 100, 900), packet(1, 400, 100))
    assert (made.audio.start, made.audio.end, made.audio.latest) == (1.0, 10.0, 5.0)


def test_pictures_end_with_the_last_one_that_is_shown() -> None:
    # After a pause, the length of a picture may be that of the pause.
    made = report(packet(0, 20, 10), packet(0, 50, 5), packet(0, 10, 90), packet(0, 40, 60))
    assert (made.video.start, made.video.end, made.video.latest) == (1.0, 5.5, 5.0)
    assert report(packet(0, 20, 10), packet(0, 20, 30), packet(0, 20, 5)).video.end == 5.0


def test_the_length_is_from_the_first_packet_to_the_end_of_the_last() -> None:
    made = report(packet(0, 20, 30), packet(1, 100, 700))
    assert (made.start, made.duration, made.video.end) == (1.0, 7.0, 5.0)
    later = report(packet(0, 10, 90), packet(1, 200, 300))
    assert (later.start, later.duration, later.video.end) == (1.0, 9.0, 10.0)


def test_without_packets_there_is_no_length() -> None:
    assert (report().start, report().duration, report().video.end) == (0.0, 0.0, 0.0)
    only_sound = report(packet(1, 100, 300))
    assert (only_sound.start, only_sound.duration, only_sound.video.end) == (1.0, 3.0, 0.0)
    only_pictures = report(packet(0, 10, 30))
    assert (only_pictures.start, only_pictures.duration, only_pictures.video.end) == (1.0, 3.0, 4.0)


def test_what_comes_before_0_is_not_counted() -> None:
    made = report(packet(1, -200, 150), packet(1, -50, 150))
    assert (made.audio.start, made.audio.end, made.audio.latest) == (0.0, 1.0, 0.0)


def test_a_packet_that_ends_before_0_ends_at_0() -> None:
    made = report(packet(1, -200, 150))
    assert (made.audio.start, made.audio.end, made.audio.packets) == (0.0, 0.0, 1)


def test_a_stream_without_packets_is_all_zero() -> None:
    assert PacketReport().video == Track(
        kind="",
        codec="",
        width=0,
        height=0,
        sar=Fraction(1),
        packets=0,
        total_bytes=0,
        start=0,
        end=0,
        latest=0,
        time_base=0,
    )


def test_ffmpeg_is_asked_for_the_list_that_is_read() -> None:
    assert " ".join(PACKET_LIST) == "-flush_packets 0 -f framecrc -"


def test_a_negative_duration_is_none() -> None:
    made = report(packet(0, 10, -5))
    assert (made.video.start, made.video.end) == (1.0, 1.0)


def test_the_gap_is_where_no_track_has_anything() -> None:
    assert report(packet(0, 0, 10), packet(1, 0, 300), packet(0, 50, 10)).gap == Hole(3.0, 5.0)
    # In any order of the tracks.
    assert report(packet(0, 0, 10), packet(0, 50, 10), packet(1, 0, 300)).gap == Hole(3.0, 5.0)
    assert report(packet(0, 0, 10), packet(0, 10, 10)).gap is None


@pytest.mark.parametrize(
    "line",
    ["2, 0, 0, 10, 100, 0x0", "-1, 0, 0, 10, 100, 0x0", "0, 0, 0, 10, 100", "0, 0, x, 10, 100, 0x0", "", "frame=1"],
)
def test_a_line_of_another_format_is_ignored(line: str) -> None:
    made = report(line)
    assert (made.video.packets, made.audio.packets) == (0, 0)


def test_further_fields_are_ignored() -> None:
    assert report("0, 0, 0, 10, 100, 0x0, F=0x1, S=1,        8").video.packets == 1


def test_packets_that_the_edit_list_hides_have_no_length() -> None:
    made = report(
        "0, 0, 0, 10, 100, 0x0",
        "0, 10, 10, 10, 100, 0x0, F=0x4",
        "0, 900, 900, 10, 100, 0x0, F=0x5, S=1, Skip Samples,       10, 0x00240004",
        # Not the flags, but the name of side data.
        "0, 10, 10, 10, 100, 0x0, F=0x0, S=1, F=0x4,       10, 0x00240004",
    )
    assert (made.video.packets, made.video.hidden, made.video.end, made.gap) == (2, 2, 2.0, None)


@pytest.mark.parametrize(
    ("times", "at"),
    [
        ([0, 10, 20], None),
        # Sixteen pictures, a second apart, may be shown before the one that is decoded first.
        ([0, 170, 10], None),
        ([0, 171, 10], 18.1),
        ([0, 200, 0, 10, 300, 0], 21.0),
    ],
)
def test_time_that_goes_back_is_noted_once(times: list[int], at: float | None) -> None:
    assert report(*(packet(0, time, 10) for time in times)).video.jumps_back_at == at


@pytest.mark.parametrize(
    ("begin", "flags", "at"),
    [
        # A key picture: nothing that is decoded before it is shown after it. A second recording begins so.
        (0, ", F=0x1", 4.0),
        (9, "", 4.0),
        # A picture that refers to others may be shown long before the one that was decoded before it.
        (9, ", F=0x0", None),
        # Some writers give single key pictures a wrong time.
        (10, ", F=0x1", None),
    ],
)
def test_a_short_recording_that_begins_anew_is_noted(begin: int, flags: str, at: float | None) -> None:
    again = f"0, {begin}, {begin}, 10, 9, 0x0{flags}"
    assert report(packet(0, 0, 10), packet(0, 30, 10), again).video.jumps_back_at == at


def test_key_pictures_that_are_hardly_earlier_do_not_begin_anew() -> None:
    assert report(packet(0, 0, 5), packet(0, 10, 5), packet(0, 0, 5)).video.jumps_back_at is None


def test_pictures_that_are_shown_earlier_do_not_go_back() -> None:
    lines = "0, 0, 30, 10, 9, 0x0", "0, 10, 0, 10, 9, 0x0, F=0x0", "0, 20, 10, 10, 9, 0x0, F=0x0"
    assert report(*lines).video.jumps_back_at is None


def test_every_track_is_listed_by_its_kind() -> None:
    made = PacketReport()
    for number, kind in enumerate(["video", "video", "audio", "audio"]):
        made.take(f"#tb {number}: 1/10")
        made.take(f"#media_type {number}: {kind}")
        made.take(packet(number, 0, 10 * (number + 1)))
    assert [track.end for track in made.videos] == [1.0, 2.0]
    assert [track.end for track in made.sounds] == [3.0, 4.0]
    assert (made.video.end, made.audio.end, made.duration) == (1.0, 3.0, 4.0)


def test_covers_are_not_listed_and_sound_may_be_missing() -> None:
    times = TRUE_TIMES.replace("pts=PTS", "pts=if(eq(PTS\\,NOPTS)\\,DTS\\,PTS)")
    assert " ".join(ALL_TRACKS) == f"-map 0:V -map 0:a? -c copy -bsf:v {times}"


TENTHS = ["#tb 0: 1/10", "#media_type 0: video"]


def test_a_packet_without_a_time_of_showing_has_that_of_decoding() -> None:
    assert report(*["0, 30, -9223372036854775808, 1, 5, 0x0"], header=TENTHS).video.start == 3.0


def test_packets_that_are_encrypted_or_broken_are_counted() -> None:
    track = report(
        "0, 0, 0, 1, 5, 0x0, S=1, Encryption info,       72, 0x20540f68",
        "0, 1, 1, 1, 5, 0x0, F=0x2",
        "0, 2, 2, 1, 5, 0x0, F=0x3",
        "0, 3, 3, 1, 5, 0x0, F=0x0",
        header=TENTHS,
    )
    assert (track.video.encrypted, track.video.broken, track.ends_in_a_packet) == (1, 2, False)
    assert report(*["0, 2, 2, 1, 5, 0x0, F=0x3"], header=TENTHS).ends_in_a_packet


def test_pictures_a_minute_apart_are_shown_before_the_one_they_refer_to_and_do_not_go_back() -> None:
    # `F=0x0`: no key picture.
    read = report("0, 0, 0, 600, 9, 0x0", "0, 600, 1800, 600, 9, 0x0, F=0x0", "0, 1200, 600, 600, 9, 0x0, F=0x0")
    assert read.video.jumps_back_at is None
