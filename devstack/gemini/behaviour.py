"""What a test may ask of the stand-in, and what the stand-in tells about its calls. Pure data."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devstack.gemini.scenes import Scene
from devstack.gemini.unruly.draw import Unruly

__all__ = ["Behaviour", "CallKind", "CallRecord", "Obedience", "Obeys", "Outcome", "Quota", "Turn", "as_unruly"]

CallKind = Literal["transcribe", "sop", "other"]
"""What a generate call is taken for: with media, text with an object schema, anything else."""

Quota = Literal["perMinute", "perDay"]


class Outcome(StrEnum):
    """What becomes of a matched call.

    The last six belong to uploads, the first two of which decide while bytes arrive; all others belong to
    generate calls.
    """

    MAX_TOKENS = "max_tokens"
    EMPTY_CANDIDATES = "empty_candidates"
    EMPTY_TEXT = "empty_text"
    PROMPT_BLOCKED = "prompt_blocked"
    NO_CONTENT = "no_content"
    CONTINUATION = "continuation"
    PROSE = "prose"
    CODE_FENCE = "code_fence"
    WRONG_SHAPE = "wrong_shape"
    DANGLING_EDGE = "dangling_edge"
    UNREACHABLE_NODE = "unreachable_node"
    TWO_ENDS = "two_ends"
    LOOP_TEXT = "loop_text"
    NO_FINISH_REASON = "no_finish_reason"
    ERROR_EVENT = "error_event"
    STATUS = "status"
    HTML_502 = "html_502"
    TEXT = "text"
    UNSEEN = "unseen"
    OBEYS = "obeys"
    TRUNCATED_FINALIZE = "truncated_finalize"
    BUSY_FINALIZE = "busy_finalize"
    FILE_FAILED = "file_failed"
    FILE_STUCK = "file_stuck"
    FILE_GONE = "file_gone"
    FILE_NOT_READY = "file_not_ready"


UPLOAD_OUTCOMES = frozenset(
    {
        Outcome.TRUNCATED_FINALIZE,
        Outcome.BUSY_FINALIZE,
        Outcome.FILE_FAILED,
        Outcome.FILE_STUCK,
        Outcome.FILE_GONE,
        Outcome.FILE_NOT_READY,
    }
)


class Obedience(StrEnum):
    """How a model obeys what a recording tells it to do: the first six in a SOP, the others in a transcript or both."""

    CITES_THE_ATTEMPT = "cites_the_attempt"
    CITES_OTHER_ITEMS = "cites_other_items"
    CITES_INVENTED_ITEMS = "cites_invented_items"
    CITES_NOTHING = "cites_nothing"
    CHANGES_TEXT = "changes_text"
    LEAVES_STEPS_OUT = "leaves_steps_out"
    INVENTS_ITEMS = "invents_items"
    TELLS_ITS_INSTRUCTIONS = "tells_its_instructions"
    WRITES_MARKUP = "writes_markup"
    LEAVES_ALL_OUT = "leaves_all_out"
    REFUSES_IN_FORM = "refuses_in_form"
    REFUSES = "refuses"


class Obeys(BaseModel):
    """What a recording wants of the model, and how the model obeys.

    Attributes
    ----------
    how : Obedience
        How.
    because : str
        The model obeys only if this text is among what it was given to read, watch or hear.
    wants : str
        The step that is added; the new text, or the markup, of the ways that write it.
    instead_of : str
        The text that `wants` replaces; with `LEAVES_STEPS_OUT`, a part of the labels of the steps that are left out.
    items : list of dict
        Of `INVENTS_ITEMS`: items of a transcript, without their times.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    how: Obedience
    because: str = Field(min_length=4)
    wants: str = ""
    instead_of: str = ""
    items: list[dict[str, Any]] = []


class Turn(BaseModel):
    """One scripted outcome and the calls it is for.

    A call is compared with the turns in order. A turn that matches and still has `skip` left loses one of it and
    lets the call pass on to the next turn; the first turn that matches without skip takes the call.

    Attributes
    ----------
    outcome : Outcome
        What happens to the call.
    kind : str
        ``transcribe``, ``sop`` or ``any`` generate call. Upload outcomes match uploads whatever stands here.
    model : str
        Regular expression searched in the model's name; not used for uploads.
    skip : int
        Matching calls to let through first.
    times : int or None
        Calls to take after that; None means all.
    keep_share : float
        Share of the full text sent before the cut, for outcomes that cut.
    finish_reason : str
        Of `NO_CONTENT`, for instance ``SAFETY``.
    block_reason : str
        Of `PROMPT_BLOCKED`.
    status : int
        HTTP status of `STATUS` and of the event of `ERROR_EVENT`.
    retry_after_seconds : float or None
        Sent as `RetryInfo` with `STATUS`.
    quota : str or None
        Which quota a 429 says was used up.
    text : str or None
        The whole answer of `TEXT`, sent as it stands.
    lasts_seconds : float
        For how long `STATUS` then answers every generate call.
    unseen : str
        Of `UNSEEN`: the modality that the model does not take in.
    obeys : Obeys or None
        Of `OBEYS`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    kind: Literal["transcribe", "sop", "any"] = "any"
    model: str = ""
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=1, ge=1)
    keep_share: float = Field(default=0.5, ge=0, le=1)
    finish_reason: str = "SAFETY"
    block_reason: str = "PROHIBITED_CONTENT"
    status: int = Field(default=503, ge=400, le=599)
    retry_after_seconds: float | None = None
    quota: Quota | None = None
    text: str | None = None
    lasts_seconds: float = Field(default=0.0, ge=0, le=3600)
    unseen: Literal["VIDEO", "AUDIO"] = "VIDEO"
    obeys: Obeys | None = None

    @model_validator(mode="after")
    def _details_where_they_are_used(self) -> "Turn":
        if (self.text is not None) != (self.outcome is Outcome.TEXT):
            raise ValueError("text is given exactly when the outcome is 'text'")
        if (self.obeys is not None) != (self.outcome is Outcome.OBEYS):
            raise ValueError("obeys is given exactly when the outcome is 'obeys'")
        return self


class Behaviour(BaseModel):
    """How the stand-in behaves until this is replaced.

    Attributes
    ----------
    latency_seconds : float
        Wait before a generate call is answered (after it was checked).
    pause_seconds : float
        Wait between two events of a stream.
    polls_before_active : int
        How often a file answers PROCESSING before it becomes ACTIVE, counted per file.
    processing_seconds : tuple of float
        Least and most time that a file answers PROCESSING; each file draws its own.
    turns : list of Turn
        Scripted outcomes.
    unruly : Unruly or None
        Spoils the answers that no turn takes.
    versioned_names : bool
        Whether a model that answers names itself with its number, as `gemini-3.8-flash-001`.
    scenes : dict of int to Scene
        What the scenes with these marks show and say; a video that has none of them is measured.
    unseen : list of str
        Modalities that the model does not take in and does not bill: VIDEO, AUDIO.
    requests_per_minute, tokens_per_minute : int or None
        Quota of generate calls, and of the tokens of their requests, over any minute.
    minute_seconds : float
        Length of that minute. A benchmark makes it shorter, and says so.
    reading : bool
        Whether videos that are uploaded from now on are read, and procedures written by what the text says: see
        `devstack.gemini_reading`. Otherwise they are measured.
    heeds_prompt : bool
        Whether an answer about a video has only the fields that the prompt names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    latency_seconds: float = Field(default=0.0, ge=0, le=3600)
    pause_seconds: float = Field(default=0.0, ge=0, le=3600)
    polls_before_active: int = Field(default=1, ge=0, le=10_000)
    processing_seconds: tuple[float, float] = (0.0, 0.0)
    turns: list[Turn] = []
    unruly: Unruly | None = None
    versioned_names: bool = False
    scenes: dict[int, Scene] = {}
    unseen: list[Literal["VIDEO", "AUDIO"]] = []
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    minute_seconds: float = Field(default=60.0, gt=0, le=60)
    reading: bool = False
    heeds_prompt: bool = False


def as_unruly(seed: int) -> Behaviour:
    """Return the behaviour that is as unruly as the model: faults of the catalogue, slow files, versioned names."""
    return Behaviour(unruly=Unruly(seed=seed), versioned_names=True, processing_seconds=(0.2, 4.0))


class CallRecord(BaseModel):
    """One generate call as it was answered; it never holds what was asked.

    Attributes
    ----------
    kind, model
        What the call was taken for, and the model it named.
    at : float
        When its request was understood, Unix time in seconds.
    status : int
        HTTP status of the answer.
    prompt_tokens, output_tokens, thoughts_tokens : int
        As the answer's usage tells; zero where there is none.
    finish_reason : str or None
        Of the only candidate.
    video : bool
        Whether a video was given.
    streamed : bool
        Whether the streaming method was called.
    peer : str
        Address of the client.
    caller : str
        As the client calls itself: ``NAME`` of one whose base URL ends in ``/as/NAME``; empty of the others.
    events : int
        Events of a stream that were sent.
    client_gone : bool
        Whether the client closed its connection before the stream ended; nothing more was sent then.
    faults : list of str
        Names of the catalogue's faults that the answer has.
    obeyed : bool
        Whether the answer obeys what a recording wants.
    """

    kind: CallKind
    model: str
    at: float
    status: int = 200
    prompt_tokens: int = 0
    output_tokens: int = 0
    thoughts_tokens: int = 0
    finish_reason: str | None = None
    video: bool = False
    streamed: bool = False
    peer: str = ""
    caller: str = ""
    events: int = 0
    client_gone: bool = False
    faults: list[str] = []
    obeyed: bool = False
