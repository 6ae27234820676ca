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

from devstack.media_corpus.boxes import boxes, one
from tests.media.recordings.description import Edit
from tests.media.recordings.numbered_pictures import Seen, seen
from tests.media.recordings.second_tones import HEARD_RATE, heard
from tests.media.recordings.tool import run_ffmpeg

__all__ = ["Presented", "Sound", "presented", "read_sound"]

_SIDE: Final = 32
# A picture of 24 per second, and some rounding.
_SOON_SECONDS: Final = 0.06

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
    soon
        By the second, the pictures of an edited recording that begin so soon after it that they may be shown as well.
    last_begins
        When the last picture begins, in seconds. 0 if there is none.
    video_end, sound_end
        When the last picture and the last sound end, in seconds. 0 if there is none.
    sound
        What is heard.
    """

    pictures: list[Seen | None]
    begins: list[float]
    soon: list[list[Seen | None]]
    last_begins: float
    video_end: float
    sound_end: float
    sound: Sound

    @property
    def end(self) -> float:
        """When everything ends."""
        return max(self.video_end, self.sound_end)


def presented(
    path: Path, *, demuxer: str, screen: int, sounds: int, damaged: bool = False, edited: bool = False
) -> Presented:
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
    edited
        Whether each track has an edit list. ffmpeg decodes all of the media, and the parts are taken from that here:
        where an edit begins, ffmpeg leaves out the picture that is there.
    """
    folder = path.parent
    raw, times = folder / "plain.gray", folder / "plain.times"
    shown_edits, heard_edits = _listed(path.read_bytes(), damaged=damaged) if edited else ([], [])
    edited = bool(shown_edits)
    media = ("-copyts", "-ignore_editlist", "1") if edited else ()
    command = ["-threads", "1", "-filter_threads", "1", *media, "-f", demuxer, "-i", str(path)]
    shown = [
        *("-map", f"0:V:{screen}", "-vf", f"scale={_SIDE}:{_SIDE}:flags=area,format=gray"),
        *("-fps_mode", "passthrough", "-enc_time_base", "demux", "-c:v", "rawvideo"),
    ]
    command += [*shown, "-f", "tee", f"[f=rawvideo]{raw}|[f=framecrc]{times}"]
    for track in range(sounds):
        heard_as, heard_at = folder / f"plain{track}.wav", folder / f"plain{track}.times"
        played = ("-map", f"0:a:{track}?", "-af", f"aresample={HEARD_RATE}", "-c:a", "pcm_s16le")
        command += [*played, "-f", "tee", f"[f=wav]{heard_as}|[f=framecrc]{heard_at}"]
    run_ffmpeg(*command, must_succeed=not damaged)
    heard_in = [
        read_sound(
            folder / f"plain{track}.wav",
            times=folder / f"plain{track}.times",
            edits=heard_edits[track] if edited else None,
        )
        for track in range(sounds)
    ]
    sound_end = max((end for _, end in heard_in), default=0.0)
    edits = shown_edits[screen] if edited else None
    content = raw.read_bytes() if raw.exists() else b""
    return _presented(content, _times(times), [sound for sound, _ in heard_in], sound_end, edits)


def _listed(content: bytes, *, damaged: bool) -> tuple[list[list[Edit]], list[list[Edit]]]:
    """Return the edit lists of the tracks with pictures and of those with sound, in seconds of their media."""
    try:
        return _listed_whole(content)
    except (StopIteration, struct.error, KeyError):
        assert damaged, "the index cannot be read"
        return [], []


def _listed_whole(content: bytes) -> tuple[list[list[Edit]], list[list[Edit]]]:
    movie = one(content, "moov")[8:]
    (movie_units,) = struct.unpack_from(">I", one(movie, "mvhd"), 20)
    found: dict[bytes, list[list[Edit]]] = {b"vide": [], b"soun": []}
    for track in (item[8:] for item in boxes(movie) if item[4:8] == b"trak"):
        (units,) = struct.unpack_from(">I", one(track, "mdia/mdhd"), 20)
        listed = one(track, "edts/elst")
        entries = [struct.unpack_from(">Ii", listed, place) for place in range(16, len(listed), 12)]
        edits = [(begin / units, begin / units + length / movie_units) for length, begin in entries]
        found[one(track, "mdia/hdlr")[16:20]].append(edits)
    return found[b"vide"], found[b"soun"]


def _presented(
    raw: bytes, times: list[tuple[float, float]], sounds: list[Sound], sound_end: float, edits: list[Edit] | None
) -> Presented:
    order = sorted(range(len(times)), key=lambda place: times[place][0])
    begins = [times[place][0] for place in order]
    # ffmpeg takes the length of a picture from the file, which may give it the time to another picture than the next.
    video_end = sum(times[order[-1]]) if order else 0.0
    if edits is not None:
        video_end = sum(end - begin for begin, end in edits)
    pictures: list[Seen | None] = []
    shown_since: list[float] = []
    soon: list[list[Seen | None]] = []
    second = 0
    while begins and second < max(video_end, sound_end):
        at = float(second) if edits is None else _in_media(min(second, video_end - 1e-4), edits)
        here = max(bisect_right(begins, at + 1e-6) - 1, 0)
        pictures.append(_picture(raw, order[here]))
        shown_since.append(begins[here])
        later = bisect_right(begins, at + _SOON_SECONDS) if edits is not None else 0
        soon.append([_picture(raw, place) for place in order[here + 1 : later]])
        second += 1
    last_begins = begins[-1] if begins and edits is None else video_end
    return Presented(pictures, shown_since, soon, last_begins, video_end, sound_end, _mixed(sounds))


def _picture(raw: bytes, place: int) -> Seen | None:
    return seen(raw[place * _SIDE**2 : (place + 1) * _SIDE**2], width=_SIDE)


def _in_media(second: float, edits: list[Edit]) -> float:
    """Return what second of the media is shown at a second."""
    for begin, end in edits:
        if second < end - begin - 1e-6:
            return begin + second
        second -= end - begin
    return edits[-1][1]


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


def read_sound(path: Path, *, times: Path | None = None, edits: list[Edit] | None = None) -> tuple[Sound, float]:
    """Read a WAV file of `HEARD_RATE`.

    Parameters
    ----------
    path
        The file.
    times
        When each piece of it is heard, from ffmpeg's framecrc writer. None if all follow one after the other.
    edits
        The parts of it that are heard; None if all of it is.

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
    if edits is not None:
        samples = _parts(samples, channels, edits)
    each = [heard(samples[channel::channels]) for channel in range(channels)]
    return _mixed(each), len(samples) / channels / HEARD_RATE


def _parts(samples: array[int], channels: int, edits: list[Edit]) -> array[int]:
    parts: array[int] = array("h")
    for begin, end in edits:
        first, behind = (round(second * HEARD_RATE) * channels for second in (begin, end))
        part = samples[first:behind]
        parts += part + array("h", bytes(2 * (behind - first - len(part))))
    return parts


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
