"""Sound in every codec that is accepted is heard."""

import struct
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
MPEG2 = ("-c:v", "mpeg2video", "-r", "25")
# The same in containers that take another picture.
WITH_OTHER_PICTURES = {
    "aac_latm": ("aac", "ts", (*STEREO, *MPEG2, "-mpegts_flags", "latm")),
    "s302m": ("s302m", "ts", (*STEREO, *MPEG2)),
    "pcm_bluray": ("pcm_bluray", "m2ts", (*STEREO, *MPEG2)),
    "pcm_dvd": ("pcm_dvd", "vob", (*STEREO, *MPEG2)),
    "nellymoser": ("nellymoser", "flv", ("-ar", "22050", "-ac", "1", "-c:v", "flv1")),
}
# QuickTime's samples of any kind: the kind of which ffmpeg writes a file, and what its flags are changed to.
# Apple, "QuickTime File Format", sound sample description version 2: 1 floating point, 2 big-endian, 4 signed.
OTHER_SAMPLES = {
    "pcm_s64be": ("pcm_f64be", 6),
    "pcm_u16le": ("pcm_s16le", 0),
    "pcm_u16be": ("pcm_s16be", 2),
    "pcm_u24le": ("pcm_s24le", 0),
    "pcm_u24be": ("pcm_s24be", 2),
    "pcm_u32le": ("pcm_s32le", 0),
    "pcm_u32be": ("pcm_s32be", 2),
}
NOISE = {"amr_wb", "gsm", "gsm_ms", "speex"}
# ffmpeg has no encoder for it, and its frames are not simple.
NEVER_DECODED = {"wmapro"}


def test_each_accepted_codec_is_decoded_by_a_test_or_known_to_be_by_none() -> None:
    tried = CODECS.keys() | WITH_OTHER_PICTURES.keys() | OTHER_SAMPLES.keys() | NOISE
    assert tried | NEVER_DECODED == AUDIO_CODECS
    assert not tried & NEVER_DECODED


@pytest.mark.parametrize("codec", [*CODECS, *WITH_OTHER_PICTURES])
async def test_sound_of_this_codec_is_heard(codec: str, tmp_path: Path) -> None:
    encoder, container, shape = (CODECS | WITH_OTHER_PICTURES)[codec]
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


@pytest.mark.parametrize("codec", OTHER_SAMPLES)
async def test_samples_of_any_kind_are_heard(codec: str, tmp_path: Path) -> None:
    written, flags = OTHER_SAMPLES[codec]
    source = make(
        tmp_path / "sound.mov",
        # ffmpeg describes sound of more than 65,535 samples a second in the form that has flags.
        *("-f", "lavfi", "-i", "sine=440:duration=3", "-map", "0", "-map", "1", *PICTURE),
        *("-c:a", written, "-ar", "96000"),
        seconds=3,
    )
    data = bytearray(source.read_bytes())
    # From its name on: 32 bytes of the older forms, size, rate, channels, a constant, bits of a sample, flags.
    at = data.index(b"lpcm") + 56
    data[at : at + 4] = struct.pack(">I", flags)
    source.write_bytes(data)
    heard = await slimmed(source)
    assert [track.codec for track in heard.recording.sounds] == [codec]
    assert heard.slim.losses == ()
    assert heard.tone(440, 1.5) > -40


# Nobody writes these freely, so their frames hold noise.
async def noise_is_heard(codec: str, source: Path) -> None:
    heard = await slimmed(source)
    assert [track.codec for track in heard.recording.sounds] == [codec]
    assert heard.slim.losses == ()
    assert heard.level(1.0) > -40


def noise(size: int, number: int = 0) -> bytes:
    return bytes((place * 37 + 11 + place * place * number) % 256 for place in range(size))


async def test_amr_wb_of_telephones_is_decoded(tmp_path: Path) -> None:
    # Mode 8, 60 bytes each, 50 in a second.
    raw = tmp_path / "noise.amr"
    raw.write_bytes(b"#!AMR-WB\n" + (bytes([0x44]) + noise(60)) * 150)
    given = ("-f", "amr", "-i", str(raw), "-map", "0", "-map", "1", *PICTURE, "-c:a", "copy")
    await noise_is_heard("amr_wb", make(tmp_path / "sound.3gp", *given, seconds=3))


async def test_gsm_is_decoded(tmp_path: Path) -> None:
    # 33 bytes that begin with 13 (D), 50 in a second.
    raw = tmp_path / "noise.gsm"
    raw.write_bytes(b"".join(bytes([0xD0 | number % 16]) + noise(32, number) for number in range(150)))
    given = ("-f", "gsm", "-i", str(raw), "-map", "0", "-map", "1", *PICTURE, "-c:a", "copy")
    await noise_is_heard("gsm", make(tmp_path / "sound.mov", *given, seconds=3))


async def test_gsm_of_windows_is_decoded(tmp_path: Path) -> None:
    # 65 bytes for 320 samples, 25 in a second. WAVEFORMATEX of Microsoft's mmreg.h: WAVE_FORMAT_GSM610 is 0x31.
    raw = tmp_path / "noise.wav"
    frames = b"".join(noise(65, number) for number in range(1, 76))
    form = struct.pack("<4sIHHIIHHHH", b"fmt ", 20, 0x31, 1, 8000, 1625, 65, 0, 2, 320)
    inside = b"WAVE" + form + struct.pack("<4sI", b"data", len(frames)) + frames
    raw.write_bytes(b"RIFF" + struct.pack("<I", len(inside)) + inside)
    given = ("-i", str(raw), "-map", "0", "-map", "1", *PICTURE, "-c:a", "copy")
    await noise_is_heard("gsm_ms", make(tmp_path / "sound.avi", *given, seconds=3))


async def test_speex_of_flash_is_decoded(tmp_path: Path) -> None:
    # Narrow band (a bit 0), mode 3 (four bits) of 160 bits, 50 in a second. Sound format 11 of an FLV: Speex.
    raw = tmp_path / "noise.flv"
    tags = b""
    for number in range(150):
        frame = (3 << 155 | int.from_bytes(noise(20, number + 1)) >> 5).to_bytes(20)
        moment = struct.pack(">I", number * 20)[1:] + bytes(4)
        tags += b"\x08" + struct.pack(">I", len(frame) + 1)[1:] + moment + bytes([11 << 4 | 2]) + frame
        tags += struct.pack(">I", 12 + len(frame))
    raw.write_bytes(b"FLV\x01\x04" + struct.pack(">II", 9, 0) + tags)
    given = ("-i", str(raw), "-map", "0", "-map", "1", "-c:v", "flv1", "-c:a", "copy")
    await noise_is_heard("speex", make(tmp_path / "sound.flv", *given, seconds=3))
