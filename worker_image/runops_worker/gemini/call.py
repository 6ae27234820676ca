"""One call: streamed, with deadlines, a check of its end, and a count of its cost."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runops.failures import Reason
from runops_worker.gemini.judge_error import Action, CallFailed, Verdict
from runops_worker.gemini.loop_detector import LoopDetector
from runops_worker.gemini.sdk_errors import verdicts
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
    file: "types.File | None",
    deadlines: CallDeadlines,
    on_usage: Callable[[CallUsage], None],
) -> Answer:
    """Ask once and return the answer.

    Raises
    ------
    CallFailed
        There is no answer, or one for which another attempt may help.
    """
    received = _Received([])
    try:
        with verdicts(question.model):
            async with asyncio.timeout(deadlines.total_seconds):
                await _listen(client, question, file=file, deadlines=deadlines, received=received)
    finally:
        # Also for a call that failed half-way: the parts that arrived are billed.
        if received.usage is not None:
            on_usage(_billed(received, asked=question.model))
    return _checked(received, saw_video=file is not None, model=question.model)


async def _listen(
    client: "Client", question: Question, *, file: "types.File | None", deadlines: CallDeadlines, received: _Received
) -> None:
    async with asyncio.timeout(deadlines.first_seconds):
        stream = await client.aio.models.generate_content_stream(
            model=question.model, contents=_contents(question, file), config=_config(question)
        )
    detector = LoopDetector()
    wait = deadlines.first_seconds
    try:
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
    finally:
        # An abandoned answer keeps its connection until the generator is closed.
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


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


def _checked(received: _Received, *, saw_video: bool, model: str) -> Answer:
    """Return the answer, or raise what is worth another attempt. Its end is checked before its text."""
    text = "".join(received.parts)
    if received.blocked is not None:
        # The request is refused, not one answer: the next attempt would be refused, too.
        return Answer(text, AnswerEnd.REFUSED, received.blocked)
    if received.loops:
        return Answer(text, AnswerEnd.LOOPED)
    if received.finish == "MAX_TOKENS":
        return Answer(text, AnswerEnd.CUT_OFF, received.finish)
    if received.finish in _REFUSALS:
        raise _again(Answer(text, AnswerEnd.REFUSED, received.finish or ""), Reason.BLOCKED, attempts=2)
    if received.finish is None and text:
        sentence = f"The answer of {model} ended in the middle."
        raise CallFailed(Verdict(Action.RETRY, Reason.MODEL_UNAVAILABLE, sentence))
    if not text.strip():
        ending = received.finish if received.finish not in {None, "STOP"} else None
        raise _again(Answer("", AnswerEnd.EMPTY, ending or ""), Reason.MODEL_EMPTY_ANSWER, attempts=3)
    if saw_video and not _video_was_read(received):
        sentence = f"{model} answered without having seen a picture of the video."
        raise CallFailed(Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, sentence, attempts=2))
    return Answer(text)


def _again(answer: Answer, reason: Reason, *, attempts: int) -> CallFailed:
    return CallFailed(Verdict(Action.RETRY, reason, attempts=attempts), answer=answer)


def _video_was_read(received: _Received) -> bool:
    """Tell whether there were pictures in the input; about a clip without pictures the model invents."""
    details = received.usage.prompt_tokens_details if received.usage is not None else None
    if not details:
        return True
    return any(
        detail.modality is not None and detail.modality.value == "VIDEO" and (detail.token_count or 0) > 0
        for detail in details
    )


def _billed(received: _Received, *, asked: str) -> CallUsage:
    usage = received.usage
    assert usage is not None
    return CallUsage(
        model=received.model or asked,
        input_tokens=usage.prompt_token_count or 0,
        output_tokens=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        cached_tokens=usage.cached_content_token_count or 0,
    )


def _contents(question: Question, file: "types.File | None") -> "list[types.Content]":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    parts = [types.Part(text=question.text)]
    if file is not None:
        # The text comes after the video: the model reads best in that order.
        parts.insert(0, types.Part(file_data=types.FileData(file_uri=file.uri, mime_type=file.mime_type)))
    contents = [types.Content(role="user", parts=parts)]
    for exchange in question.exchanges:
        contents.append(types.Content(role="model", parts=[types.Part(text=exchange.answer)]))
        contents.append(types.Content(role="user", parts=[types.Part(text=exchange.complaint)]))
    return contents


def _config(question: Question) -> "types.GenerateContentConfig":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    return types.GenerateContentConfig(
        system_instruction=question.instruction,
        response_mime_type="application/json",
        response_json_schema=question.schema,
        max_output_tokens=question.max_output_tokens,
        media_resolution=types.MediaResolution.MEDIA_RESOLUTION_HIGH,
        thinking_config=_thinking(question),
        # Recordings and transcripts are not to be kept by the provider.
        store=False,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def _thinking(question: Question) -> "types.ThinkingConfig":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    if question.model.removeprefix("models/").startswith("gemini-2"):
        # This family takes a number of tokens and answers 400 to the levels of later ones.
        return types.ThinkingConfig(thinking_budget={"low": 1024, "medium": 8192, "high": 16384}[question.thinking])
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(question.thinking.upper()))
