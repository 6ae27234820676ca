"""What a drawn recording is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Damage", "Edit", "Pace", "PictureTrack", "Recording", "Size", "SoundTrack"]

Size = tuple[int, int]
"""Width and height in pixels."""

Edit = tuple[float, float]
"""Begin and end of a shown part in seconds, as an edit list names them."""


@dataclass(frozen=True)
class Pace:
    """When the pictures of a track begin.

    Attributes
    ----------
    kind
        `even`; `uneven` (each is late by another share of its time); `bursts` (five pictures, then nothing until the
        next burst); `sparse` (each stays for `rest` seconds).
    rate
        Pictures per second, where they follow each other.
    rest
        Seconds from burst to burst, or from picture to picture.
    """

    kind: str = "even"
    rate: int = 30
    rest: float = 0.0

    def times(self, seconds: float) -> list[float]:
        """Return when each picture begins, for a track of a length in seconds."""
        most = 512
        match self.kind:
            case "even":
                times = [n / self.rate for n in range(most)]
            case "uneven":
                times = [(n + 0.9 * (n * 7919 % 101) / 101) / self.rate if n else 0.0 for n in range(most)]
            case "bursts":
                times = [n // 5 * self.rest + n % 5 / self.rate for n in range(most)]
            case _:
                times = [n * self.rest for n in range(most)]
        return [time for time in times if time < seconds - 0.001]

    def expression(self) -> str:
        """Return the same as an expression of ffmpeg's filter `setpts`, which knows the picture's number as N."""
        match self.kind:
            case "even":
                seconds = f"N/{self.rate}"
            case "uneven":
                seconds = f"if(N,(N+0.9*mod(N*7919,101)/101)/{self.rate},0)"
            case "bursts":
                seconds = f"floor(N/5)*{self.rest}+mod(N,5)/{self.rate}"
            case _:
                seconds = f"N*{self.rest}"
        return f"({seconds})/TB"


@dataclass(frozen=True)
class PictureTrack:
    """A track with pictures, each of which carries its own number.

    Attributes
    ----------
    codec
        ffmpeg's name.
    size
        In pixels, before rotation.
    pace
        When the pictures begin.
    seconds
        Length.
    group
        Pictures from one key picture to the next.
    b_frames
        B-frames between two references, where the codec has them.
    open_groups
        Whether pictures of HEVC refer to the group before their own. ffmpeg cannot decode those where an edit list has
        left that group out.
    begins
        Seconds by which the track begins after the file.
    rotation
        Degrees by which players rotate it.
    grows
        From `grows[0]` seconds on it has the size `grows[1]`.
    pixels
        ffmpeg's name of the pixel format; empty for that of the encoder.
    """

    codec: str = "h264"
    size: Size = (96, 72)
    pace: Pace = Pace()
    seconds: float = 4.0
    group: int = 30
    b_frames: int = 0
    open_groups: bool = True
    begins: float = 0.0
    rotation: int = 0
    grows: tuple[float, Size] | None = None
    pixels: str = ""


@dataclass(frozen=True)
class SoundTrack:
    """A track with a tone that tells the second.

    Attributes
    ----------
    codec
        ffmpeg's name of the encoder.
    rate
        Samples per second.
    layout
        ffmpeg's name of the channel layout.
    channels
        Number of channels of this layout.
    heard
        The channels that carry the tone; the others are silent. Nothing is heard if there is none.
    inverted
        Whether the tone has the other sign on every second channel that carries it.
    level
        Of the tone, in dB below the loudest one.
    seconds
        Length.
    begins
        Seconds by which the track begins after the file.
    gap
        Begin and end in seconds of a time without packets.
    """

    codec: str = "aac"
    rate: int = 48000
    layout: str = "mono"
    channels: int = 1
    heard: tuple[int, ...] = (0,)
    inverted: bool = False
    level: float = 6.0
    seconds: float = 4.0
    begins: float = 0.0
    gap: Edit | None = None


@dataclass(frozen=True)
class Damage:
    """What happened to the file after it was written.

    Attributes
    ----------
    kind
        `cut` (the file ends after a share of its bytes) or `flipped` (bytes are changed from one share to another).
    begins, ends
        Shares of the file's bytes.
    """

    kind: str
    begins: float
    ends: float = 1.0


@dataclass(frozen=True)
class Recording:
    """A recording.

    Attributes
    ----------
    container
        `mp4`, `mov`, `fragmented` (an MP4 in fragments), `matroska`, `webm`, `avi`, `mpegts`, `flv`, `asf` or `ogg`.
    written
        How its file is written, if not as usual: a key of `WRITTEN` in `make`.
    pictures
        Its tracks with pictures.
    screen
        Which of these is the screen.
    sounds
        Its tracks with sound.
    edits
        The parts of the media that its edit list shows, one after the other; all of it without any.
    offset
        Seconds by which all times are late.
    claims
        The length in the header as a multiple of the real one.
    index_first
        Whether an MP4 has its index at the beginning.
    damage
        What happened to the file.
    """

    container: str = "mp4"
    written: str = ""
    pictures: tuple[PictureTrack, ...] = (PictureTrack(),)
    screen: int = 0
    sounds: tuple[SoundTrack, ...] = ()
    edits: tuple[Edit, ...] = ()
    offset: float = 0.0
    claims: float = 1.0
    index_first: bool = False
    damage: Damage | None = None

    @property
    def whole(self) -> Recording:
        """The same without damage."""
        return replace(self, damage=None)
