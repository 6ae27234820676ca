"""An accepted recording."""

from dataclasses import dataclass
from pathlib import Path

from runops_worker.media.recording.edits import Edit
from runops_worker.media.recording.loss import Loss
from runops_worker.media.recording.picture_format import UNKNOWN, PictureFormat
from runops_worker.media.recording.timeline import Hole

__all__ = ["Recording", "SoundTrack"]


@dataclass(frozen=True, kw_only=True)
class SoundTrack:
    """A track with sound.

    Attributes
    ----------
    place
        ffmpeg's `0:a:PLACE`.
    codec
        ffmpeg's name.
    pauses
        The times of ten minutes or more without sound, before its end.
    edits
        As for the recording.
    """

    place: int
    codec: str
    pauses: tuple[Hole, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What is known about an accepted recording before a picture is decoded.

    Attributes
    ----------
    container
        ffmpeg's demuxer: `mov` or `matroska`.
    duration_seconds
        From the beginning of the first packet to the end of the last one, picture or sound.
    video_seconds
        To the end of the last picture. Recorders that write a picture only on a change stop before the sound does.
    last_picture_has_no_length
        Whether `video_seconds` is a guess, because the file does not say how long the last picture is.
    screen
        The track that is the screen: ffmpeg's `0:V:SCREEN`.
    width, height
        Of the screen, in pixels as a player shows it: rotated, with square pixels. The size may change within a
        recording; this is what its header says.
    video_codec
        ffmpeg's name.
    sounds
        The tracks that are heard, in the order of the file.
    quarter_turns
        How often players turn the screen by 90 degrees against the clock, 0 to 3.
    picture
        How the pictures of the screen are coded.
    has_broken_pictures
        Whether the file lacks a part of a coded picture before the last one.
    broken_parts
        Begin and end, in seconds, of the time ranges in which such pictures are seen.
    losses
        Parts of the file that cannot be used, as far as they are known before a picture is decoded.
    edits
        The parts of the screen's media that are shown, where ffmpeg does not follow the edit list exactly. Empty where
        it does.
    parts
        The list by which ffmpeg reads several recordings in the file as one; None if there is one.
    """

    container: str
    duration_seconds: float
    video_seconds: float
    screen: int
    width: int
    height: int
    video_codec: str
    sounds: tuple[SoundTrack, ...]
    last_picture_has_no_length: bool = False
    quarter_turns: int = 0
    picture: PictureFormat = UNKNOWN
    has_broken_pictures: bool = False
    broken_parts: tuple[tuple[float, float], ...] = ()
    losses: tuple[Loss, ...] = ()
    edits: tuple[Edit, ...] = ()
    parts: Path | None = None

    @property
    def has_audio(self) -> bool:
        """Whether anything can be heard."""
        return bool(self.sounds)

    def files(self, source: Path) -> tuple[Path, ...]:
        """Return what must be read to read it; `source` is its file."""
        return (source,) if self.parts is None else (source, self.parts)
