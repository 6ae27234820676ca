"""How several recordings in one file are worked on."""

import pytest

from runops_worker.media.errors import MediaRejected
from runops_worker.media.probe.joined import PartRead, join
from runops_worker.media.recording.loss import LossKind


def read(
    number: int, *, begin: float = 0.0, seconds: float = 10.0, pictures: bool = True, codec: str = "h264"
) -> PartRead:
    """Read a part that ffmpeg could read, with a packet each second."""
    part = PartRead((number * 1000, number * 1000 + 1000))
    part.take(f"  Stream #0:0[0x1](und): Video: {codec} (High), yuv420p, 64x48")
    part.take("  Stream #0:1: Audio: opus, 48000 Hz, mono")
    part.take("Stream mapping:")
    part.take("  Stream #0:0: Video: rawvideo, 64x48")
    for line in ("#tb 0: 1/1000", "#media_type 0: video", f"#codec_id 0: {codec}", "#dimensions 0: 64x48"):
        part.packets.take(line)
    for second in range(int(seconds) if pictures else 0):
        at = round((begin + second) * 1000)
        part.packets.take(f"0, {at}, {at}, 1000, 99, 0x00000000")
    return part


def test_they_follow_one_another() -> None:
    joined = join([read(0), read(1, seconds=5.0), read(2)], demuxer="mov")
    assert joined is not None
    assert joined.parts == ((0, 1000, 10.0), (1000, 2000, 5.0), (2000, 3000, 10.0))
    assert (joined.demuxer, joined.losses) == ("mov", ())


def test_a_recording_that_repeats_its_header_is_one() -> None:
    assert join([read(0), read(1, begin=10.0), read(2, begin=20.0)], demuxer="mov") is None
    assert join([read(0), read(1, begin=9.5)], demuxer="mov") is None, "the last picture's length is a guess"
    assert join([read(0), read(1, begin=10.0), read(2, begin=0.0)], demuxer="mov") is not None
    assert join([read(0, seconds=1.0), read(1)], demuxer="mov") is not None


def test_without_the_first_one_nothing_is_known_of_the_others() -> None:
    assert join([read(0, pictures=False), read(1)], demuxer="mov") is None


def test_one_that_cannot_be_read_is_told_with_its_place() -> None:
    joined = join([read(0), read(1, pictures=False), read(2)], demuxer="mov")
    assert joined is not None
    assert [part[0] for part in joined.parts] == [0, 2000]
    (loss,) = joined.losses
    assert (loss.kind, loss.start) == (LossKind.CUT_OFF, 10.0)
    assert loss.detail == "The file holds 3 recordings. Number 2 cannot be read."


def test_one_that_ends_early_is_told_with_its_seconds() -> None:
    second = read(1, seconds=4.0)
    second.take("  Duration: 00:00:12.00, start: 0.000000, bitrate: 9 kb/s")
    second.summary.claimed_seconds, second.summary.ends_early = 12.0, True
    joined = join([read(0), second, read(2)], demuxer="mov")
    assert joined is not None
    (loss,) = joined.losses
    assert (loss.kind, loss.start, loss.end) == (LossKind.CUT_OFF, 14.0, 22.0)
    assert loss.detail.startswith(
        "Recording 2 of the 3 in the file: The recording is cut off: the first 4 s of its 12 s"
    )


def test_other_tracks_cannot_be_joined() -> None:
    with pytest.raises(MediaRejected) as refused:
        join([read(0), read(1), read(2, codec="vp8")], demuxer="mov")
    assert refused.value.reason == "TimestampGap"
    assert "starts again after 20 s, with other tracks: the file holds 3 recordings" in refused.value.detail
