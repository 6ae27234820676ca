"""How well ffmpeg could decode a recording, from its log."""

import re
from dataclasses import dataclass, field
from typing import Final

__all__ = ["DecodedSound", "DecodingReport"]

_STATISTICS: Final = re.compile(
    r"Input stream #0:\d+ \(video\): (\d+) packets read .*?; (\d+) frames decoded; (\d+) decode errors"
)
_DAMAGED: Final = "corrupt decoded frame"
# A message of a decoder begins with its name: `[h264 @ 0x55d0] [error] ...`. A missing reference shows up here only.
_COMPLAINT: Final = re.compile(r"\[(?:h264|hevc|vp8|vp9|av1|libdav1d) @ [^]]*\] \[(?:error|fatal|panic)\]")
_SOUND_STATISTICS: Final = re.compile(
    r"Input stream #0:\d+ \(audio\): (\d+) packets read .*?; (\d+) frames decoded; (\d+) decode errors"
)
# Only sound has filter graphs of this kind; the encoder and its stream are named by their codec.
_SOUND_FAULT: Final = re.compile(r"\[(?:fc#\d{1,3}|aost#\d+:\d+/aac) @ [^]]*\].* \[(?:error|fatal|panic)\]")
_SOUND_CHANGES: Final = re.compile(r"\[fc#\d{1,3} @ [^]]*\].*Reconfiguring filter graph because audio")


@dataclass(frozen=True, slots=True)
class DecodedSound:
    """How well one sound track could be decoded.

    Attributes
    ----------
    packets, frames, errors
        Packets read, frames decoded, and packets that the decoder refused.
    """

    packets: int
    frames: int
    errors: int

    @property
    def bad_share(self) -> float:
        """Share of the packets that could not be decoded."""
        return self.errors / self.packets if self.packets else 0.0


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
    sounds
        Of each sound track that was decoded, in the order of the file.
    sound_faults
        Number of errors of the filters and the encoder of the sound.
    sound_changes
        Whether a filter graph of the sound was built anew because a track changed.
    """

    packets: int = 0
    pictures: int = 0
    errors: int = 0
    damaged: int = 0
    complaints: int = 0
    sounds: list[DecodedSound] = field(default_factory=list)
    sound_faults: int = 0
    sound_changes: bool = False

    @property
    def bad_share(self) -> float:
        """Share of the coded pictures that were decoded with errors or not at all."""
        return (self.errors + self.damaged) / self.packets if self.packets else 0.0

    def take(self, line: str) -> None:
        """Read one line."""
        if _COMPLAINT.match(line):
            self.complaints += 1
        if _SOUND_CHANGES.match(line):
            self.sound_changes = True
        if _SOUND_FAULT.match(line):
            self.sound_faults += 1
        if _DAMAGED in line:
            self.damaged += 1
        elif match := _STATISTICS.search(line):
            self.packets, self.pictures, self.errors = int(match[1]), int(match[2]), int(match[3])
        elif match := _SOUND_STATISTICS.search(line):
            self.sounds.append(DecodedSound(int(match[1]), int(match[2]), int(match[3])))
