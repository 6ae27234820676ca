"""What the pipeline needs from a model, so that it runs against anything that can answer."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol
from uuid import UUID

from runops.failures import Failed, Reason
from runops.pacing.refusal import Refusal
from runops.picture_resolution import PictureResolution

__all__ = [
    "Answer",
    "AnswerEnd",
    "CallUsage",
    "Exchange",
    "InputTooLarge",
    "Model",
    "ModelOut",
    "Question",
    "QuotaRefused",
    "UploadedVideo",
]


@dataclass(frozen=True, slots=True)
class CallUsage:
    """What one call was billed for.

    Attributes
    ----------
    model
        The model that answered, as it names itself.
    input_tokens, cached_tokens
        Tokens of the request, and how many of them came from the provider's cache.
    output_tokens
        Tokens of the answer, thinking included.
    video_tokens, audio_tokens
        How many tokens of the request were pictures and sound.
    thinking_tokens
        How many tokens of the answer were thinking.
    """

    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    video_tokens: int = 0
    audio_tokens: int = 0
    thinking_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """An invalid answer and the complaint about it: the turns before a repair."""

    answer: str = field(repr=False)
    complaint: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call.

    Attributes
    ----------
    model
        Which model is asked.
    fallback
        Models that are asked in its place, in this order, where it is retired or overloaded.
    instruction
        The prompt; sent apart from the content, as the system instruction.
    text
        The request about the video, or the content itself.
    schema
        JSON Schema of the answer, within the subset that the model's API accepts.
    max_output_tokens
        Limit of thinking and answer together.
    thinking
        How long the model thinks.
    exchanges
        Earlier turns of the same conversation.
    resolution
        How finely the pictures of a video are seen.
    """

    model: str
    instruction: str = field(repr=False)
    text: str = field(repr=False)
    schema: dict[str, Any] = field(repr=False)
    max_output_tokens: int
    thinking: Literal["low", "medium", "high"] = "low"
    exchanges: tuple[Exchange, ...] = ()
    fallback: tuple[str, ...] = ()
    resolution: PictureResolution = PictureResolution.HIGH


class AnswerEnd(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    CUT_OFF = "cut_off"
    """It reached the limit on its tokens."""
    LOOPED = "looped"
    """The model repeated itself without end, and the call was aborted."""
    REFUSED = "refused"
    """The provider blocked the request or broke the answer off, because of the content."""
    EMPTY = "empty"
    """There is no text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of the model.

    Attributes
    ----------
    text
        What arrived. Only where the answer is complete, it is all of it.
    end
        How it ended.
    detail
        The provider's own word for the end, such as RECITATION; empty where there is none.
    model
        The model of the question that gave it.
    """

    text: str = field(repr=False)
    end: AnswerEnd = AnswerEnd.COMPLETE
    detail: str = ""
    model: str = ""


class InputTooLarge(Failed):
    """The model does not take so large an input; it may take a part of it."""


class QuotaRefused(Failed):
    """A call was refused since a quota per minute is used up.

    Parameters
    ----------
    refusal
        What the model's API said.
    detail
        One sentence for a person.
    """

    def __init__(self, refusal: Refusal, detail: str) -> None:
        super().__init__(Reason.QUOTA_EXCEEDED, detail, retry_after=refusal.wait)
        self.refusal = refusal


class ModelOut(Failed):
    """The model itself cannot answer, because it does not exist or is overloaded. Another model may."""


class UploadedVideo(Protocol):
    """A video that the model can see."""

    @property
    def path(self) -> Path:
        """The local file."""
        ...


class Model(Protocol):
    """A model that watches videos and answers in JSON.

    Every failure of the service, the key, the quota or the file is a `runops.failures.Failed`; transient ones have been
    retried before. An answer that is not complete is a result: see `AnswerEnd`.
    """

    async def check(self, *models: str) -> None:
        """Make sure that the models exist and that the key is accepted, as far as the provider says so at no cost.

        Raises
        ------
        ModelOut
            `ModelNotFound`.
        Failed
            `ModelKeyRejected`.
        """
        ...

    async def open(self) -> None:
        """Load what is needed to ask, if that has not been done. It takes about a second of processor time."""
        ...

    def uploaded(
        self, video: Path, *, job_id: UUID, seconds: float, fps: int
    ) -> AbstractAsyncContextManager[UploadedVideo]:
        """Upload a video for the time of the block. It is deleted however the block ends.

        Before the first video of a job, those that killed workers of the same job left are deleted.

        Parameters
        ----------
        video
            The local file.
        job_id
            Of the job that it belongs to.
        seconds
            Its length.
        fps
            Its pictures per second.
        """
        ...

    async def ask(
        self, question: Question, *, video: UploadedVideo | None = None, on_usage: Callable[[CallUsage], None]
    ) -> Answer:
        """Ask, and return the answer; `on_usage` is called for every attempt that is billed.

        A refused or empty answer is returned once the attempts that may help have been made.

        Raises
        ------
        InputTooLarge
            The input exceeds what the model takes.
        ModelOut
            The model does not exist, or is still overloaded after the waits for it.
        Failed
            Every other failure.
        """
        ...
