"""What is known about an accepted recording."""

from dataclasses import dataclass

__all__ = ["MediaInfo"]


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """What is known about an accepted recording.

    Attributes
    ----------
    duration_seconds
        From the beginning of the first packet to the end of the last one, picture or sound.
    video_seconds
        To the end of the last picture. Recorders that write a picture only on a change stop before the sound does.
    width, height
        In pixels as a player shows them: rotated, with square pixels.
    video_codec, audio_codec
        ffmpeg's names. The latter is None without sound.
    has_audio
        Whether there is any sound.
    frames
        Number of pictures.
    container
        ffmpeg's demuxer: `mov` or `matroska`.
    size_bytes
        Size of the file.
    """

    duration_seconds: float
    video_seconds: float
    width: int
    height: int
    video_codec: str
    audio_codec: str | None
    has_audio: bool
    frames: int
    container: str
    size_bytes: int

    @property
    def frames_per_second(self) -> float:
        """Average number of pictures per second."""
        return self.frames / self.video_seconds if self.video_seconds else 0.0
