"""The codecs that are accepted, by ffmpeg's names."""

from typing import Final

__all__ = ["AUDIO_CODECS", "DECODERS_OF_OTHER_NAMES", "VIDEO_CODECS"]

VIDEO_CODECS: Final = frozenset(
    {
        # Browsers, phones, and nearly all screen recorders.
        *("h264", "hevc", "vp8", "vp9", "av1", "vvc", "mpeg4", "h263", "theora", "gif"),
        # Video editors, cameras and capture cards.
        *("mjpeg", "prores", "dnxhd", "dvvideo", "mpeg1video", "mpeg2video"),
        # Recorders that write without loss.
        *("ffv1", "huffyuv", "ffvhuff", "utvideo", "lagarith", "magicyuv", "png", "qtrle", "rawvideo"),
        # Screen recorders with a codec of their own: Camtasia, CamStudio, DOSBox, Fraps, GoToMeeting.
        *("tscc", "tscc2", "cscd", "zmbv", "fraps", "g2m"),
        # Windows and Flash.
        *("msrle", "msvideo1", "cinepak", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "wmv3", "vc1", "mss1", "mss2"),
        *("flv1", "flashsv", "flashsv2", "vp6f"),
    }
)
"""Of the screen."""

AUDIO_CODECS: Final = frozenset(
    {
        # Browsers, phones, and nearly all screen recorders.
        *("aac", "aac_latm", "opus", "vorbis", "mp3", "alac", "flac"),
        # Video editors, cameras, television.
        *("ac3", "eac3", "dts", "truehd", "mp2", "s302m", "pcm_bluray", "pcm_dvd"),
        # Telephones, conferences, older phones and cameras.
        *("amr_nb", "amr_wb", "pcm_alaw", "pcm_mulaw", "adpcm_g722", "adpcm_g726", "gsm", "gsm_ms", "speex"),
        # Windows, QuickTime and Flash.
        *("wmav1", "wmav2", "wmapro", "adpcm_ima_wav", "adpcm_ms", "adpcm_ima_qt", "adpcm_swf", "adpcm_yamaha"),
        *("nellymoser", "tta", "wavpack"),
        # Samples as they are: kind and bits of a sample, byte order.
        *("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
        *("pcm_s64le", "pcm_s64be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"),
        *("pcm_u16le", "pcm_u16be", "pcm_u24le", "pcm_u24be", "pcm_u32le", "pcm_u32be"),
    }
)
"""The same for sound."""

DECODERS_OF_OTHER_NAMES: Final = frozenset(
    {
        *("libdav1d", "libvpx", "libvpx-vp9", "flv", "msmpeg4", "camtasia", "camstudio"),
        *("libopus", "libvorbis", "mp3float", "mp2float", "dca", "amrnb", "amrwb", "g722", "g726"),
        *("libopencore_amrnb", "libopencore_amrwb"),
    }
)
"""ffmpeg's decoders of these codecs that are not called like their codec."""
