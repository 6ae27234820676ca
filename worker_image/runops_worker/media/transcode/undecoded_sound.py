"""When the sound of a recording is damaged: ffmpeg lists the packets of a track, and what it decodes of them.

This runs only where the transcode found damage. Where there are packets and nothing was decoded, the sound is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.recording.recording import Recording, SoundTrack
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool

__all__ = ["UndecodedSound", "find_undecoded"]

_FILE_BYTES: Final = 1024**2
_PACKETS, _DECODED = 0, 1
# Decoders give a little less at the beginning and after an error; one packet is not told.
_SHORTEST_SECONDS: Final = 0.1
_JOINED_SECONDS: Final = 2.0
_MOST_SPANS: Final = 1_000

Ranges = Sequence[tuple[float, float]]


@dataclass
class UndecodedSound:
    """Built line by line from the output of ffmpeg's framecrc writer, see `media.probe.packets`.

    Stream 0 are the packets of a track, stream 1 what was decoded of them.
    """

    _spans: dict[int, list[tuple[float, float]]] = field(default_factory=lambda: {_PACKETS: [], _DECODED: []})
    _units: dict[int, Fraction] = field(default_factory=dict)

    def take(self, line: str) -> None:
        """Read one line. A line of another format is ignored."""
        if line.startswith("#tb "):
            number, _, unit_text = line[4:].partition(": ")
            self._units[int(number)] = Fraction(unit_text)
            return
        fields = line.split(",")
        if line.startswith("#") or len(fields) < 6:
            return
        stream, begin, length = int(fields[0]), int(fields[2]), int(fields[3])
        unit = float(self._units.get(stream, 1))
        spans = self._spans[stream]
        start, end = begin * unit, (begin + length) * unit
        if spans and (start - spans[-1][1] < _SHORTEST_SECONDS or len(spans) >= _MOST_SPANS):
            spans[-1] = spans[-1][0], max(spans[-1][1], end)
        else:
            spans.append((start, end))

    @property
    def ranges(self) -> list[tuple[float, float]]:
        """Begin and end, in seconds, of each time range with packets of which nothing was decoded."""
        found: list[tuple[float, float]] = []
        for start, end in self._spans[_PACKETS]:
            at = start
            for begin, stop in [*self._spans[_DECODED], (end, end)]:
                if min(begin, end) - at >= _SHORTEST_SECONDS:
                    _add(found, at, min(begin, end))
                at = max(at, stop)
        return found


def _add(ranges: list[tuple[float, float]], start: float, end: float) -> None:
    if ranges and start - ranges[-1][1] < _JOINED_SECONDS:
        ranges[-1] = ranges[-1][0], end
    else:
        ranges.append((max(start, 0.0), end))


async def find_undecoded(source: Path, track: SoundTrack, *, recording: Recording, limits: Limits) -> Ranges:
    """Return the time ranges of a sound track that cannot be decoded, in seconds.

    Parameters
    ----------
    source
        The recording.
    track
        One of its tracks.
    recording
        The result of `probe` for it.
    limits
        What ffmpeg may use.

    Raises
    ------
    MediaToolFailed
        ffmpeg ran out of time or memory.
    """
    report = UndecodedSound()
    options = ("-t", f"{limits.max_duration_seconds}")
    both = ("-map", f"0:a:{track.place}", "-map", f"0:a:{track.place}", "-c:a:0", "copy", "-c:a:1", "pcm_s16le")
    await run_tool(
        [
            *hardened(
                source,
                demuxer=recording.container,
                max_pixels=limits.max_pixels,
                input_options=options,
                parts=recording.parts,
            ),
            *("-v", "error", "-max_error_rate", "1", *both, "-flush_packets", "0", "-f", "framecrc", "-"),
        ],
        allowance=Allowance(
            seconds=limits.transcode_deadline(recording.duration_seconds),
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_FILE_BYTES,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=recording.files(source)),
        on_stdout=report.take,
    )
    return report.ranges
