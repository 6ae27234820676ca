"""What of a broken file is lost is told, with its seconds, and the rest is worked on; or the file is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runops_worker.media.errors import MediaRejected
from runops_worker.media.probe.examine import examine
from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.transcode.slim_video import SlimVideo
from tests.media.recordings_by_container import SECONDS, film, seconds_shown
from tests.media.slimming import LIMITS, slimmed

WORTH = replace(LIMITS, least_readable_percent=50, least_readable_seconds=3.0)
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "20", "-x264-params", "scenecut=0")
AAC = ("-c:a", "aac")
MP3 = ("-c:a", "libmp3lame")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "10")
OPUS = ("-c:a", "libopus")
PIECES = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof")

Film = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
WITH_A_LENGTH: dict[str, Film] = {
    "mp4": ("mp4", X264, AAC, ("-movflags", "+faststart")),
    "mov": ("mov", X264, AAC, ("-movflags", "+faststart")),
    "webm": ("webm", VP8, OPUS, ()),
    "mkv": ("mkv", X264, AAC, ()),
    "avi": ("avi", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"), MP3, ()),
    "flv": ("flv", X264, AAC, ()),
    "wmv": ("wmv", ("-c:v", "wmv2"), MP3, ()),
}
WITHOUT_A_LENGTH: dict[str, Film] = {
    "live webm": ("webm", VP8, OPUS, ("-live", "1")),
    "mp4 in pieces": ("mp4", X264, AAC, PIECES),
    "ogg": ("ogv", ("-c:v", "libtheora", "-q:v", "9"), ("-c:a", "libvorbis"), ()),
    "gif": ("gif", (), (), ()),
}


def broken(film_of: Film, folder: Path, change: Callable[[bytes], bytes]) -> Path:
    suffix, codec, sound, after = film_of
    whole = film(folder / f"whole.{suffix}", *codec, sound=sound, after=after)
    path = folder / f"broken.{suffix}"
    path.write_bytes(change(whole.read_bytes()))
    return path


async def slim_of(recording: Path) -> SlimVideo:
    return await slimmed(
        recording, await examine(recording, limits=WORTH), recording.with_name("slim.mp4"), limits=WORTH
    )


def only_loss(slim: SlimVideo, kind: LossKind) -> Loss:
    assert [loss.kind for loss in slim.losses] == [kind]
    return slim.losses[0]


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(len(content) * share)]


@pytest.mark.parametrize("name", WITH_A_LENGTH)
async def test_the_first_part_of_a_cut_file_is_worked_on_and_what_is_missing_is_told(name: str, tmp_path: Path) -> None:
    slim = await slim_of(broken(WITH_A_LENGTH[name], tmp_path, cut(0.7)))
    loss = only_loss(slim, LossKind.CUT_OFF)
    assert SECONDS / 2 <= loss.start < SECONDS - 1
    assert loss.end == pytest.approx(SECONDS, abs=0.5)
    assert " of its 12 s are there" in loss.detail
    assert slim.frames == pytest.approx(loss.start, abs=1.1)
    shown = seconds_shown(slim.path)[: int(loss.start)]
    assert shown == list(range(len(shown)))


@pytest.mark.parametrize("name", WITHOUT_A_LENGTH)
async def test_a_cut_file_that_says_no_length_is_worked_on_and_told_too(name: str, tmp_path: Path) -> None:
    slim = await slim_of(broken(WITHOUT_A_LENGTH[name], tmp_path, cut(0.8)))
    loss = only_loss(slim, LossKind.CUT_OFF)
    assert 3 <= loss.start < SECONDS
    assert loss.end is None
    assert "ends too early" in loss.detail


@pytest.mark.parametrize("name", WITH_A_LENGTH)
async def test_a_cut_file_of_which_too_little_is_left_is_refused(name: str, tmp_path: Path) -> None:
    recording = broken(WITH_A_LENGTH[name], tmp_path, cut(0.3))
    with pytest.raises(MediaRejected) as refused:
        await slim_of(recording)
    assert refused.value.reason == "MediaCorrupt"
    assert "cut off: only " in refused.value.detail
    assert " of its 12 s can be read." in refused.value.detail


@pytest.mark.parametrize("name", sorted(WITH_A_LENGTH | WITHOUT_A_LENGTH))
async def test_nothing_is_lost_of_a_whole_file(name: str, tmp_path: Path) -> None:
    slim = await slim_of(broken((WITH_A_LENGTH | WITHOUT_A_LENGTH)[name], tmp_path, lambda content: content))
    assert slim.losses == ()
    assert seconds_shown(slim.path)[:SECONDS] == list(range(SECONDS))


def overwritten(begin: float, end: float) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        first, last = int(len(content) * begin), int(len(content) * end)
        noise = bytes((place * 7919 + 13) % 251 for place in range(last - first))
        return content[:first] + noise + content[last:]

    return change


async def test_a_bad_stretch_of_pictures_is_told_with_its_seconds(tmp_path: Path) -> None:
    slim = await slim_of(broken(("mp4", X264, (), ()), tmp_path, overwritten(0.4, 0.5)))
    loss = only_loss(slim, LossKind.PICTURES_DAMAGED)
    assert loss.end is not None
    assert 2 < loss.start < loss.end <= 11
    shown = seconds_shown(slim.path)
    for second in range(SECONDS):
        if not loss.start - 0.5 <= second <= loss.end:
            assert shown[second] == second


async def test_a_bad_stretch_of_a_webm_is_left_out_and_told_with_its_seconds(tmp_path: Path) -> None:
    slim = await slim_of(broken(("webm", VP8, OPUS, ("-cluster_time_limit", "1000")), tmp_path, overwritten(0.4, 0.6)))
    loss = only_loss(slim, LossKind.PICTURES_DAMAGED)
    assert loss.end is not None
    assert 1 < loss.start < loss.end < 11
    shown = seconds_shown(slim.path)
    for second in range(SECONDS):
        if not loss.start <= second <= loss.end:
            assert shown[second] == second


async def test_a_recording_of_which_most_pictures_are_bad_is_refused(tmp_path: Path) -> None:
    recording = broken(("mp4", X264, (), ()), tmp_path, overwritten(0.1, 0.75))
    with pytest.raises(MediaRejected) as refused:
        await slim_of(recording)
    assert refused.value.reason == "MediaCorrupt"


@pytest.mark.parametrize("name", ["zeros", "noise", "nothing"])
async def test_what_follows_a_bad_stretch_of_an_mp4_in_pieces_is_told(name: str, tmp_path: Path) -> None:
    def change(content: bytes) -> bytes:
        # From within a piece to within another one: the box in between is gone.
        index = content.index(b"moof", len(content) // 2)
        middle = {"zeros": bytes(900), "noise": overwritten(0, 1)(bytes(900)), "nothing": b""}[name]
        return content[: index - 400] + middle + content[index + 500 :]

    slim = await slim_of(broken(WITHOUT_A_LENGTH["mp4 in pieces"], tmp_path, change))
    assert slim.frames < SECONDS - 1
    assert any(loss.kind is LossKind.CUT_OFF and loss.end is None for loss in slim.losses)


async def test_a_bad_stretch_of_a_transport_stream_is_told_with_its_seconds(tmp_path: Path) -> None:
    slim = await slim_of(broken(("ts", X264, AAC, ()), tmp_path, overwritten(0.2, 0.23)))
    told = [loss for loss in slim.losses if loss.kind is LossKind.PICTURES_DAMAGED]
    shown = seconds_shown(slim.path)
    wrong = {second for second in range(SECONDS) if shown[second] != second}
    assert told
    assert all(any(loss.start - 1 <= second <= (loss.end or 0.0) for loss in told) for second in wrong)


async def test_packets_that_a_transport_stream_lost_are_told(tmp_path: Path) -> None:
    def change(content: bytes) -> bytes:
        packets = len(content) // 188
        return content[: packets * 2 // 5 * 188] + content[packets * 3 // 5 * 188 :]

    slim = await slim_of(broken(("ts", X264, AAC, ()), tmp_path, change))
    assert LossKind.PICTURES_DAMAGED in {loss.kind for loss in slim.losses}


def again_without_its_beginning(content: bytes) -> bytes:
    """Append a second MP4 that does not begin like one, so that nobody can tell where it begins."""
    return content + content[int.from_bytes(content[:4]) :]


async def test_a_second_mp4_behind_the_first_one_is_told(tmp_path: Path) -> None:
    slim = await slim_of(broken(WITH_A_LENGTH["mp4"], tmp_path, again_without_its_beginning))
    loss = only_loss(slim, LossKind.CUT_OFF)
    assert "Only the first one, 12 s long, is worked on." in loss.detail
    assert seconds_shown(slim.path) == list(range(SECONDS))


async def test_two_mp4s_in_pieces_are_not_mixed(tmp_path: Path) -> None:
    recording = broken(WITHOUT_A_LENGTH["mp4 in pieces"], tmp_path, again_without_its_beginning)
    with pytest.raises(MediaRejected) as refused:
        await slim_of(recording)
    assert "holds two recordings in pieces" in refused.value.detail


async def test_an_mp4_in_pieces_with_its_index_before_each_part_is_one_recording(tmp_path: Path) -> None:
    def repeat(content: bytes) -> bytes:
        begin = content.index(b"moof") - 4
        middle = content.index(b"moof", content.index(b"moof", begin + 8) + 8) - 4
        return content[:middle] + content[:begin] + content[middle:]

    slim = await slim_of(broken(WITHOUT_A_LENGTH["mp4 in pieces"], tmp_path, repeat))
    assert slim.losses == ()
    assert seconds_shown(slim.path)[:SECONDS] == list(range(SECONDS))
