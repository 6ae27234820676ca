"""Writes the file of a recording."""

from __future__ import annotations

import sys
import tempfile
from array import array
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from tests.media.recordings.description import PictureTrack, Recording, Size, SoundTrack
from tests.media.recordings.numbered_pictures import numbered
from tests.media.recordings.second_tones import TOLD_RATE, told
from tests.media.recordings.spoiling import spoiled
from tests.media.recordings.tool import run_ffmpeg

__all__ = ["WRITTEN", "make"]

_UNIT: Final = 24_000
_X26X: Final = ("-preset", "ultrafast", "-sc_threshold", "0", "-bf")
_LIBVPX: Final = ("-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k", "-g")
_MUXERS: Final = {
    "mp4": ("-f", "mp4"),
    "mov": ("-f", "mov"),
    "fragmented": ("-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-f", "mp4"),
    "matroska": ("-f", "matroska"),
    "webm": ("-f", "webm"),
    "avi": ("-f", "avi"),
    "mpegts": ("-f", "mpegts"),
    "flv": ("-f", "flv"),
    "asf": ("-f", "asf"),
    "ogg": ("-f", "ogg"),
}
WRITTEN: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "mp4": {
        # OBS; an editor that begins with pictures before 0; a phone.
        "hybrid": ("-movflags", "+hybrid_fragmented"),
        "negative offsets": ("-movflags", "+negative_cts_offsets"),
        "coarse": ("-movie_timescale", "90000"),
    },
    "mov": {"without an edit list": ("-use_editlist", "0")},
    "fragmented": {
        # Players of adaptive streams; Safari's MediaRecorder.
        "adaptive": ("-movflags", "+frag_keyframe+empty_moov+default_base_moof+dash+global_sidx"),
        "delayed": ("-movflags", "+frag_keyframe+delay_moov", "-min_frag_duration", "700000"),
    },
    # A browser's MediaRecorder writes clusters as they come, and no length.
    "matroska": {"live": ("-live", "1"), "small clusters": ("-cluster_time_limit", "200")},
    "webm": {"live": ("-live", "1"), "small clusters": ("-cluster_time_limit", "200")},
    # A camera; a server that is joined late.
    "mpegts": {
        "camera": ("-mpegts_m2ts_mode", "1"),
        "headers": ("-mpegts_flags", "+resend_headers", "-pat_period", "0.2"),
    },
    "flv": {"without a length": ("-flvflags", "+no_duration_filesize")},
    "avi": {"many parts": ("-reserve_index_space", "0")},
}
"""By container: further ways in which recorders write a file."""


def make(recording: Recording, folder: Path) -> Path:
    """Write it into a folder.

    Returns
    -------
    Path
        `recording.mp4`, whatever it is.
    """
    path = folder / "recording.mp4"
    path.write_bytes(spoiled(_encoded(replace(recording, edits=(), claims=1.0, damage=None)), recording))
    return path


# Many tests are about one recording with other edits, another length in its header, or other damage.
@lru_cache(maxsize=64)
def _encoded(recording: Recording) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return _encoded_in(Path(folder), recording).read_bytes()


def _encoded_in(folder: Path, recording: Recording) -> Path:
    path = folder / "encoded"
    inputs: list[str] = []
    outputs: list[str] = []
    for place, track in enumerate(recording.pictures):
        if track.grows is None:
            inputs += _raw_pictures(track.size, place, folder, count=len(track.pace.times(track.seconds)))
            outputs += [
                "-map",
                str(place),
                f"-filter:v:{place}",
                _timed(track),
                *_encoder(track, place, _unit(track, recording.container)),
            ]
        else:
            inputs += ["-f", "concat", "-safe", "0", "-i", str(_joined(track, place, folder))]
            outputs += ["-map", str(place), f"-c:v:{place}", "copy"]
    for place, sound in enumerate(recording.sounds):
        raw = folder / f"sound{place}.raw"
        raw.write_bytes(_samples(sound, place))
        inputs += ["-f", "s16le", "-ar", str(TOLD_RATE), "-ch_layout", sound.layout, "-i", str(raw)]
        outputs += ["-map", str(len(recording.pictures) + place), f"-filter:a:{place}", _heard_at(sound)]
        outputs += [f"-c:a:{place}", sound.codec, *(("-strict", "-2") if sound.codec in {"opus", "flac"} else ())]
    muxer = [
        *_MUXERS[recording.container],
        *(WRITTEN[recording.container][recording.written] if recording.written else ()),
    ]
    if recording.index_first:
        muxer += ["-movflags", "+faststart"]
    if recording.offset:
        muxer += ["-output_ts_offset", str(recording.offset)]
    coding = ("-fps_mode", "passthrough", "-threads", "1", "-aac_coder", "fast")
    run_ffmpeg(*inputs, *outputs, *coding, *muxer, str(path))
    return path


def _raw_pictures(size: Size, place: int, folder: Path, *, count: int) -> list[str]:
    width, height = size
    path = folder / f"numbered-{width}x{height}-{place}.yuv"
    path.write_bytes(b"".join(numbered(number, track=place, width=width, height=height) for number in range(count)))
    return ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-framerate", "30", "-i", str(path)]


def _timed(track: PictureTrack, *, first: int = 0, last: int | None = None) -> str:
    """Return the filters that choose pictures by their numbers and give them their times."""
    end = len(track.pace.times(track.seconds)) if last is None else last
    times = f"settb=1/{_UNIT},setpts='{track.pace.expression()}+{track.begins}/TB'"
    return f"{times},trim=start_frame={first}:end_frame={end}"


def _unit(track: PictureTrack, container: str) -> int:
    """Return units of time per second: an AVI has one for each picture, and MPEG-2 knows few."""
    return track.pace.rate if container == "avi" or track.codec in {"mpeg2video", "libtheora"} else _UNIT


def _encoder(track: PictureTrack, place: int, unit: int) -> list[str]:
    group, b_frames = str(track.group), str(track.b_frames)
    options: tuple[str, ...]
    match track.codec:
        case "h264":
            options = ("-c:v", "libx264", *_X26X, b_frames, "-g", group, "-b_strategy", "0")
        case "hevc":
            parameters = f"log-level=error:pools=none:frame-threads=1:keyint={group}:bframes={b_frames}:b-adapt=0"
            parameters += f":open-gop={int(track.open_groups)}"
            options = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", parameters)
        case "vp8":
            options = ("-c:v", "libvpx", *_LIBVPX, group)
        case "vp9":
            options = ("-c:v", "libvpx-vp9", *_LIBVPX, group)
        case "av1":
            options = ("-c:v", "libsvtav1", "-preset", "12", "-g", group, "-svtav1-params", "lp=1")
        case "mpeg4":
            options = ("-c:v", "mpeg4", "-qscale:v", "4", "-bf", b_frames, "-g", group)
        case "prores":
            options = ("-c:v", "prores_ks")
        case codec:
            options = ("-c:v", codec, *(("-qscale:v", "4") if codec in {"mjpeg", "libtheora", "wmv2"} else ()))
    # Options of one track among several.
    named = [f"{option}:{place}" if option.endswith(":v") else option for option in options]
    named = [f"{option}:v:{place}" if option in _PER_TRACK else option for option in named]
    pixels = [f"-pix_fmt:v:{place}", track.pixels] if track.pixels else []
    return [*named, *pixels, f"-enc_time_base:v:{place}", f"1:{unit}"]


_PER_TRACK: Final = {
    *("-preset", "-sc_threshold", "-bf", "-g", "-b_strategy", "-x265-params", "-svtav1-params"),
    *("-deadline", "-cpu-used"),
}


def _joined(track: PictureTrack, place: int, folder: Path) -> Path:
    """Write the parts of different size, and a list of them."""
    assert track.grows is not None
    at, size = track.grows
    times = track.pace.times(track.seconds)
    change = sum(time < at for time in times)
    transport = track.codec == "h264"
    names = []
    for number, (first, last, of_size) in enumerate(((0, change, track.size), (change, len(times), size))):
        path = folder / f"part{number}.{'ts' if transport else 'webm'}"
        headers = ("-x264-params", "repeat-headers=1") if transport else ()
        run_ffmpeg(
            *_raw_pictures(of_size, place, folder, count=last),
            *(
                "-vf",
                f"{_timed(track, first=first, last=last)},setpts=PTS-STARTPTS",
                *_encoder(track, 0, _UNIT),
                *headers,
            ),
            *("-fps_mode", "passthrough", "-threads", "1", str(path)),
        )
        names.append(path.name)
    listed = folder / "parts.txt"
    listed.write_text("".join(f"file {name}\n" for name in names), "ascii")
    return listed


def _samples(sound: SoundTrack, place: int) -> bytes:
    tone = told(place, seconds=sound.seconds, level=sound.level)
    mixed = array("h", bytes(2 * sound.channels * len(tone)))
    for number, channel in enumerate(sound.heard):
        turned = sound.inverted and number % 2
        mixed[channel :: sound.channels] = array("h", [-sample for sample in tone]) if turned else tone
    if sys.byteorder == "big":
        mixed.byteswap()
    return mixed.tobytes()


def _heard_at(sound: SoundTrack) -> str:
    begin, end = sound.gap or (-1.0, -1.0)
    return f"aselect='not(between(t,{begin},{end}))',asetpts=PTS+{sound.begins}/TB,aresample={sound.rate}"
