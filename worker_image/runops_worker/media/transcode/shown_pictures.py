"""Which picture of the recording ffmpeg put at each place of the slim video, by its own account."""

import re
from array import array
from fractions import Fraction
from typing import Final

from runops_worker.media.transcode.selection import Selection

__all__ = ["SHOWN_FORMAT", "ShownReport"]

SHOWN_FORMAT: Final = "shown {n} {ptsi} {tbi}"
"""What ffmpeg is asked to print before it encodes a picture: its number, and its time as it left the decoder."""

_LINE: Final = re.compile(r"shown (\d{1,9}) (-?\d{1,19}) (\d{1,9})/(\d{1,9})$")


class ShownReport:
    """Fed with the lines of `-stats_enc_pre`, compared with what was selected."""

    def __init__(self) -> None:
        self._times = array("q")
        self._unit: Fraction | None = None
        self._odd = False

    def take(self, line: str) -> None:
        """Take one line; what is not of the format is passed over."""
        match = _LINE.match(line)
        if match is None:
            return
        unit = Fraction(int(match[3]), int(match[4]) or 1)
        self._odd = self._odd or self._unit not in {None, unit} or int(match[1]) != len(self._times)
        self._unit = unit
        self._times.append(int(match[2]))

    def fits(self, selection: Selection) -> bool:
        """Whether every place shows the picture that it must show."""
        if self._odd or self._unit is None:
            return False
        return all(time * self._unit == selection.shown(place) for place, time in enumerate(self._times))
