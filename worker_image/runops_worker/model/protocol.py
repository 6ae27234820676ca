"""What the pipeline wants from a model, so that it runs against anything that can answer."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

__all__ = ["Answer", "CallUsage", "Exchange", "Model", "Question", "Shown"]


@dataclass(frozen=True, slots=True)
class CallUsage:
    """What one call was billed.

    Attributes
    ----------
    model
        The model that answered, as it names itself.
    input_tokens, cached_tokens
        Tokens of the request, and how many of them came from the provider's cache.
    output_tokens
        Tokens of the answer, thinking included.
    """

    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """An answer that was not right, and what was said about it: the turns before a repair."""

    answer: str = field(repr=False)
    complaint: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call.

    Attributes
    ----------
    model
        Which model is asked.
    instruction
        The prompt; it goes apart from the content, as the system's instruction.
    text
        What is asked of the content, or the content itself.
    schema
        JSON Schema of the answer, within the subset that the model's API accepts.
    max_output_tokens
        Limit of thinking and answer together.
    thinking
        How long the model ponders.
    exchanges
        Earlier turns of the same conversation.
    """

    model: str
    instruction: str = field(repr=False)
    text: str = field(repr=False)
    schema: dict[str, Any] = field(repr=False)
    max_output_tokens: int
    thinking: Literal["low", "medium", "high"] = "low"
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said.

    Attributes
    ----------
    text
        Never empty, but where it was cut off.
    cut_off
        Whether it is known to be incomplete: too long for the limit, or the model repeated itself without end.
    """

    text: str = field(repr=False)
    cut_off: bool = False


class Shown(Protocol):
    """A video that the model can see."""

    @property
    def path(self) -> Path:
        """The local file."""
        ...


class Model(Protocol):
    """A model that watches videos and answers in JSON.

    Every failure is a `runops.failures.Failed`; passing ones have been retried before.
    """

    async def open(self) -> None:
        """Load what is needed to ask, where that has not been done: it takes processor time that others then miss."""
        ...

    def showing(self, video: Path, *, name: str) -> AbstractAsyncContextManager[Shown]:
        """Make a video visible to the model for the time of the block, and nowhere after.

        Parameters
        ----------
        video
            The local file.
        name
            Under which the model's provider keeps it meanwhile: at most 40 lower-case letters, digits and inner
            dashes. What a killed worker left under the same name is replaced.
        """
        ...

    async def ask(
        self, question: Question, *, shown: Shown | None = None, on_usage: Callable[[CallUsage], None]
    ) -> Answer:
        """Ask, and return the answer; `on_usage` is called for every attempt that is billed."""
        ...
