"""One call: streamed, with deadlines, a check of its end, and a count of its cost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runops.failures import Reason
from runops_worker.gemini.files import UploadedFile
from runops_worker.gemini.judge_error import Action, CallFailed, Verdict
from runops_worker.gemini.loop_detector import LoopDetector
from runops_worker.gemini.open_responses import closing_responses
from runops_worker.gemini.request import call_config, call_contents
from runops_worker.gemini.sdk_errors import verdicts
from runops_worker.gemini.seen_pictures import SeenPictures
from runops_worker.model.protocol import Answer, AnswerEnd, CallUsage, Question

if TYPE_CHECKING:
    from google.genai import Client, types

__all__ = ["CallDeadlines", "stream_answer"]

_LARGEST_ANSWER = 2_000_000
_REFUSALS = frozenset(
    {
        *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
        *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "ESCALATION"),
    }
)


@dataclass(frozen=True, slots=True)
class CallDeadlines:
    """Deadlines of one call in seconds.

    Attributes
    ----------
    total_seconds
        From the question to the end of the answer.
    first_seconds
        Until the first part arrives. Before that the model reads the video and thinks.
    idle_seconds
        Between two parts.
    """

    total_seconds: float = 540.0
    first_seconds: float = 300.0
    idle_seconds: float = 120.0


@dataclass
class _Received:
    """The parts of an answer that have arrived."""

    parts: list[str]
    size: int = 0
    loops: bool = False
    finish: str | None = None
    blocked: str | None = None
    usage: "types.GenerateContentResponseUsageMetadata | None" = None
    model: str | None = None


async def stream_answer(
    client: "Client",
    question: Question,
    *,
    video: UploadedFile | None,
    seen: SeenPictures,
    deadlines: CallDeadlines,
    on_usage: Callable[[CallUsage], None],
    with_schema: bool = True,
) -> Answer:
    """Ask once and return the answer.

    However the call ends, its connection is closed, or free for the next call: an abandoned answer would go on, and be
    billed.

    Raises
    ------
    CallFailed
        There is no answer, or one for which another attempt may help.
    """
    received = _Received([])
    try:
        with verdicts(question.model):
            async with closing_responses(), asyncio.timeout(deadlines.total_seconds):
                stream = client.aio.models.generate_content_stream(
                    model=question.model,
                    contents=call_contents(question, video),
                    config=call_config(question, video=video, with_schema=with_schema),
                )
                await _listen(stream, deadlines=deadlines, received=received)
    finally:
        # Also for a call that failed half-way: the parts that arrived are billed.
        if received.usage is not None:
            on_usage(_billed(received, asked=question.model))
    counted = _tokens_of_kind(received, "VIDEO")
    least = 0
    if video is not None and counted is not None:
        seen.note(question, video, counted)
        least = seen.least(question, video)
    return _checked(received, least_video_tokens=least, model=question.model)


async def _listen(
    starting: "Awaitable[AsyncIterator[types.GenerateContentResponse]]",
    *,
    deadlines: CallDeadlines,
    received: _Received,
) -> None:
    async with asyncio.timeout(deadlines.first_seconds):
        stream = await starting
    detector = LoopDetector()
    wait = deadlines.first_seconds
    while True:
        async with asyncio.timeout(wait):
            part = await anext(stream, None)
        if part is None:
            return
        wait = deadlines.idle_seconds
        text = _take(part, received)
        if detector.feed(text) or received.size > _LARGEST_ANSWER:
            received.loops = True
            return


def _take(part: "types.GenerateContentResponse", received: _Received) -> str:
    # Usage is a running total: the last part's counts, not the sum.
    received.usage = part.usage_metadata or received.usage
    received.model = part.model_version or received.model
    if part.prompt_feedback is not None and part.prompt_feedback.block_reason is not None:
        received.blocked = str(part.prompt_feedback.block_reason.value)
    if not part.candidates:
        return ""
    candidate = part.candidates[0]
    if candidate.finish_reason is not None:
        received.finish = str(candidate.finish_reason.value)
    pieces = (candidate.content.parts if candidate.content is not None else None) or []
    text = "".join(piece.text for piece in pieces if piece.text and not piece.thought)
    received.parts.append(text)
    received.size += len(text)
    return text


def _checked(received: _Received, *, least_video_tokens: int, model: str) -> Answer:
    """Return the answer, or raise what is worth another attempt. Its end is checked before its text."""
    text = "".join(received.parts)
    finish = received.finish or ""
    if received.blocked is not None:
        # The request is refused, not one answer: the next attempt would be refused, too.
        return Answer(text, AnswerEnd.REFUSED, received.blocked)
    if received.loops:
        return Answer(text, AnswerEnd.LOOPED)
    if finish == "MAX_TOKENS":
        return Answer(text, AnswerEnd.CUT_OFF, finish)
    if finish in _REFUSALS:
        raise _again(Answer(text, AnswerEnd.REFUSED, finish), Reason.BLOCKED, attempts=2)
    if not finish and text:
        sentence = f"The answer of {model} ended in the middle."
        raise CallFailed(Verdict(Action.RETRY, Reason.MODEL_UNAVAILABLE, sentence, attempts=3))
    if not text.strip():
        ending = finish if finish != "STOP" else ""
        raise _again(Answer("", AnswerEnd.EMPTY, ending), Reason.MODEL_EMPTY_ANSWER, attempts=3)
    if finish != "STOP":
        # OTHER, MALFORMED_RESPONSE or a word that is new: nothing says that the text is whole.
        raise _again(Answer(text, AnswerEnd.CUT_OFF, finish), Reason.MODEL_UNAVAILABLE, attempts=2)
    seen = _tokens_of_kind(received, "VIDEO")
    if seen is not None and seen < least_video_tokens:
        sentence = (
            f"{model} did not see all pictures of the video: {seen} tokens instead of {least_video_tokens} or more."
        )
        raise CallFailed(Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, sentence, attempts=2))
    return Answer(text)


def _again(answer: Answer, reason: Reason, *, attempts: int) -> CallFailed:
    return CallFailed(Verdict(Action.RETRY, reason, attempts=attempts), answer=answer)


def _tokens_of_kind(received: _Received, kind: str) -> int | None:
    """Return how many tokens of the input were of a kind, such as VIDEO; None where the API does not say."""
    details = received.usage.prompt_tokens_details if received.usage is not None else None
    if not details:
        return None
    return sum(
        detail.token_count or 0 for detail in details if detail.modality is not None and detail.modality.value == kind
    )


def _billed(received: _Received, *, asked: str) -> CallUsage:
    usage = received.usage
    assert usage is not None
    return CallUsage(
        model=received.model or asked,
        input_tokens=usage.prompt_token_count or 0,
        output_tokens=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        cached_tokens=usage.cached_content_token_count or 0,
        video_tokens=_tokens_of_kind(received, "VIDEO") or 0,
        audio_tokens=_tokens_of_kind(received, "AUDIO") or 0,
        thinking_tokens=usage.thoughts_token_count or 0,
    )
