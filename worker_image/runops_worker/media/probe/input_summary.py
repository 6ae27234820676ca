"""What ffmpeg says about an input file on standard error: claimed length, streams, and whether the file is whole."""

import re
from dataclasses import dataclass, field
from typing import Final

from runops_worker.media.recording.picture_format import UNKNOWN, PictureFormat

__all__ = ["InputSummary", "VideoHeader"]

# ffmpeg also prints the file's own metadata, but with a deeper indent, so it cannot pass for one of these lines.
_DURATION: Final = re.compile(r"  Duration: (\d+):(\d\d):(\d\d\.\d+), start")
_START: Final = re.compile(r"  Duration: [^,]+, start: (-?\d+\.\d+)")
_STREAM: Final = re.compile(r"  Stream #0:(\d+)")
_ROTATION: Final = re.compile(r" {6,}(?:displaymatrix|Display Matrix): rotation of (-?\d+(?:\.\d+)?) degrees")
_TOO_MANY_PIXELS: Final = re.compile(r"Picture size (\d+)x(\d+) exceeds specified max pixel count")
# A demuxer's message begins with its name in brackets, which no metadata can do.
# Where several recordings are read as one, it has its own name.
_ENDS_EARLY: Final = re.compile(r"\[(?:in#0/|matroska,|mov,)[^]]*\].*(?:File ended prematurely|: partial file$)")
# `yuv420p10le(tv, bt2020nc/bt2020/smpte2084, progressive), 1920x1080`. Matrix, primaries and curve are one word if they
# are the same.
_FORMAT: Final = re.compile(r", ([a-z]\w{1,30})(?:\(([^\n]{1,120}?)\))?, \d+x\d+")
_COLOURS: Final = re.compile(r"[\w-]+/([\w-]+)/([\w-]+)")
# The key of a Matroska track, the sample entry of an encrypted MP4 of which the rest is unknown, and a protected WMV.
_ENCRYPTED: Final = re.compile(
    r" {6,}enc_key_id +:|  Stream #0:\d+.*: Video: [^,]*\(encv / |\[in#0/[^]]*\] DRM protected stream detected"
)
# Where bytes in the middle of a file are wrong, a demuxer leaves out everything up to the next mark that it knows.
_LEAVES_OUT: Final = re.compile(
    r"\[(?:in#0/|matroska,|mov,)[^]]*\] "
    r"(?:Element at \S+ ending at \S+ exceeds|0x\S+ at pos \S+ .*invalid|.*invalid as first byte"
    r"|Length \d+ indicated by an EBML number|Invalid length 0x|Found unknown-length element)"
)
# An MP4 that was appended to another one. Nothing of it is read, unless it is in pieces.
_SECOND_INDEX: Final = re.compile(r"\[in#0(?:/[^ ]*)? @ [^]]*\] Found duplicated MOOV Atom")
_UNKNOWN_TRACK: Final = re.compile(r": (?:Data: none|Unknown: |Attachment: none)")
_NOT_A_PICTURE_TRACK: Final = ("(attached pic)", "(timed thumbnails)")


@dataclass
class VideoHeader:
    """What the header says of a track with pictures.

    Attributes
    ----------
    is_default
        Whether the file marks it as the track to play.
    rotation
        Degrees by which players rotate the picture.
    picture
        How its pictures are coded.
    """

    is_default: bool = False
    rotation: float = 0.0
    picture: PictureFormat = UNKNOWN


@dataclass
class InputSummary:
    """Built line by line from standard error.

    Attributes
    ----------
    claimed_seconds
        Length by the file's header. None if the header has none or ffmpeg guessed it from the bit rate.
    starts_at
        The timestamp that ffmpeg moves to 0, in seconds. None if ffmpeg found none.
    streams
        Number of streams of all types.
    videos
        The tracks with pictures, in the order of the file, without covers and previews.
    refused_picture
        Size of a picture that is above the pixel limit.
    has_sound
        Whether a sound stream is listed, readable or not.
    has_known_tracks
        Whether a stream is listed of which ffmpeg knows what it holds, be it subtitles.
    ends_early
        Whether the file ends where its structure says that more follows.
    has_second_index
        Whether another MP4 follows in the same file.
    is_in_pieces
        Whether it is an MP4 in fragments, by its head. Then the index may be repeated before each part.
    leaves_out
        Whether a part in the middle cannot be read.
    is_encrypted
        Whether a stream says that it is encrypted. Where only its packets say so, `Track.encrypted` counts them.
    """

    claimed_seconds: float | None = None
    starts_at: float | None = None
    streams: int = 0
    videos: list[VideoHeader] = field(default_factory=list)
    refused_picture: tuple[int, int] | None = None
    has_sound: bool = False
    has_known_tracks: bool = False
    ends_early: bool = False
    has_second_index: bool = False
    is_in_pieces: bool = False
    leaves_out: bool = False
    is_encrypted: bool = False
    _guessed: bool = False
    _input_ended: bool = False
    _in_video: bool = False

    def take(self, line: str) -> None:
        """Read one line."""
        if match := _TOO_MANY_PIXELS.search(line):
            self.refused_picture = int(match[1]), int(match[2])
        self._guessed |= "Estimating duration from bitrate" in line
        self.has_second_index |= _SECOND_INDEX.match(line) is not None
        self.leaves_out |= _LEAVES_OUT.match(line) is not None
        self.ends_early |= _ENDS_EARLY.match(line) is not None
        # The streams of the output are listed afterwards in the same format.
        if line.startswith(("Stream mapping:", "Output #0")):
            self._input_ended = True
        if self._input_ended:
            return
        self.is_encrypted |= _ENCRYPTED.match(line) is not None
        if match := _START.match(line):
            self.starts_at = float(match[1])
        if (match := _DURATION.match(line)) and not self._guessed:
            self.claimed_seconds = int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
        elif match := _STREAM.match(line):
            self.streams = max(self.streams, int(match[1]) + 1)
            self._in_video = ": Video: " in line and not any(words in line for words in _NOT_A_PICTURE_TRACK)
            if self._in_video:
                self.videos.append(VideoHeader(is_default="(default)" in line, picture=_format(line)))
            self.has_sound = self.has_sound or ": Audio: " in line
            self.has_known_tracks |= _UNKNOWN_TRACK.search(line) is None
        elif self._in_video and not self.videos[-1].rotation and (match := _ROTATION.match(line)):
            self.videos[-1].rotation = float(match[1])


def _format(line: str) -> PictureFormat:
    match = _FORMAT.search(line)
    if match is None:
        return UNKNOWN
    words = (match[2] or "").split(", ")
    colours = next((found for word in words if (found := _COLOURS.fullmatch(word))), None)
    return PictureFormat(
        pixels=match[1],
        full_range="pc" in words,
        primaries=colours[1] if colours else "",
        transfer=colours[2] if colours else "",
        interlaced=any(word.startswith(("top ", "bottom ")) for word in words),
    )
