"""Says sentences: real speech, by the library of eSpeak NG that a wheel brings; and lays them on one track."""

import ctypes
import wave
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

import espeakng_loader

__all__ = ["RATE", "seconds_of", "spoken", "track", "write_track"]

RATE: Final = 22_050
"""Samples per second of what is spoken: 16 bits each, one channel."""
_BYTES: Final = 2
_SYNCHRONOUS: Final = 2
_UTF8: Final = 1
_WORDS_PER_MINUTE: Final = 1
"""Number of the parameter."""


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate != RATE:
        raise RuntimeError(f"eSpeak NG does not begin: it answered {rate}")
    return library


def spoken(text: str, *, voice: str, words_per_minute: int = 175) -> bytes:
    """Return the samples of a text as a voice of eSpeak NG says it, such as `en`, `de` or `cmn`."""
    library, samples = _library(), bytearray()

    def take(sound: int | None, count: int, _events: int) -> int:
        if sound is not None and count > 0:
            samples.extend(ctypes.string_at(sound, _BYTES * count))
        return 0

    # It has to live for as long as the library may call it.
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(take)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"eSpeak NG has no voice {voice}")
    library.espeak_SetParameter(_WORDS_PER_MINUTE, words_per_minute, 0)
    words = text.encode()
    if library.espeak_Synth(words, len(words) + 1, 0, 0, 0, _UTF8, None, None) != 0:
        raise RuntimeError(f"eSpeak NG does not say {text[:60]!r}")
    library.espeak_Synchronize()
    library.espeak_SetSynthCallback(None)
    return bytes(samples)


def seconds_of(samples: bytes) -> float:
    """Return how long samples last."""
    return len(samples) / _BYTES / RATE


def track(spoken_at: Iterable[tuple[float, bytes]], *, seconds: float) -> bytes:
    """Return silence with samples laid on it, each at its second. What reaches beyond the end is cut off."""
    whole = bytearray(round(seconds * RATE) * _BYTES)
    for start, samples in spoken_at:
        first = round(start * RATE) * _BYTES
        room = max(len(whole) - first, 0)
        whole[first : first + min(len(samples), room)] = samples[:room]
    return bytes(whole)


def write_track(path: Path, samples: bytes) -> None:
    """Write samples as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(_BYTES)
        file.setframerate(RATE)
        file.writeframes(samples)
