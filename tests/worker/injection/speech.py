"""Says sentences: real speech, by the library of eSpeak NG that a wheel brings."""

import ctypes
from functools import cache

import espeakng_loader

__all__ = ["RATE", "spoken"]

RATE = 22_050
"""Samples per second of what is spoken: 16 bits each, one channel."""
_SYNCHRONOUS = 2
_UTF8 = 1
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    assert rate == RATE, "eSpeak NG does not begin"
    return library


def spoken(text: str, *, voice: str) -> bytes:
    """Return the samples of a text as a voice of eSpeak NG says it, such as `en`, `de` or `cmn`."""
    library, samples = _library(), bytearray()

    def take(wave: int | None, count: int, _events: int) -> int:
        if wave is not None and count > 0:
            samples.extend(ctypes.string_at(wave, 2 * count))
        return 0

    # It has to live for as long as the library may call it.
    callback = _CALLBACK(take)
    library.espeak_SetSynthCallback(callback)
    assert library.espeak_SetVoiceByName(voice.encode()) == 0, f"eSpeak NG has no voice {voice}"
    words = text.encode()
    assert library.espeak_Synth(words, len(words) + 1, 0, 0, 0, _UTF8, None, None) == 0
    library.espeak_Synchronize()
    library.espeak_SetSynthCallback(None)
    return bytes(samples)
