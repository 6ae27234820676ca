"""The codecs that are accepted, by ffmpeg's names."""

from typing import Final

__all__ = ["AUDIO_CODECS", "VIDEO_CODECS"]

VIDEO_CODECS: Final = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4"})
"""What screen recorders, browsers and phones produce."""

AUDIO_CODECS: Final = frozenset(
    {
        *("aac", "opus", "vorbis", "mp3", "alac", "flac"),
        *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_u8"),
    }
)
"""The same for sound."""
