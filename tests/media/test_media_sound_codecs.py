"""Sound in every codec that is accepted is heard."""

from pathlib import Path

import pytest

from runops_worker.media.codecs import AUDIO_CODECS
from tests.media.tones import PICTURE, make, slimmed

STEREO = ("-ar", "48000", "-ac", "2")
TELEPHONE = ("-ar", "8000", "-ac", "1")
# By codec: encoder, container, rate and channels. MOV has samples with the largest byte first.
CODECS = {
    "aac": ("aac", "mp4", STEREO),
    "opus": ("libopus", "mkv", STEREO),
    "vorbis": ("libvorbis", "mkv", STEREO),
    "mp3": ("libmp3lame", "mp4", STEREO),
    "alac": ("alac", "mov", STEREO),
    "flac": ("flac", "mkv", STEREO),
    "ac3": ("ac3", "mkv", STEREO),
    "eac3": ("eac3", "mp4", STEREO),
    "dts": ("dca", "mkv", STEREO),
    "truehd": ("truehd", "mkv", STEREO),
    "mp2": ("mp2", "mkv", STEREO),
    "amr_nb": ("libopencore_amrnb", "3gp", TELEPHONE),
    "pcm_alaw": ("pcm_alaw", "mov", TELEPHONE),
    "pcm_mulaw": ("pcm_mulaw", "mkv", TELEPHONE),
    "adpcm_g722": ("g722", "mkv", ("-ar", "16000", "-ac", "1")),
    "adpcm_g726": ("g726", "mkv", TELEPHONE),
    "wmav1": ("wmav1", "mkv", STEREO),
    "wmav2": ("wmav2", "mkv", STEREO),
    "adpcm_ima_wav": ("adpcm_ima_wav", "mkv", STEREO),
    "adpcm_ms": ("adpcm_ms", "mkv", STEREO),
    "adpcm_ima_qt": ("adpcm_ima_qt", "mov", STEREO),
    "adpcm_swf": ("adpcm_swf", "mkv", ("-ar", "22050", "-ac", "1")),
    "adpcm_yamaha": ("adpcm_yamaha", "mkv", STEREO),
    "tta": ("tta", "mkv", STEREO),
    "wavpack": ("wavpack", "mkv", STEREO),
    "pcm_s8": ("pcm_s8", "mov", STEREO),
    **{
        name: (name, "mov" if name.endswith("be") else "mkv", STEREO)
        for name in (
            *("pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
            *("pcm_s64le", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"),
        )
    },
}
# ffmpeg has no encoder for these, or no container of those accepted takes what it writes.
WITHOUT_A_FILE = {
    *("aac_latm", "s302m", "pcm_bluray", "pcm_dvd", "gsm", "gsm_ms", "speex", "wmapro", "nellymoser"),
    *("pcm_s64be", "pcm_u16le", "pcm_u16be", "pcm_u24le", "pcm_u24be", "pcm_u32le", "pcm_u32be"),
}


def test_each_accepted_codec_is_tried_or_known_to_have_no_encoder() -> None:
    assert set(CODECS) | WITHOUT_A_FILE | {"amr_wb"} == AUDIO_CODECS
    assert not set(CODECS) & WITHOUT_A_FILE


@pytest.mark.parametrize("codec", CODECS)
async def test_sound_of_this_codec_is_heard(codec: str, tmp_path: Path) -> None:
    encoder, container, shape = CODECS[codec]
    source = make(
        tmp_path / f"sound.{container}",
        *("-f", "lavfi", "-i", "sine=440:duration=3", "-map", "0", "-map", "1", *PICTURE),
        *("-c:a", encoder, "-strict", "-2", *shape),
        seconds=3,
    )
    heard = await slimmed(source)
    assert [track.codec for track in heard.recording.sounds] == [codec]
    assert heard.slim.losses == ()
    assert heard.tone(440, 1.5) > -25


async def test_amr_wb_of_telephones_is_decoded(tmp_path: Path) -> None:
    # Nobody writes it freely, so these are frames of noise: mode 8, 60 bytes each, 50 in a second.
    raw = tmp_path / "noise.amr"
    frame = bytes([0x44]) + bytes((number * 37 + 11) % 256 for number in range(60))
    raw.write_bytes(b"#!AMR-WB\n" + frame * 150)
    source = make(
        tmp_path / "sound.3gp",
        *("-f", "amr", "-i", str(raw), "-map", "0", "-map", "1", *PICTURE, "-c:a", "copy"),
        seconds=3,
    )
    heard = await slimmed(source)
    assert [track.codec for track in heard.recording.sounds] == ["amr_wb"]
    assert heard.slim.losses == ()
    assert heard.level(1.0) > -40
