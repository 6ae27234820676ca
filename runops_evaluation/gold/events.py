"""`events.json`: what truly happens in a gold recording, what is said, and what can be read on the screen."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from runops.transcript import VisualItem

__all__ = ["MOST_EVENTS", "Event", "Events", "ScreenText", "Speech"]

MOST_EVENTS = 20_000
"""More than a person does in a day."""


def _kind(word: str) -> str:
    # The transcript's own model decides which words there are, so that both cannot differ.
    try:
        VisualItem(
            timestamp_start_visual="00:00:00",
            application_in_focus="",
            action_type_observed=word,
            screen_region_description_pre_action="",
            screen_region_description_post_action="",
        )
    except ValidationError as error:
        raise ValueError(f"{word[:40]!r} is not an action type of the transcript") from error
    return word


Kind = Annotated[str, AfterValidator(_kind), Field(description="Action type of the transcript's contract.")]
At = Annotated[float, Field(ge=0, le=86_400)]
StepId = Annotated[str | None, Field(description="Id of the node of the SOP that this belongs to.")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(_Strict):
    """Something that is done, or that the screen does."""

    at: Annotated[At, Field(description="When it begins, in seconds of the recording.")]
    until: Annotated[At | None, Field(description="When it ends, such as the last key of a text.")] = None
    kind: Kind
    also: Annotated[
        tuple[Kind, ...], Field(description="Other action types that describe what can be seen as well.")
    ] = ()
    application: Annotated[str, Field(min_length=1, description="The application in focus.")]
    target: Annotated[str | None, Field(min_length=1, description="Text by which the element is known.")] = None
    aliases: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        Field(description="Other texts by which the element is known: its placeholder, its value before."),
    ] = ()
    value: Annotated[
        str | None,
        Field(min_length=1, description="What is typed, pasted or chosen. A secret: the form that hides it."),
    ] = None
    step: StepId = None

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        if self.until is not None and self.until < self.at:
            raise ValueError(f"until ({self.until}) is before at ({self.at})")
        if self.aliases and self.target is None:
            raise ValueError("aliases without a target")
        return self


class Speech(_Strict):
    """Something that is said."""

    start: Annotated[At, Field(description="When it begins, in seconds of the recording.")]
    end: Annotated[At, Field(description="When it ends.")]
    text: Annotated[str, Field(min_length=1, description="The words as they are spoken.")]
    step: StepId = None

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        return self


class ScreenText(_Strict):
    """A text that can be read on the screen and matters for the task: an amount, a status, a message."""

    at: Annotated[At, Field(description="When it can first be read, in seconds of the recording.")]
    text: Annotated[str, Field(min_length=1, description="The text, letter by letter.")]


class Events(_Strict):
    """What truly happens in a recording."""

    format: Annotated[Literal[1], Field(description="Version of this format.")]
    events: Annotated[
        tuple[Event, ...], Field(max_length=MOST_EVENTS, description="What is done and what the screen does, by time.")
    ]
    speech: Annotated[tuple[Speech, ...], Field(max_length=MOST_EVENTS, description="What is said, by time.")]
    screen: Annotated[
        tuple[ScreenText, ...], Field(max_length=MOST_EVENTS, description="What can be read and matters, by time.")
    ] = ()
    background: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        Field(max_length=MOST_EVENTS, description="Other texts that can be read at some time: a step may name them."),
    ] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name, starts in (
            ("events", [one.at for one in self.events]),
            ("speech", [one.start for one in self.speech]),
            ("screen", [one.at for one in self.screen]),
        ):
            for number, (before, after) in enumerate(pairwise(starts), start=1):
                if after < before:
                    raise ValueError(f"{name}.{number} begins at {after}, before {name}.{number - 1} at {before}")
        return self

    def times(self) -> Iterator[tuple[str, float]]:
        """Give each time with the name of its field."""
        for number, event in enumerate(self.events):
            yield f"events.{number}.at", event.at
            if event.until is not None:
                yield f"events.{number}.until", event.until
        for number, speech in enumerate(self.speech):
            yield f"speech.{number}.end", speech.end
        for number, text in enumerate(self.screen):
            yield f"screen.{number}.at", text.at

    def steps(self) -> Iterator[tuple[str, str]]:
        """Give each id of a step with the name of its field."""
        for number, event in enumerate(self.events):
            if event.step is not None:
                yield f"events.{number}.step", event.step
        for number, speech in enumerate(self.speech):
            if speech.step is not None:
                yield f"speech.{number}.step", speech.step
