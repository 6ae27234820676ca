"""How well ffmpeg could decode a recording, from its log."""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["DecodingReport"]

_STATISTICS: Final = re.compile(
    r"Input stream #0:\d+ \(video\): (\d+) packets read .*?; (\d+) frames decoded; (\d+) decode errors"
)
_DAMAGED: Final = "corrupt decoded frame"
# A message of a decoder begins with its name: `[h264 @ 0x55d0] [error] ...`. A missing reference shows up here only.
_COMPLAINT: Final = re.compile(r"\[(?:h264|hevc|vp8|vp9|av1|libdav1d) @ [^]]*\] \[(?:error|fatal|panic)\]")


@dataclass
class DecodingReport:
    """Built line by line from standard error at log level `level+repeat+verbose`.

    Attributes
    ----------
    packets, pictures, errors
        Of the video stream: coded pictures read, pictures decoded, and coded pictures that the decoder refused.
    damaged
        Pictures that were decoded with concealed errors.
    complaints
        Number of error messages of the video decoder, whatever the result was.
    """

    packets: int = 0
    pictures: int = 0
    errors: int = 0
    damaged: int = 0
    complaints: int = 0

    @property
    def bad_share(self) -> float:
        """Share of the coded pictures that were decoded with errors or not at all."""
        return (self.errors + self.damaged) / self.packets if self.packets else 0.0

    def take(self, line: str) -> None:
        """Read one line."""
        if _COMPLAINT.match(line):
            self.complaints += 1
        if _DAMAGED in line:
            self.damaged += 1
        elif match := _STATISTICS.search(line):
            self.packets, self.pictures, self.errors = int(match[1]), int(match[2]), int(match[3])
