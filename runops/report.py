"""What a worker reports of its run: the termination message for the operator, and parts of the VideoJob's status.

Kubernetes keeps at most 4,096 bytes of a container's termination message, so everything here is small and bounded.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from runops.failures import Reason
from runops.progress import Stage
from runops.quality import Quality

__all__ = [
    "LONGEST_RETRY_AFTER_SECONDS",
    "AttemptUsage",
    "DayUsage",
    "Output",
    "Report",
    "ResolvedPrompt",
    "StageTime",
    "StageUsage",
    "Usage",
    "parse_report",
]

LONGEST_RETRY_AFTER_SECONDS = 604_800.0
"""A week; longer waits are reported as this."""
TERMINATION_MESSAGE_LIMIT = 4096
"""Bytes that Kubernetes keeps of one container's termination message."""


class _Camel(BaseModel):
    # A field that a later version's worker adds must not hide all others from an operator of this version, after a
    # rollback for example.
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


CostUsd = Annotated[
    str | None,
    Field(max_length=32, description="Estimated cost of the calls with a known price, in US dollars."),
]
UnpricedCalls = Annotated[int, Field(ge=0, description="Billed calls to models whose price is not known.")]
EstimatedCalls = Annotated[
    int,
    Field(
        ge=0,
        description="Calls whose bill is not known. They count as they were estimated.",
    ),
]


class ResolvedPrompt(_Camel):
    """A prompt as it was used: its name and what it held."""

    name: Annotated[str, Field(max_length=128, description="File name of the prompt.")]
    sha256: Annotated[str, Field(max_length=64, description="SHA-256 of the prompt's text, in hexadecimal.")]


class StageUsage(_Camel):
    """What one stage cost at the model."""

    model: Annotated[
        str | None,
        Field(max_length=128, description="The models that answered, separated by commas."),
    ] = None
    input_tokens: Annotated[int, Field(ge=0, description="Tokens sent, cached ones included.")] = 0
    output_tokens: Annotated[int, Field(ge=0, description="Tokens received, thinking included.")] = 0
    cached_tokens: Annotated[int, Field(ge=0, description="Tokens sent that came from the provider's cache.")] = 0
    text_tokens: Annotated[int, Field(ge=0, description="Tokens sent that were text.")] = 0
    video_tokens: Annotated[int, Field(ge=0, description="Tokens sent that were pictures.")] = 0
    audio_tokens: Annotated[int, Field(ge=0, description="Tokens sent that were sound.")] = 0
    thinking_tokens: Annotated[int, Field(ge=0, description="Tokens received that were thinking.")] = 0
    calls: Annotated[int, Field(ge=0, description="Calls that were billed.")] = 0
    cost_usd: CostUsd = None
    unpriced_calls: UnpricedCalls = 0
    estimated_calls: EstimatedCalls = 0


class AttemptUsage(_Camel):
    """What one attempt cost at the model."""

    calls: Annotated[int, Field(ge=0, description="Calls that were billed.")] = 0
    total_tokens: Annotated[int, Field(ge=0, description="Tokens sent and received.")] = 0
    cost_usd: CostUsd = None
    unpriced_calls: UnpricedCalls = 0


class DayUsage(_Camel):
    """What a video cost on one day."""

    day: Annotated[str, Field(max_length=10, description="The day in UTC, such as 2026-11-30.")]
    cost_usd: Annotated[str, Field(max_length=32, description="In US dollars as a decimal.")]


class Usage(_Camel):
    """What one video cost at the model, over all its attempts."""

    transcribing: Annotated[StageUsage | None, Field(description="The transcription stage.")] = None
    parsing_sop: Annotated[StageUsage | None, Field(description="The SOP stage.")] = None
    total_tokens: Annotated[int, Field(ge=0, description="Tokens sent and received over all stages.")] = 0
    cost_usd: CostUsd = None
    estimated_cost_usd: Annotated[
        str | None,
        Field(
            max_length=32,
            description="What the whole video was expected to cost before the first call, in US dollars.",
        ),
    ] = None
    unpriced_calls: UnpricedCalls = 0
    estimated_calls: EstimatedCalls = 0
    media_seconds: Annotated[int, Field(ge=0, description="Length of the recording in seconds.")] = 0
    ledger: Annotated[
        str | None,
        Field(
            max_length=36, description="Name of this count. A video that is run again after a failure goes on with it."
        ),
    ] = None
    attempts: Annotated[
        tuple[AttemptUsage, ...],
        Field(max_length=8, description="The cost by attempt. Of more than eight, the first are summed."),
    ] = ()
    days: Annotated[tuple[DayUsage, ...], Field(max_length=7, description="The cost by day in UTC.")] = ()
    under_way: Annotated[
        tuple[DayUsage, ...],
        Field(
            max_length=2,
            description="Usual cost of calls that have begun and not ended, by day in UTC.",
        ),
    ] = ()

    @property
    def bill(self) -> str:
        """Tokens and dollars as a person reads them; empty where the model was not asked."""
        if not self.total_tokens:
            return ""
        tokens = f"{self.total_tokens} tokens"
        cost = f"{tokens}, about {self.cost_usd} USD" if self.cost_usd else tokens
        if not self.unpriced_calls:
            return cost
        return f"{cost}; {self.unpriced_calls} of the calls went to a model whose price is not known"


class StageTime(_Camel):
    """How long one stage of the last attempt took."""

    stage: Annotated[Stage, Field(description="The stage.")]
    start_time: Annotated[
        str, Field(max_length=40, json_schema_extra={"format": "date-time"}, description="When it began.")
    ]
    seconds: Annotated[float, Field(ge=0, description="How long it took, until it ended or failed.")]
    resumed: Annotated[
        bool | None, Field(description="True where an earlier attempt had done some of its work, or all of it.")
    ] = None


class Output(_Camel):
    """Where one result is."""

    name: Annotated[str, Field(max_length=32, description="slim, transcript, sop, evidence or page.")]
    location: Annotated[str, Field(max_length=512, description="<bucket>/<object> or <table>/<job id>.")]
    sha256: Annotated[str | None, Field(max_length=64, description="SHA-256 of the content, in hexadecimal.")] = None
    size_bytes: Annotated[int | None, Field(ge=0, description="Size in bytes.")] = None
    problem: Annotated[
        str | None, Field(max_length=300, description="Why it is not there. The video does not depend on it.")
    ] = None


class Report(_Camel):
    """The termination message.

    Attributes
    ----------
    reason
        None for a success.
    message
        One sentence for a person, cut at 1,000 characters.
    stage
        Where the run was when it ended.
    retry_after_seconds
        How long the service that refused asked to wait; None where it said nothing.
    """

    reason: Reason | None = None
    message: str = Field(default="", max_length=1000)
    stage: Stage | None = None
    retry_after_seconds: float | None = Field(default=None, ge=0, le=LONGEST_RETRY_AFTER_SECONDS)
    usage: Usage | None = None
    quality: Quality | None = None
    stages: tuple[StageTime, ...] = ()
    outputs: tuple[Output, ...] = ()
    prompts: tuple[ResolvedPrompt, ...] = ()

    def encode(self) -> bytes:
        """Return the message as JSON of at most 4,096 bytes; what is least needed is left out first."""
        needed_least_first = ("prompts", "outputs", "quality", "stages", "usage")
        for count in range(len(needed_least_first) + 1):
            left_out = set(needed_least_first[:count])
            data = self.model_dump_json(by_alias=True, exclude_none=True, exclude=left_out).encode()
            if len(data) <= TERMINATION_MESSAGE_LIMIT:
                return data
        cut = Report(
            reason=self.reason,
            message=self.message[:300],
            stage=self.stage,
            retry_after_seconds=self.retry_after_seconds,
        )
        return cut.model_dump_json(by_alias=True, exclude_none=True).encode()


def parse_report(message: str | None) -> Report | None:
    """Return the report in a termination message, or None where the worker left no readable one."""
    try:
        return Report.model_validate_json(message or "")
    except ValidationError:
        return None
