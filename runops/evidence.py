"""The object `sops/{job_id}.evidence.json`: for each step of a SOP the items of the transcript on which it rests."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from runops.transcript import Timestamp

__all__ = ["Evidence", "EvidenceItem"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceItem(_Strict):
    """One item of the transcript."""

    id: Annotated[str, Field(pattern=r"^t\d{4,6}$", description="`t0001` is the first item of the transcript.")]
    kind: Annotated[Literal["audio", "visual"], Field(description="Whether it was said or seen.")]
    start: Timestamp | None = None
    end: Timestamp | None = None


class Evidence(_Strict):
    """What the steps of a SOP rest on."""

    format: Literal[1]
    nodes: Annotated[
        dict[str, list[EvidenceItem]],
        Field(description="By the id of the SOP's node. A node without evidence has no key, or an empty list."),
    ]
