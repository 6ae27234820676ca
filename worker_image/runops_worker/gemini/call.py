"""One call: streamed, under a deadline, with its end checked and its cost counted."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runops.failures import TABLE, Reason
from runops_worker.gemini.loops import LoopDetector
from runops_worker.gemini.troubles import verdicts
from runops_worker.gemini.verdict import Action, ModelTrouble, Verdict
from runops_worker.model.protocol import Answer, CallUsage, Question

if TYPE_CHECKING:
    from google.genai import Client, types

__all__ = ["CallPatience", "stream_answer"]

_LARGEST_ANSWER = 2_000_000
_REMOVE_IT = TABLE[Reason.BLOCKED].remedy
_REFUSALS = frozenset(
    {
        *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
        *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "ESCALATION"),
    }
)


@dataclass(frozen=True, slots=True)
class CallPatience:
    """Deadlines of one call in seconds.

    Attributes
    ----------
    total_seconds
        From the question to the end of the answer.
    first_seconds
        Until the first part arrives: the model reads the video and thinks before that.
    idle_seconds
        Between two parts.
    """

    total_seconds: float = 540.0
    first_seconds: float = 300.0
    idle_seconds: float = 120.0


@dataclass
class _Heard:
    """What has arrived of an answer."""

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
    patience: CallPatience,
    on_usage: Callable[[CallUsage], None],
) -> Answer:
    """Ask once and return the answer.

    Raises
    ------
    ModelTrouble
        There is no answer, or none that may be used.
    """
    heard = _Heard([])
    try:
        with verdicts(question.model):
            async with asyncio.timeout(patience.total_seconds):
                await _listen(client, question, file=file, patience=patience, heard=heard)
    finally:
        # Also for a call that failed half-way: what was said so far is billed.
        if heard.usage is not None:
            on_usage(_billed(heard, asked=question.model))
    return _judged(heard, saw_video=file is not None, model=question.model)


async def _listen(
    client: "Client", question: Question, *, file: "types.File | None", patience: CallPatience, heard: _Heard
) -> None:
    async with asyncio.timeout(patience.first_seconds):
        stream = await client.aio.models.generate_content_stream(
            model=question.model, contents=_contents(question, file), config=_config(question)
        )
    detector = LoopDetector()
    wait = patience.first_seconds
    try:
        while True:
            async with asyncio.timeout(wait):
                part = await anext(stream, None)
            if part is None:
                return
            wait = patience.idle_seconds
            text = _take(part, heard)
            if detector.feed(text) or heard.size > _LARGEST_ANSWER:
                heard.loops = True
                return
    finally:
        # An answer that is given up half-way holds its connection until the generator is closed.
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


def _take(part: "types.GenerateContentResponse", heard: _Heard) -> str:
    # Usage is a running total: the last part's counts, not the sum.
    heard.usage = part.usage_metadata or heard.usage
    heard.model = part.model_version or heard.model
    if part.prompt_feedback is not None and part.prompt_feedback.block_reason is not None:
        heard.blocked = str(part.prompt_feedback.block_reason.value)
    if not part.candidates:
        return ""
    candidate = part.candidates[0]
    if candidate.finish_reason is not None:
        heard.finish = str(candidate.finish_reason.value)
    pieces = (candidate.content.parts if candidate.content is not None else None) or []
    text = "".join(piece.text for piece in pieces if piece.text and not piece.thought)
    heard.parts.append(text)
    heard.size += len(text)
    return text


def _judged(heard: _Heard, *, saw_video: bool, model: str) -> Answer:
    """Return the answer, its end looked at before its words."""
    if heard.blocked is not None:
        sentence = f"{model} refused the recording for its content ({heard.blocked}). {_REMOVE_IT}"
        raise ModelTrouble(Verdict(Action.FAIL, Reason.BLOCKED, sentence))
    text = "".join(heard.parts)
    if heard.loops or heard.finish == "MAX_TOKENS":
        return Answer(text, cut_off=True)
    if heard.finish in _REFUSALS:
        sentence = f"{model} broke its answer off for the recording's content ({heard.finish}). {_REMOVE_IT}"
        raise ModelTrouble(Verdict(Action.RETRY, Reason.BLOCKED, sentence, attempts=2))
    if heard.finish is None and text:
        sentence = f"The answer of {model} ended in the middle."
        raise ModelTrouble(Verdict(Action.RETRY, Reason.MODEL_UNAVAILABLE, sentence))
    if not text.strip():
        ending = f" ({heard.finish})" if heard.finish not in {None, "STOP"} else ""
        sentence = f"The answer of {model} was empty{ending}. {TABLE[Reason.MODEL_EMPTY_ANSWER].remedy}"
        raise ModelTrouble(Verdict(Action.RETRY, Reason.MODEL_EMPTY_ANSWER, sentence, attempts=3))
    if saw_video and not _video_was_read(heard):
        sentence = f"{model} answered without having seen a picture of the video."
        raise ModelTrouble(Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, sentence, attempts=2))
    return Answer(text)


def _video_was_read(heard: _Heard) -> bool:
    """Tell whether pictures were among the input; a clip of no pictures is answered with invention."""
    details = heard.usage.prompt_tokens_details if heard.usage is not None else None
    if not details:
        return True
    return any(
        detail.modality is not None and detail.modality.value == "VIDEO" and (detail.token_count or 0) > 0
        for detail in details
    )


def _billed(heard: _Heard, *, asked: str) -> CallUsage:
    usage = heard.usage
    assert usage is not None
    return CallUsage(
        model=heard.model or asked,
        input_tokens=usage.prompt_token_count or 0,
        output_tokens=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        cached_tokens=usage.cached_content_token_count or 0,
    )


def _contents(question: Question, file: "types.File | None") -> "list[types.Content]":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    parts = [types.Part(text=question.text)]
    if file is not None:
        # The text comes after the video: that is the order in which the model reads best.
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
        # This family counts tokens where later ones know levels; a level is a 400 there.
        return types.ThinkingConfig(thinking_budget={"low": 1024, "medium": 8192, "high": 16384}[question.thinking])
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(question.thinking.upper()))
