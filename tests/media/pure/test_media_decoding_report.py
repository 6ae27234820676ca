"""How well a recording was decoded, from ffmpeg's log."""

import pytest

from runops_worker.media.transcode.decoding_report import DecodedSound, DecodingReport

STATISTICS = "  Input stream #0:0 (video): 120 packets read (99 bytes); 118 frames decoded; 2 decode errors (1 s); "


def read(*lines: str) -> DecodingReport:
    report = DecodingReport()
    for line in lines:
        report.take(line)
    return report


def test_the_statistics_are_read() -> None:
    report = read("[verbose] " + STATISTICS)
    assert (report.packets, report.pictures, report.errors) == (120, 118, 2)
    assert (report.damaged, report.complaints) == (0, 0)


def test_those_of_sound_are_its_own_one_for_each_track() -> None:
    line = STATISTICS.replace("video", "audio")
    assert read(line, line.replace("; 2 decode", "; 60 decode")) == DecodingReport(
        sounds=[DecodedSound(packets=120, frames=118, errors=2), DecodedSound(packets=120, frames=118, errors=60)]
    )
    assert DecodedSound(packets=120, frames=60, errors=60).bad_share == 0.5
    assert DecodedSound(packets=0, frames=0, errors=0).bad_share == 0.0


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("[fc#1 @ 0x55c5] [error] Error reinitializing filters!", 1),
        ("[aost#0:1/aac @ 0x55c5] [enc:aac @ 0x55c6] [error] Could not open encoder before EOF", 1),
        ("[fc#1 @ 0x55c5] [verbose] 2 channels", 0),
        ("[vf#0:0 @ 0x55c5] [error] Error reinitializing filters!", 0),
        ("[out#0/mp4 @ 0x55c5] [error] Nothing was written", 0),
        ("  title: [fc#1 @ 0x55c5] [error] no", 0),
    ],
)
def test_errors_of_filters_and_encoder_of_the_sound_are_told_from_others(line: str, faults: int) -> None:
    assert read(line).sound_faults == faults


def test_a_change_of_the_sound_is_told_from_one_of_the_picture() -> None:
    line = "[fc#0 @ 0x1] [info] Reconfiguring filter graph because {} parameters changed to 44100 Hz, stereo, fltp"
    assert read(line.format("audio")).sound_changes
    assert not read(line.format("video")).sound_changes
    assert not read(line.format("audio").replace("[fc#0", "[vf#0:0")).sound_changes


def test_pictures_with_concealed_errors_are_counted() -> None:
    report = read(*["[vist#0:0/h264 @ 0x1] [warning] [dec:h264 @ 0x2] corrupt decoded frame"] * 3)
    assert (report.damaged, report.complaints) == (3, 0)


@pytest.mark.parametrize("decoder", ["h264", "hevc", "vp8", "vp9", "av1", "libdav1d"])
@pytest.mark.parametrize(("level", "counts"), [("error", 1), ("fatal", 1), ("panic", 1), ("warning", 0), ("info", 0)])
def test_errors_of_a_video_decoder_are_counted(decoder: str, level: str, counts: int) -> None:
    line = f"[{decoder} @ 0x55d0] [{level}] Missing reference picture, default is 65536"
    assert read(line).complaints == counts
    assert read(" " + line).complaints == 0


@pytest.mark.parametrize("name", ["aac", "mov,mp4,m4a,3gp,3g2,mj2", "libx264", "opus"])
def test_errors_of_others_are_not(name: str) -> None:
    assert read(f"[{name} @ 0x55d0] [error] Something is wrong").complaints == 0


def test_a_complaint_may_also_say_that_a_picture_is_damaged() -> None:
    report = read("[h264 @ 0x1] [error] corrupt decoded frame")
    assert (report.damaged, report.complaints) == (1, 1)


def test_the_share_of_bad_pictures() -> None:
    assert DecodingReport(packets=200, errors=3, damaged=1).bad_share == 0.02
    assert DecodingReport(packets=0, errors=3).bad_share == 0.0
