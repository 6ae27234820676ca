"""When the picture of a recording is damaged: ffmpeg decodes it once more and says beside each error where it is.

This runs only where the transcode found damage. An error has no time of its own. ffmpeg's filter `showinfo` writes a
line for each decoded picture, so an error lies between the pictures before and after it. The damage stays visible until
the next picture that refers to no other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.decode_screen import decode_screen
from runops_worker.media.wording import seconds_text

__all__ = ["DamageReport", "damage_loss", "find_damage", "joined", "seconds_of"]

_SHOWN: Final = re.compile(
    r"\[Parsed_showinfo_0 @ [^]]*\] \[info\] n: *\d+ pts: *\S+ pts_time:(-?\d+(?:\.\d+)?) .*iskey:([01])"
)
_ERRORS: Final = (
    *("corrupt decoded frame", "Error submitting packet to decoder"),
    *("Missing reference picture", "Could not find ref with POC", "Frame num gap"),
)
# Where the next such picture is far away, later pictures replace the damage bit by bit.
_LONGEST_EFFECT_SECONDS: Final = 10.0
# Ranges that are closer are told as one.
_JOINED_SECONDS: Final = 2.0
_MOST_RANGES: Final = 10_000
_MOST_TOLD: Final = 5

Ranges = Sequence[tuple[float, float]]


@dataclass
class DamageReport:
    """Built line by line from standard error at log level `level+repeat+verbose`.

    Attributes
    ----------
    ranges
        Begin and end of each damaged time range in seconds, in order.
    """

    ranges: list[tuple[float, float]] = field(default_factory=list)
    _last: float = 0.0
    _open: float | None = None

    def take(self, line: str) -> None:
        """Read one line."""
        if any(error in line for error in _ERRORS):
            if self._open is None:
                self._open = self._last
        elif match := _SHOWN.match(line):
            self._shown(float(match[1]), is_key=match[2] == "1")

    def finish(self, end: float) -> None:
        """Close a range that reaches to the end of the recording, and drop what is behind it."""
        if self._open is not None:
            self._close(min(end, self._open + _LONGEST_EFFECT_SECONDS))
        self.ranges = [(start, min(stop, end)) for start, stop in self.ranges if start < end]

    def _shown(self, time: float, *, is_key: bool) -> None:
        self._last = max(time, 0.0)
        if self._open is not None and (is_key or time > self._open + _LONGEST_EFFECT_SECONDS):
            self._close(self._last)

    def _close(self, end: float) -> None:
        assert self._open is not None
        if self.ranges and (self._open - self.ranges[-1][1] < _JOINED_SECONDS or len(self.ranges) >= _MOST_RANGES):
            self.ranges[-1] = self.ranges[-1][0], end
        else:
            self.ranges.append((self._open, end))
        self._open = None


def seconds_of(ranges: Ranges) -> float:
    """Return how long the ranges are together."""
    return sum(end - start for start, end in ranges)


def joined(ranges: Ranges) -> list[tuple[float, float]]:
    """Return the same time in order, with ranges of less than two seconds' distance as one."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(ranges):
        if found and start - found[-1][1] < _JOINED_SECONDS:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def damage_loss(ranges: Ranges) -> Loss:
    """Return what the recording's owner is told. There is at least one range."""
    told = [f"{seconds_text(start)} to {seconds_text(end)}" for start, end in ranges[:_MOST_TOLD]]
    more = f" and {len(ranges) - _MOST_TOLD} more" if len(ranges) > _MOST_TOLD else ""
    detail = (
        f"The picture of the recording is damaged for {seconds_text(seconds_of(ranges))}: "
        f"from {', '.join(told)}{more}. What is shown there may be wrong."
    )
    return Loss(LossKind.PICTURES_DAMAGED, detail, start=ranges[0][0], end=ranges[-1][1])


async def find_damage(source: Path, *, recording: Recording, limits: Limits) -> list[tuple[float, float]]:
    """Return the damaged time ranges of a recording, in seconds.

    Parameters
    ----------
    source
        The recording.
    recording
        The result of `probe` for it.
    limits
        What ffmpeg may use.

    Raises
    ------
    MediaToolFailed
        ffmpeg ran out of time or memory.
    """
    report = DamageReport()
    # With one thread, an error is written beside the picture it belongs to.
    options = ("-threads", "1", "-t", f"{limits.max_duration_seconds}")
    await decode_screen(
        source,
        recording,
        limits=limits,
        decoder=options,
        filters="showinfo=checksum=0",
        log="level+repeat+verbose",
        on_stderr=report.take,
    )
    report.finish(recording.video_seconds)
    # Decoders do not complain about every picture of which the file lacks a part.
    return joined([*report.ranges, *recording.broken_parts])
