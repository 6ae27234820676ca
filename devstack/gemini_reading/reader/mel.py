"""The spectrum that Whisper hears: 80 bands of the mel scale, 100 times a second.

By the scale of Slaney's Auditory Toolbox, as the model was trained: even up to 1 kHz, logarithmic above.
"""

from typing import Any, Final

import numpy as np

from devstack.gemini_reading.reader.pictures import SAMPLE_RATE

__all__ = ["WINDOW_SECONDS", "spectrum"]

WINDOW_SECONDS: Final = 30
_BANDS: Final = 80
_FFT: Final = 400
_HOP: Final = 160
_FRAMES: Final = WINDOW_SECONDS * SAMPLE_RATE // _HOP
_BREAK_HZ: Final = 1000.0
_HZ_PER_MEL: Final = 200.0 / 3
_LOG_STEP: Final = np.log(6.4) / 27
_DEEPEST: Final = 8.0


def _bands() -> Any:
    top = _BREAK_HZ / _HZ_PER_MEL + np.log(SAMPLE_RATE / 2 / _BREAK_HZ) / _LOG_STEP
    mels = np.linspace(0, top, _BANDS + 2)
    straight = _BREAK_HZ / _HZ_PER_MEL
    edges = np.where(mels < straight, mels * _HZ_PER_MEL, _BREAK_HZ * np.exp(_LOG_STEP * (mels - straight)))
    bins = np.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]


_MEL: Final = _bands()
_HANN: Final = np.hanning(_FFT + 1)[:-1]


def spectrum(sound: Any) -> Any:
    """Return the spectrum of up to 30 s of sound, filled up with silence: an array of 1 x 80 x 3000."""
    length = WINDOW_SECONDS * SAMPLE_RATE
    padded = np.pad(sound[:length], (0, max(length - len(sound), 0)))
    padded = np.pad(padded, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][:_FRAMES]
    power = np.abs(np.fft.rfft(frames * _HANN, axis=1)) ** 2
    levels = np.log10(np.maximum(_MEL @ power.T, 1e-10))
    return (((np.maximum(levels, levels.max() - _DEEPEST) + 4) / 4).astype(np.float32))[None]
