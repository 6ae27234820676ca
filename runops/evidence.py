"""The object `sops/{job_id}.evidence.json`: for each step of a SOP what it rests on."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from runops.transcript import Timestamp

__all__ = ["Evidence", "EvidenceItem"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceItem(_Strict):
    """One item of the transcript, or an answer that a person gave to a question of an earlier SOP."""

    id: Annotated[
        str,
        Field(
            pattern=r"^(t\d{4,6}|a\d{4})$",
            description="`t0001` is the first item of the transcript, `a0001` the first answer.",
        ),
    ]
    kind: Annotated[Literal["audio", "visual", "answer"], Field(description="Whether it was said, seen or answered.")]
    start: Timestamp | None = None
    end: Timestamp | None = None
    question: Annotated[str | None, Field(description="What was asked. Only an answer has it.")] = None


class Evidence(_Strict):
    """What the steps of a SOP rest on."""

    format: Literal[1]
    nodes: Annotated[
        dict[str, list[EvidenceItem]],
        Field(description="By the id of the SOP's node. A node without evidence has no key, or an empty list."),
    ]
