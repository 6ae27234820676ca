"""How well ffmpeg could decode a recording, by its own account."""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["DecodingReport"]

_ACCOUNT: Final = re.compile(
    r"Input stream #0:\d+ \(video\): (\d+) packets read .*?; (\d+) frames decoded; (\d+) decode errors"
)
_DAMAGED: Final = "corrupt decoded frame"
# What a decoder says stands behind its name, as `[h264 @ 0x55d0] [error] ...`; frames that lack a reference show here.
_COMPLAINT: Final = re.compile(r"\[(?:h264|hevc|vp8|vp9|av1|libdav1d) @ [^]]*\] \[(?:error|fatal|panic)\]")


@dataclass
class DecodingReport:
    """Fed with the lines of standard error at level `level+repeat+verbose`.

    Attributes
    ----------
    packets, pictures, errors
        Of the picture stream: coded pictures read, decoded, and refused by the decoder.
    damaged
        Pictures that were decoded with guessed parts.
    complaints
        Lines in which the picture's decoder speaks of an error, whatever it made of it.
    """

    packets: int = 0
    pictures: int = 0
    errors: int = 0
    damaged: int = 0
    complaints: int = 0

    @property
    def bad_share(self) -> float:
        """Share of the coded pictures that came out wrong or not at all."""
        return (self.errors + self.damaged) / self.packets if self.packets else 0.0

    def take(self, line: str) -> None:
        """Take one line."""
        if _COMPLAINT.match(line):
            self.complaints += 1
        if _DAMAGED in line:
            self.damaged += 1
        elif match := _ACCOUNT.search(line):
            self.packets, self.pictures, self.errors = int(match[1]), int(match[2]), int(match[3])
