"""What a page of a procedure shows, whatever it is written as."""

from dataclasses import dataclass, field
from typing import Literal

from runops.procedure.flow import FlowJump, FlowStep

__all__ = [
    "Gap",
    "Moment",
    "Observed",
    "Procedure",
    "Question",
    "Said",
    "ShownSkill",
    "ShownStep",
    "ShownTrigger",
    "StepKind",
    "TypedSecret",
    "Way",
]

StepKind = Literal["trigger", "task", "decision", "loop", "end"]


@dataclass(frozen=True, slots=True)
class TypedSecret:
    """A secret that was typed or pasted from second `at` to `until`, and of which kind, such as `password`."""

    kind: str
    at: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When the screen shows a step.

    Attributes
    ----------
    key
        Names the picture in a mapping of pictures.
    at
        Second of the recording, as the transcript has it.
    until
        Where what was done at `at` ended.
    action
        What was done, such as `CLICK`; None where only speech tells of the step.
    hidden
        Why there is no picture although there is a moment: a secret may be on the screen. None otherwise.
    covers
        Secrets that must be covered on the picture. Where their places are not known, there is no picture.
    """

    key: str
    at: float
    until: float
    action: str | None
    hidden: str | None = None
    covers: tuple[TypedSecret, ...] = ()

    @property
    def covered_kinds(self) -> tuple[str, ...]:
        """What is covered on the picture, each kind once."""
        return tuple(dict.fromkeys(secret.kind for secret in self.covers))

    @property
    def without_picture(self) -> str:
        """What a document says where no picture of the moment was taken."""
        if self.covers:
            return (
                f"The picture is left out: the screen may show a {self.covers[0].kind} at this moment, and it is not "
                "known for sure where."
            )
        return "There is no picture of this moment."


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One thing that was done or seen.

    Attributes
    ----------
    item
        Name of the transcript's item.
    at, until
        Seconds of the recording.
    action
        As the transcript has it, such as `KEYPRESS_ENTER`.
    application, element, element_kind, value
        Where, on which element, of which kind, and what was typed, pasted or chosen; empty where nothing is known.
    result
        What the screen shows afterwards.
    """

    item: str
    at: float
    until: float
    action: str
    application: str = ""
    element: str = ""
    element_kind: str = ""
    value: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence that was said, from second `at` to `until`."""

    item: str
    at: float
    until: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How it goes on after a step.

    Attributes
    ----------
    condition
        `next`, `yes`, `no`, `each` for the body of a loop, or `all_processed`.
    number, node_id, label
        The step that follows.
    is_back
        Whether it comes before or is the step itself.
    """

    condition: str
    number: int
    node_id: str
    label: str
    is_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """One node of the graph with what the recording shows of it.

    Attributes
    ----------
    number
        In reading order, from 1.
    node_id, kind, label
        Of the node.
    anchor
        Its place in a page: made of the number, because ids may hold anything.
    intent, context, iterator, exit_condition
        Of the node; empty where it has none.
    loops
        Numbers of the loops that it belongs to, the outermost first.
    ways
        How it goes on; empty at the end.
    observed, said
        The evidence, in the order of the recording.
    moment
        When the screen shows it; None where that is not known.
    missing
        Says what is not known about the step; None where nothing is missing.
    applications
        Those in which it is carried out.
    """

    number: int
    node_id: str
    kind: StepKind
    label: str
    intent: str = ""
    context: str = ""
    iterator: str = ""
    exit_condition: str = ""
    loops: tuple[int, ...] = ()
    ways: tuple[Way, ...] = ()
    observed: tuple[Observed, ...] = ()
    said: tuple[Said, ...] = ()
    moment: Moment | None = None
    missing: str | None = None
    applications: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Where a page has the step."""
        return f"step-{self.number}"

    @property
    def values(self) -> tuple[str, ...]:
        """What was typed, pasted or chosen, each once."""
        return tuple(dict.fromkeys(one.value for one in self.observed if one.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTrigger:
    """What starts the procedure; `detail` is a schedule, an address or a signal."""

    kind: str
    description: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the recording left open."""

    name: str
    text: str
    importance: Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSkill:
    """How one application is operated, and in which steps."""

    application: str
    method: str
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A part of the recording that was not transcribed, in seconds, and why."""

    start: float
    end: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A SOP with the evidence of its steps.

    Attributes
    ----------
    job_id
        The job whose recording it is of; empty where it has none.
    title, goal, purpose, version, created, owner
        Of the SOP.
    triggers, steps, questions, variables, skills
        Of the SOP. Steps are in reading order, questions by importance.
    gaps
        Parts of the recording without a transcript.
    notes
        What could not be used, a sentence each: no evidence, no transcript, items in an unknown form.
    flow
        The steps as they are nested and lead to each other.
    """

    title: str
    job_id: str = ""
    goal: str = ""
    purpose: str = ""
    version: str = ""
    created: str = ""
    owner: tuple[str, ...] = ()
    triggers: tuple[ShownTrigger, ...] = ()
    steps: tuple[ShownStep, ...] = ()
    questions: tuple[Question, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    skills: tuple[ShownSkill, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    flow: tuple[FlowStep | FlowJump, ...] = field(default=(), repr=False)

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The moments of which pictures can be shown, by time, each once."""
        shown = {step.moment.key: step.moment for step in self.steps if step.moment and not step.moment.hidden}
        return tuple(sorted(shown.values(), key=lambda moment: (moment.at, moment.key)))
