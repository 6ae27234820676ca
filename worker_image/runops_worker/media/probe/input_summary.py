"""What ffmpeg says of a file on standard error: its claimed length, number of streams and rotation."""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Headline"]

# Metadata of the file is printed too and indented deeper than these, so it cannot pose as one of them.
_DURATION: Final = re.compile(r"  Duration: (\d+):(\d\d):(\d\d\.\d+), start")
_START: Final = re.compile(r"  Duration: [^,]+, start: (-?\d+\.\d+)")
_STREAM: Final = re.compile(r"  Stream #0:(\d+)")
_ROTATION: Final = re.compile(r" {6,}(?:displaymatrix|Display Matrix): rotation of (-?\d+(?:\.\d+)?) degrees")
_TOO_MANY_PIXELS: Final = re.compile(r"Picture size (\d+)x(\d+) exceeds specified max pixel count")


@dataclass
class Headline:
    """Fed with the lines of standard error.

    Attributes
    ----------
    claimed_seconds
        Length by the file's header; None where it claims none or ffmpeg only guesses it from the bit rate.
    starts_at
        Time stamp that ffmpeg takes for the beginning and moves to 0; None where it found none.
    streams
        Number of streams of all kinds.
    rotation
        Degrees by which players turn the picture.
    refused_picture
        Size of a picture beyond the pixel limit.
    has_sound
        Whether a sound stream is listed, readable or not.
    """

    claimed_seconds: float | None = None
    starts_at: float | None = None
    streams: int = 0
    rotation: float = 0.0
    refused_picture: tuple[int, int] | None = None
    has_sound: bool = False
    _guessed: bool = False
    _input_over: bool = False
    _in_video: bool = False

    def take(self, line: str) -> None:
        """Take one line."""
        if match := _TOO_MANY_PIXELS.search(line):
            self.refused_picture = int(match[1]), int(match[2])
        if "Estimating duration from bitrate" in line:
            self._guessed = True
        # The output's streams are listed afterwards in the same form.
        if line.startswith(("Stream mapping:", "Output #0")):
            self._input_over = True
        if self._input_over:
            return
        if match := _START.match(line):
            self.starts_at = float(match[1])
        if (match := _DURATION.match(line)) and not self._guessed:
            self.claimed_seconds = int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
        elif match := _STREAM.match(line):
            self.streams = max(self.streams, int(match[1]) + 1)
            self._in_video = ": Video: " in line
            self.has_sound = self.has_sound or ": Audio: " in line
        elif self._in_video and self.rotation == 0.0 and (match := _ROTATION.match(line)):
            self.rotation = float(match[1])
