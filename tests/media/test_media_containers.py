"""Containers and codecs that people bring: second k of the slim video shows second k of the recording."""

from pathlib import Path

import pytest

from runops_worker.media.codecs import VIDEO_CODECS
from runops_worker.media.containers import CONTAINERS
from runops_worker.media.errors import MediaRejected
from runops_worker.media.probe.examine import examine
from tests.media.coded_by_hand import CODED_BY_HAND, avi
from tests.media.recordings_by_container import SECONDS, film, greys, seconds_shown
from tests.media.slimming import LIMITS, slimmed

EVERY_SECOND = list(range(SECONDS))
MP3 = ("-c:a", "libmp3lame")
AAC = ("-c:a", "aac")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25")
FINE = ("-q:v", "2")
DNXHD = ("-c:v", "dnxhd", "-profile:v", "dnxhr_sq", "-s", "256x128", "-pix_fmt", "yuv422p")

FILMS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], str]] = {
    "avi-mpeg4": ("avi", ("-c:v", "mpeg4", "-bf", "0", *FINE), MP3, "avi"),
    "avi-mpeg4-b": ("avi", ("-c:v", "mpeg4", "-bf", "2", *FINE), MP3, "avi"),
    "avi-h264": ("avi", (*X264, "-bf", "2"), MP3, "avi"),
    "avi-mjpeg": ("avi", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", *FINE), ("-c:a", "pcm_s16le"), "avi"),
    "avi-huffyuv": ("avi", ("-c:v", "huffyuv", "-pix_fmt", "rgb24"), ("-c:a", "pcm_s16le"), "avi"),
    "avi-ffvhuff": ("avi", ("-c:v", "ffvhuff", "-pix_fmt", "bgra"), (), "avi"),
    "avi-utvideo": ("avi", ("-c:v", "utvideo", "-pix_fmt", "gbrp"), (), "avi"),
    "avi-magicyuv": ("avi", ("-c:v", "magicyuv", "-pix_fmt", "gbrp"), (), "avi"),
    "avi-png": ("avi", ("-c:v", "png", "-pix_fmt", "rgb24"), (), "avi"),
    "avi-raw": ("avi", ("-c:v", "rawvideo", "-pix_fmt", "bgr24"), (), "avi"),
    "avi-msrle": ("avi", ("-c:v", "msrle", "-pix_fmt", "pal8"), (), "avi"),
    "avi-msvideo1": ("avi", ("-c:v", "msvideo1", "-pix_fmt", "rgb555le"), (), "avi"),
    "avi-cinepak": ("avi", ("-c:v", "cinepak"), (), "avi"),
    "avi-zmbv": ("avi", ("-c:v", "zmbv"), (), "avi"),
    "avi-msmpeg4v3": ("avi", ("-c:v", "msmpeg4", *FINE), MP3, "avi"),
    "avi-msmpeg4v2": ("avi", ("-c:v", "msmpeg4v2", *FINE), MP3, "avi"),
    "ts-h264": ("ts", (*X264, "-bf", "2"), AAC, "mpegts"),
    "ts-mpeg2": ("ts", ("-c:v", "mpeg2video", "-r", "25", *FINE), MP3, "mpegts"),
    "m2ts-h264": ("m2ts", X264, AAC, "mpegts"),
    "ps-mpeg1": ("mpg", ("-c:v", "mpeg1video", "-r", "25", *FINE), MP3, "mpeg"),
    "ps-mpeg2": ("vob", ("-c:v", "mpeg2video", "-r", "25", *FINE), MP3, "mpeg"),
    "flv-h264": ("flv", (*X264, "-bf", "2"), AAC, "flv"),
    "flv-flv1": ("flv", ("-c:v", "flv1", *FINE), MP3, "flv"),
    "flv-flashsv": ("flv", ("-c:v", "flashsv"), MP3, "flv"),
    "flv-flashsv2": ("flv", ("-c:v", "flashsv2"), MP3, "flv"),
    "ogg-theora": ("ogv", ("-c:v", "libtheora", "-q:v", "9"), ("-c:a", "libvorbis"), "ogg"),
    "wmv-wmv1": ("wmv", ("-c:v", "wmv1", *FINE), MP3, "asf"),
    "wmv-wmv2": ("wmv", ("-c:v", "wmv2", *FINE), MP3, "asf"),
    "gif": ("gif", (), (), "gif"),
    "3gp-h263": ("3gp", ("-c:v", "h263", "-s", "128x96", *FINE), AAC, "mov"),
    "mov-prores": ("mov", ("-c:v", "prores_ks"), ("-c:a", "pcm_s16le"), "mov"),
    "mov-qtrle": ("mov", ("-c:v", "qtrle"), (), "mov"),
    "mov-png": ("mov", ("-c:v", "png"), (), "mov"),
    "mov-mjpeg": ("mov", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", *FINE), (), "mov"),
    "mov-dv": ("mov", ("-c:v", "dvvideo", "-s", "720x576", "-r", "25", "-pix_fmt", "yuv420p"), (), "mov"),
    "mkv-ffv1": ("mkv", ("-c:v", "ffv1", "-pix_fmt", "bgr0"), ("-c:a", "flac"), "matroska"),
    "mkv-mpeg4-b": ("mkv", ("-c:v", "mpeg4", "-bf", "2", *FINE), MP3, "matroska"),
    "mkv-dnxhd": ("mkv", DNXHD, (), "matroska"),
    "mp4-vvc": ("mp4", ("-c:v", "libvvenc", "-preset", "faster", "-qp", "20"), AAC, "mov"),
}
# No test decodes these: ffmpeg has no encoder for them, and their simplest picture is not simple.
NEVER_DECODED = {"mss1", "vp6f"}
# Browsers and phones write these; half of the other tests of media are about them.
EVERYWHERE = {"h264", "hevc", "vp8", "vp9", "av1"}


SHORT_NAMES = {"raw": "rawvideo", "mpeg1": "mpeg1video", "mpeg2": "mpeg2video", "dv": "dvvideo"}


def codec_of(name: str) -> str:
    words = name.split("-")
    return SHORT_NAMES.get(words[-1], words[-1]) if words[-1] != "b" else words[-2]


@pytest.mark.parametrize("name", FILMS)
async def test_each_second_shows_that_second(name: str, tmp_path: Path) -> None:
    suffix, codec, sound, demuxer = FILMS[name]
    recording = film(tmp_path / f"film.{suffix}", *codec, sound=sound)
    examined = await examine(recording, limits=LIMITS)
    assert examined.recording.container == demuxer
    assert examined.recording.video_codec == codec_of(name)
    slim = await slimmed(recording, examined, tmp_path / "slim.mp4")
    assert seconds_shown(slim.path)[:SECONDS] == EVERY_SECOND
    # The sound of some containers is padded to whole packets.
    assert SECONDS - 0.1 <= examined.recording.duration_seconds <= SECONDS + 0.2
    assert slim.frames - SECONDS in {0, 1}
    assert slim.has_audio == bool(sound)
    assert slim.losses == ()


@pytest.mark.parametrize("codec", CODED_BY_HAND)
async def test_each_second_of_a_codec_without_an_encoder_shows_that_second(codec: str, tmp_path: Path) -> None:
    recording = avi(tmp_path / "film.avi", CODED_BY_HAND[codec], greys())
    examined = await examine(recording, limits=LIMITS)
    assert examined.recording.video_codec == codec
    slim = await slimmed(recording, examined, tmp_path / "slim.mp4")
    assert seconds_shown(slim.path)[:SECONDS] == EVERY_SECOND
    assert slim.frames - SECONDS in {0, 1}
    assert slim.losses == ()


def test_each_accepted_codec_is_decoded_by_a_test_or_known_to_be_by_none() -> None:
    tried = {codec_of(name) for name in FILMS} | CODED_BY_HAND.keys() | EVERYWHERE
    assert tried | NEVER_DECODED == VIDEO_CODECS
    assert not tried & NEVER_DECODED


def test_each_container_is_tried() -> None:
    assert {demuxer for _, _, _, demuxer in FILMS.values()} == CONTAINERS.keys()


@pytest.mark.parametrize("start", [95_440.0, 3600.0], ids=["a clock that overflows on the way", "joined after an hour"])
async def test_a_transport_stream_may_begin_at_any_time(start: float, tmp_path: Path) -> None:
    recording = film(tmp_path / "film.ts", *X264, sound=AAC, after=("-output_ts_offset", str(start)))
    examined = await examine(recording, limits=LIMITS)
    slim = await slimmed(recording, examined, tmp_path / "slim.mp4")
    assert seconds_shown(slim.path)[:SECONDS] == EVERY_SECOND
    assert examined.recording.duration_seconds < SECONDS + 0.2


async def test_transport_streams_that_were_joined_are_shown_one_after_the_other(tmp_path: Path) -> None:
    part = film(tmp_path / "part.ts", *X264, sound=AAC).read_bytes()
    recording = tmp_path / "film.ts"
    recording.write_bytes(part + part)
    examined = await examine(recording, limits=LIMITS)
    slim = await slimmed(recording, examined, tmp_path / "slim.mp4")
    shown = seconds_shown(slim.path)
    assert shown[:SECONDS] == EVERY_SECOND
    assert shown[SECONDS + 1 : 2 * SECONDS] == EVERY_SECOND[1:]
    assert slim.frames - 2 * SECONDS in {0, 1}


async def test_an_avi_of_a_recorder_that_crashed_has_no_index_and_is_read_to_its_end(tmp_path: Path) -> None:
    whole = film(tmp_path / "film.avi", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", *FINE).read_bytes()
    recording = tmp_path / "crashed.avi"
    unsized = whole[:4] + bytes(4) + whole[8 : whole.rindex(b"idx1")]
    recording.write_bytes(unsized)
    examined = await examine(recording, limits=LIMITS)
    slim = await slimmed(recording, examined, tmp_path / "slim.mp4")
    assert seconds_shown(slim.path) == EVERY_SECOND


async def test_a_gif_of_one_picture_is_an_image(tmp_path: Path) -> None:
    recording = film(tmp_path / "film.gif", "-frames:v", "1")
    with pytest.raises(MediaRejected) as refused:
        await examine(recording, limits=LIMITS)
    assert refused.value.reason == "NotAVideo"


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
async def test_an_encrypted_recording_is_refused_at_once(suffix: str, tmp_path: Path) -> None:
    key, name = "00112233445566778899aabbccddeeff", "00112233445566778899aabbccddee00"
    scheme = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", name)
    recording = film(tmp_path / f"film.{suffix}", *X264, sound=AAC, after=(*scheme, "-f", "mp4"))
    with pytest.raises(MediaRejected) as refused:
        await examine(recording, limits=LIMITS)
    assert str(refused.value) == "UnsupportedMedia: The recording is encrypted. Upload it without copy protection."
