"""What a player shows and plays of a file: ffmpeg decodes all of it. The worker's code has no part in this.

ffmpeg gives every picture and every piece of sound with its time. Which picture is there at a second, and what is heard
in it, is found from these times here, so that no filter of ffmpeg is trusted with it.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from tests.media.recordings.numbered_pictures import Seen, seen
from tests.media.recordings.second_tones import HEARD_RATE, heard
from tests.media.recordings.tool import run_ffmpeg

__all__ = ["Presented", "Sound", "presented", "read_sound"]

_SIDE: Final = 32

Sound = list[dict[tuple[int, int], float]]
"""For each half second: (track, second modulo 16) -> share of the power, the largest of all channels."""


@dataclass(frozen=True)
class Presented:
    """What is shown and heard.

    Attributes
    ----------
    pictures
        By the second, from 0 to the last one at whose beginning there is a picture or sound.
    begins
        When the picture of each second began; two pictures may begin so closely that either is right.
    last_begins
        When the last picture begins, in seconds. 0 if there is none.
    video_end, sound_end
        When the last picture and the last sound end, in seconds. 0 if there is none.
    sound
        What is heard.
    """

    pictures: list[Seen | None]
    begins: list[float]
    last_begins: float
    video_end: float
    sound_end: float
    sound: Sound

    @property
    def end(self) -> float:
        """When everything ends."""
        return max(self.video_end, self.sound_end)


def presented(path: Path, *, demuxer: str, screen: int, sounds: int, damaged: bool = False) -> Presented:
    """Decode a file.

    Parameters
    ----------
    path
        The file.
    demuxer
        ffmpeg's name. The file's own name says nothing.
    screen
        Which track with pictures is shown.
    sounds
        Number of tracks with sound. All of them are heard.
    damaged
        Whether ffmpeg may fail.
    """
    folder = path.parent
    raw, times = folder / "plain.gray", folder / "plain.times"
    command = ["-threads", "1", "-f", demuxer, "-i", str(path)]
    shown = [
        *("-map", f"0:V:{screen}", "-vf", f"scale={_SIDE}:{_SIDE}:flags=area,format=gray"),
        *("-fps_mode", "passthrough", "-enc_time_base", "demux", "-c:v", "rawvideo"),
    ]
    command += [*shown, "-f", "rawvideo", str(raw), *shown, "-f", "framecrc", str(times)]
    for track in range(sounds):
        played = ("-map", f"0:a:{track}?", "-af", f"aresample={HEARD_RATE}", "-c:a", "pcm_s16le")
        command += [*played, "-f", "wav", str(folder / f"plain{track}.wav")]
        command += [*played, "-f", "framecrc", str(folder / f"plain{track}.times")]
    run_ffmpeg(*command, must_succeed=not damaged)
    heard_in = [
        read_sound(folder / f"plain{track}.wav", times=folder / f"plain{track}.times") for track in range(sounds)
    ]
    sound_end = max((end for _, end in heard_in), default=0.0)
    return _presented(
        raw.read_bytes() if raw.exists() else b"", _times(times), [sound for sound, _ in heard_in], sound_end
    )


def _presented(raw: bytes, times: list[tuple[float, float]], sounds: list[Sound], sound_end: float) -> Presented:
    order = sorted(range(len(times)), key=lambda place: times[place][0])
    begins = [times[place][0] for place in order]
    # ffmpeg takes the length of a picture from the file, which may give it the time to another picture than the next.
    video_end = sum(times[order[-1]]) if order else 0.0
    pictures: list[Seen | None] = []
    shown_since: list[float] = []
    second = 0
    while begins and second < max(video_end, sound_end):
        place = order[max(bisect_right(begins, second + 1e-6) - 1, 0)]
        pictures.append(seen(raw[place * _SIDE**2 : (place + 1) * _SIDE**2], width=_SIDE))
        shown_since.append(times[place][0])
        second += 1
    last_begins = begins[-1] if begins else 0.0
    return Presented(pictures, shown_since, last_begins, video_end, sound_end, _mixed(sounds))


def _mixed(sounds: list[Sound]) -> Sound:
    mixed: Sound = [{} for _ in range(max(map(len, sounds), default=0))]
    for sound in sounds:
        for place, tones in enumerate(sound):
            for tone, share in tones.items():
                mixed[place][tone] = max(mixed[place].get(tone, 0.0), share)
    return mixed


def _times(path: Path) -> list[tuple[float, float]]:
    """Return begin and length in seconds of each line of ffmpeg's framecrc writer."""
    times: list[tuple[float, float]] = []
    if not path.exists():
        return times
    unit = Fraction(1)
    for line in path.read_text("ascii").splitlines():
        if line.startswith("#tb 0: "):
            unit = Fraction(line.split(": ")[1])
        elif not line.startswith("#"):
            _, _, begin, length = (int(text) for text in line.split(",")[:4])
            times.append((float(begin * unit), float(length * unit)))
    return times


def read_sound(path: Path, *, times: Path | None = None) -> tuple[Sound, float]:
    """Read a WAV file of `HEARD_RATE`.

    Parameters
    ----------
    path
        The file.
    times
        When each piece of it is heard, from ffmpeg's framecrc writer. None if all follow one after the other.

    Returns
    -------
    tuple
        What is heard, and at which second it ends. An empty list and 0 without a file.
    """
    content = path.read_bytes() if path.exists() else b""
    if b"data" not in content:
        return [], 0.0
    (channels,) = struct.unpack_from("<H", content, 22)
    data = content[content.index(b"data") + 8 :]
    samples = array("h", data[: len(data) // 2 * 2])
    if times is not None:
        samples = _placed(samples, channels, _times(times))
    each = [heard(samples[channel::channels]) for channel in range(channels)]
    return _mixed(each), len(samples) / channels / HEARD_RATE


def _placed(samples: array[int], channels: int, times: list[tuple[float, float]]) -> array[int]:
    """Move each piece to its time; where there is none, it is silent."""
    placed: array[int] = array("h")
    read = 0
    for begin, length in times:
        at, count = round(begin * HEARD_RATE) * channels, round(length * HEARD_RATE) * channels
        piece = samples[read : read + count]
        read += count
        if at < 0:
            piece, at = piece[-at:], 0
        placed.extend(array("h", bytes(2 * max(at - len(placed), 0))))
        placed[at : at + len(piece)] = piece
    return placed
