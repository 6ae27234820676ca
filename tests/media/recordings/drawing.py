"""Draws descriptions of recordings with hypothesis."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.media.recordings.description import Damage, Edit, Pace, PictureTrack, Recording, SoundTrack
from tests.media.recordings.make import WRITTEN

__all__ = ["drawn", "recordings"]

_PICTURES: Final = {
    "mp4": ("h264", "hevc", "av1", "vp9", "mpeg4"),
    "mov": ("h264", "hevc", "mpeg4", "mjpeg", "prores"),
    "fragmented": ("h264", "hevc", "av1"),
    "matroska": ("h264", "hevc", "vp8", "vp9", "mpeg4", "mjpeg", "ffv1"),
    "webm": ("vp8", "vp9", "av1"),
    "avi": ("h264", "mpeg4", "mjpeg", "ffv1"),
    "mpegts": ("h264", "hevc", "mpeg2video"),
    "flv": ("h264", "flv1"),
    "asf": ("wmv2", "msmpeg4", "h264"),
    "ogg": ("libtheora", "libtheora"),
}
_PIXELS: Final = {
    "h264": ("yuv444p", "yuv422p", "yuv420p10le"),
    "hevc": ("yuv420p10le", "yuv444p"),
    "vp9": ("yuv444p",),
    "av1": ("yuv420p10le",),
    "ffv1": ("gbrp", "yuv444p", "gray"),
    "mjpeg": ("yuvj422p", "yuvj444p"),
}
_SOUNDS: Final = {
    "mp4": ("aac", "libmp3lame", "libopus", "alac", "ac3", "eac3"),
    "mov": ("aac", "pcm_s16le", "alac", "pcm_f32le", "pcm_s24be", "pcm_alaw"),
    "fragmented": ("aac", "libopus"),
    "matroska": ("aac", "libopus", "libvorbis", "flac", "pcm_s16le", "pcm_f32le", "eac3"),
    "webm": ("libopus", "libvorbis"),
    "avi": ("libmp3lame", "pcm_s16le", "adpcm_ms"),
    "mpegts": ("aac", "libmp3lame", "ac3", "mp2"),
    "flv": ("aac", "libmp3lame"),
    "asf": ("wmav2", "libmp3lame"),
    "ogg": ("libvorbis", "libopus"),
}
_LAYOUTS: Final = {"mono": 1, "stereo": 2, "quad": 4, "5.1": 6}
_TWO_CHANNELS_AT_MOST: Final = {"libmp3lame", "mp2", "wmav2", "adpcm_ms"}
_NO_QUAD: Final = {"aac", "alac"}
_ANY_RATE: Final = {"aac", "pcm_s16le", "flac", "alac", "libvorbis", "pcm_f32le", "pcm_s24be"}
_ONE_TRACK: Final = {"flv"}
# Their times are in units of a picture, or pictures are numbered.
_EVEN: Final = {"mpeg4", "mpeg2video", "libtheora", "wmv2", "msmpeg4", "flv1"}
# Hypothesis draws many of them twice, and the simplest one first in each round.
_ROUNDS: Final = 16
_SECONDS: Final = (2.6, 4.0, 5.5, 8.2, 12.0)
_SIZES: Final = ((64, 48), (96, 72), (160, 120), (128, 72))


def _one_in(times: int) -> st.SearchStrategy[bool]:
    return st.integers(1, times).map(lambda number: number == times)


@st.composite
def _paces(draw: st.DrawFn, codec: str, container: str) -> Pace:
    even = codec in _EVEN or container == "avi"
    kind = "even" if even else draw(st.sampled_from(("even", "even", "uneven", "bursts", "sparse")))
    rate = draw(st.sampled_from((24, 25, 30) if codec == "mpeg2video" else (10, 24, 25, 30)))
    rest = draw(st.sampled_from((0.7, 1.3, 2.9))) if kind in {"bursts", "sparse"} else 0.0
    return Pace(kind, rate, rest)


@st.composite
def _pictures(draw: st.DrawFn, container: str, seconds: float) -> PictureTrack:
    codec = draw(st.sampled_from(_PICTURES[container]))
    pace = draw(_paces(codec, container))
    grows = None
    if codec in {"vp8", "vp9", "h264"} and container in {"matroska", "webm"} and draw(_one_in(2)):
        grows = draw(st.sampled_from((1.3, 2.0))), (160, 120)
    return PictureTrack(
        codec=codec,
        size=(96, 72) if grows else draw(st.sampled_from(_SIZES)),
        pace=pace,
        seconds=seconds,
        group=draw(st.sampled_from((1, 10, 30, 75, 999))),
        b_frames=draw(st.sampled_from((0, 1, 3)))
        if codec in {"h264", "hevc", "mpeg4"} and container not in {"avi", "asf"}
        else 0,
        begins=draw(st.sampled_from((0.4, 1.7))) if not grows and container != "avi" and draw(_one_in(6)) else 0.0,
        rotation=draw(st.sampled_from((90, 180, 270))) if container in {"mp4", "mov"} and draw(_one_in(4)) else 0,
        grows=grows,
        pixels=draw(st.sampled_from(_PIXELS[codec])) if codec in _PIXELS and not grows and draw(_one_in(4)) else "",
    )


@st.composite
def _sounds(draw: st.DrawFn, container: str, seconds: float) -> SoundTrack:
    codec = draw(st.sampled_from(_SOUNDS[container]))
    layouts = [name for name, count in _LAYOUTS.items() if count <= 2 or codec not in _TWO_CHANNELS_AT_MOST]
    layout = draw(st.sampled_from([name for name in layouts if not (name == "quad" and codec in _NO_QUAD)]))
    channels = _LAYOUTS[layout]
    # The fourth of six is for bass alone, and coders make another tone of ours.
    carrying = [channel for channel in range(channels) if (channels, channel) != (6, 3)]
    heard = draw(st.sets(st.sampled_from(carrying), min_size=0 if draw(_one_in(8)) else 1))
    length = seconds * draw(st.sampled_from((1.0, 1.0, 1.0, 0.6, 1.4)))
    gap = (
        draw(st.sampled_from(((0.9, 2.1), (1.5, 3.6))))
        if length > 4 and container != "avi" and draw(_one_in(4))
        else None
    )
    return SoundTrack(
        codec=codec,
        rate=draw(st.sampled_from((16000, 44100, 48000))) if codec in _ANY_RATE else 48000,
        layout=layout,
        channels=channels,
        heard=tuple(sorted(heard)),
        inverted=len(heard) == 2 and draw(_one_in(4)),
        level=draw(st.sampled_from((6.0, 6.0, 30.0))),
        seconds=round(length, 2),
        begins=draw(st.sampled_from((0.6, 2.2))) if container != "avi" and draw(_one_in(5)) else 0.0,
        gap=gap,
    )


@st.composite
def _edits(draw: st.DrawFn, seconds: float) -> tuple[Edit, ...]:
    """Draw parts of a recording, in any order, of a second or more each."""
    parts = []
    for _ in range(draw(st.sampled_from((1, 1, 2, 3)))):
        begin = draw(st.integers(0, round(seconds * 10) - 12))
        end = min(begin + draw(st.integers(12, 60)), round(seconds * 10))
        parts.append((begin / 10, end / 10))
    return tuple(parts)


@st.composite
def _damages(draw: st.DrawFn) -> Damage:
    begins = draw(st.integers(30, 90)) / 100
    if draw(st.booleans()):
        return Damage("cut", begins)
    return Damage("flipped", begins, begins + draw(st.sampled_from((0.01, 0.05))))


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Draw a recording."""
    container = draw(st.sampled_from(sorted(_PICTURES)))
    seconds = draw(st.sampled_from(_SECONDS))
    screen = draw(_pictures(container, seconds))
    pictures: tuple[PictureTrack, ...] = (screen,)
    place = 0
    several = container not in {"avi", "flv", "ogg"}
    if screen.grows is None and not screen.rotation and several and draw(_one_in(5)):
        camera = PictureTrack(codec=screen.codec, size=(48, 40), pace=Pace("even", 25), seconds=seconds)
        place = draw(st.integers(0, 1))
        pictures = (camera, screen) if place else (screen, camera)
    most = draw(st.sampled_from((0, 1, 1, 1) if container in _ONE_TRACK else (0, 1, 1, 1, 2, 3)))
    sounds = tuple(draw(_sounds(container, seconds)) for _ in range(most))
    late = any(one.begins for one in pictures) or any(one.begins for one in sounds)
    boxed = container in {"mp4", "mov"}
    edits = draw(_edits(seconds)) if boxed and not late and draw(st.booleans()) else ()
    if len(edits) > 1:
        pictures = tuple(replace(one, open_groups=False) for one in pictures)
    index_first = boxed and not edits and draw(st.booleans())
    ways = ["", *WRITTEN.get(container, ())] if not index_first and not edits else [""]
    # A camera's transport stream has one track with pictures.
    written = draw(st.sampled_from([way for way in ways if way != "camera" or len(pictures) == 1]))
    return Recording(
        container=container,
        written=written,
        pictures=pictures,
        screen=place,
        sounds=sounds,
        edits=edits,
        offset=draw(st.sampled_from((1.7, 3600.0)))
        if not edits and container not in {"fragmented", "avi"} and draw(_one_in(4))
        else 0.0,
        claims=draw(st.sampled_from((0.0, 0.5, 3.0)))
        if container in {"matroska", "webm"} and written != "live" and draw(_one_in(3))
        else 1.0,
        index_first=index_first,
        # A cut may leave a still screen with one picture, which lasts for no time beside a camera.
        damage=draw(_damages()) if draw(_one_in(6)) and not (len(pictures) > 1 and container == "mpegts") else None,
    )


def drawn(count: int, *, number: int = 0) -> list[Recording]:
    """Return distinct recordings; the same ones for the same number.

    Parameters
    ----------
    count
        How many.
    number
        The seed.
    """
    found: dict[Recording, None] = {}
    for more in range(_ROUNDS):
        _draw(found, count, number * _ROUNDS + more)
    assert len(found) == count
    return list(found)


def _draw(found: dict[Recording, None], count: int, number: int) -> None:
    if len(found) == count:
        return

    @seed(number)
    @settings(
        max_examples=2 * (count - len(found)) + 20,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(recordings())
    def draw(recording: Recording) -> None:
        if len(found) < count:
            found[recording] = None

    draw()
