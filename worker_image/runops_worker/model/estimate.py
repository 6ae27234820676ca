"""How many tokens a call will take, before it is made. Pure.

A picture at HIGH resolution counts 280 tokens with Gemini 3 and 4, and 258 with Gemini 2; at LOW 70, and 66; a second
of sound counts 25, with Gemini 2 32 (ai.google.dev, media resolution, 2026-09-19). Each second of a video has a time
mark of 7 tokens of text (Vertex AI, video understanding). Text counts a token for every four bytes, and so does the
schema of the answer.
"""

import json
import math
from dataclasses import dataclass
from typing import Final

from runops.picture_resolution import PictureResolution
from runops_worker.model.protocol import CallUsage, Question

__all__ = ["MOST_FPS", "CallEstimate", "clip_estimate", "picture_tokens", "text_estimate", "text_tokens"]

MOST_FPS: Final = 24
"""The API refuses more. A slim video of up to 30 pictures per second is sampled at this rate."""
_SOUND_PER_SECOND: Final = 25
_DEAREST_SOUND_PER_SECOND: Final = 32
_TIME_MARK_PER_SECOND: Final = 7
_BYTES_PER_TOKEN: Final = 4
_PICTURE: Final = {PictureResolution.HIGH: 280, PictureResolution.LOW: 70}
_PICTURE_OF_GEMINI_2: Final = {PictureResolution.HIGH: 258, PictureResolution.LOW: 66}
_LATER_FAMILIES: Final = ("gemini-3", "gemini-4")

# What answers take, thinking included. An answer about a clip grows with its length. One that is made of text has a
# part that does not depend on the text, and grows slower than the text.
_ANSWER_PER_SECOND: Final = 25
_ANSWER_BASE: Final = 1_000
_SOP_BASE: Final = 6_000
_SOP_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEstimate:
    """The tokens of one call that is not made yet.

    Attributes
    ----------
    model
        Which model is asked.
    text_tokens, video_tokens, audio_tokens
        Of the request, by kind. The time marks of a video are text.
    most_output_tokens
        Limit of thinking and answer together.
    usual_output_tokens
        What thinking and answer take as a rule.
    """

    model: str
    text_tokens: int
    video_tokens: int = 0
    audio_tokens: int = 0
    most_output_tokens: int
    usual_output_tokens: int

    @property
    def input_tokens(self) -> int:
        """All tokens of the request."""
        return self.text_tokens + self.video_tokens + self.audio_tokens

    def usual(self) -> CallUsage:
        """Return the call as it is billed as a rule."""
        return self._billed(self.usual_output_tokens)

    def most(self) -> CallUsage:
        """Return the call as it is billed where the answer reaches its limit."""
        return self._billed(self.most_output_tokens)

    def _billed(self, output_tokens: int) -> CallUsage:
        return CallUsage(
            model=self.model,
            input_tokens=self.input_tokens,
            output_tokens=output_tokens,
            video_tokens=self.video_tokens,
            audio_tokens=self.audio_tokens,
        )


def picture_tokens(model: str, resolution: PictureResolution = PictureResolution.HIGH) -> int | None:
    """Return the tokens of one picture; None for a model of a family that is not known."""
    name = model.removeprefix("models/")
    if name.startswith("gemini-2"):
        return _PICTURE_OF_GEMINI_2[resolution]
    return _PICTURE[resolution] if name.startswith(_LATER_FAMILIES) else None


def _sound_tokens(model: str) -> int:
    return _SOUND_PER_SECOND if model.removeprefix("models/").startswith(_LATER_FAMILIES) else _DEAREST_SOUND_PER_SECOND


def text_tokens(text: str) -> int:
    """Return about how many tokens a text takes."""
    return math.ceil(len(text.encode(errors="replace")) / _BYTES_PER_TOKEN)


def clip_estimate(question: Question, *, seconds: float, fps: int, with_sound: bool = True) -> CallEstimate:
    """Return the estimate of a question about a clip.

    Parameters
    ----------
    question
        What is asked.
    seconds
        Length of the clip.
    fps
        Its pictures per second.
    with_sound
        Whether it has sound. Where that is not known, it has: so the estimate is not too low.
    """
    whole = math.ceil(max(seconds, 0.0))
    pictures = math.ceil(max(seconds, 0.0) * min(fps, MOST_FPS))
    # Of a family that is not known, the dearest of the known ones.
    each = picture_tokens(question.model, question.resolution) or _PICTURE[question.resolution]
    return CallEstimate(
        model=question.model,
        text_tokens=_question_tokens(question) + whole * _TIME_MARK_PER_SECOND,
        video_tokens=pictures * each,
        audio_tokens=whole * _sound_tokens(question.model) if with_sound else 0,
        most_output_tokens=question.max_output_tokens,
        usual_output_tokens=min(_ANSWER_BASE + whole * _ANSWER_PER_SECOND, question.max_output_tokens),
    )


def text_estimate(question: Question, *, more_tokens: int = 0) -> CallEstimate:
    """Return the estimate of a question that is text only, and to which text of so many tokens will be added."""
    tokens = _question_tokens(question) + more_tokens
    return CallEstimate(
        model=question.model,
        text_tokens=tokens,
        most_output_tokens=question.max_output_tokens,
        usual_output_tokens=min(_SOP_BASE + math.ceil(tokens * _SOP_SHARE), question.max_output_tokens),
    )


def _question_tokens(question: Question) -> int:
    texts = [question.instruction, question.text, json.dumps(question.schema, ensure_ascii=False)]
    for exchange in question.exchanges:
        texts += [exchange.answer, exchange.complaint]
    return sum(map(text_tokens, texts))
