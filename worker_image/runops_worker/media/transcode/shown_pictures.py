"""Which picture of the recording ffmpeg wrote at each place of the slim video, from its log."""

import re
from array import array
from fractions import Fraction
from typing import Final

from runops_worker.media.transcode.selection import Selection

__all__ = ["SHOWN_FORMAT", "ShownReport"]

SHOWN_FORMAT: Final = "shown {n} {ptsi} {tbi}"
"""Format of ffmpeg's line for each picture that it encodes: its number, and its time at the decoder's output."""

_LINE: Final = re.compile(r"shown (\d{1,9}) (-?\d{1,19}) (\d{1,9})/(\d{1,9})$")


class ShownReport:
    """Built line by line from the output of `-stats_enc_pre`."""

    def __init__(self) -> None:
        self._times = array("q")
        self._unit: Fraction | None = None
        self._inconsistent = False

    def take(self, line: str) -> None:
        """Read one line. A line of another format is ignored."""
        match = _LINE.match(line)
        if match is None:
            return
        unit = Fraction(int(match[3]), int(match[4]) or 1)
        if self._unit not in {None, unit} or int(match[1]) != len(self._times):
            self._inconsistent = True
        self._unit = unit
        self._times.append(int(match[2]))

    def fits(self, selection: Selection) -> bool:
        """Return whether each place shows the picture that the selection requires."""
        if self._inconsistent or self._unit is None:
            return False
        return all(time * self._unit == selection.shown(place) for place, time in enumerate(self._times))
