"""One row of the `jobs` table, and the claim stamped into its metadata."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from runops.failures import Failed, Reason

__all__ = ["Claim", "JobRow", "RowStatus", "stamped_metadata", "user_of"]


_NOT_AN_OBJECT = "not_an_object"


class RowStatus(StrEnum):
    """The four words of `jobs.status`. Other words mean: not ours to touch."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"


class Claim(BaseModel):
    """Who works on a row: the object `metadata.runops`.

    Attributes
    ----------
    claim
        A uuid made anew for each claim. It fences every later write: a write whose token is no longer in the row
        changes nothing.
    by
        The installation that claimed (the operator's, or `work/<host>` for the single process).
    attempt
        How many times a row was claimed, this time included.
    """

    model_config = ConfigDict(frozen=True)

    claim: str
    by: str
    attempt: int = 1


class JobRow(BaseModel):
    """A row as PostgREST returns it.

    Attributes
    ----------
    created_at, updated_at
        Kept as the strings they came as: equality filters must send back the very same text.
    metadata
        Whatever JSON the app put there; nothing about its form is taken for granted.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    job_id: UUID
    status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    error: str | None = None
    metadata: Any = None

    @property
    def claim(self) -> Claim | None:
        """The claim in the metadata; None where there is none or it cannot be read."""
        if not isinstance(self.metadata, Mapping):
            return None
        try:
            return Claim.model_validate(self.metadata.get("runops"))
        except ValidationError:
            return None

    @property
    def raw_user(self) -> Any:
        """`metadata.user_id` as it stands there, checked by nobody; None where absent."""
        return self.metadata.get("user_id") if isinstance(self.metadata, Mapping) else None

    def is_held_by(self, token: str) -> bool:
        """Whether the row is being processed under this claim token."""
        return self.status == RowStatus.PROCESSING and self.claim is not None and self.claim.claim == token


def user_of(row: JobRow) -> UUID | None:
    """Return the user a row names.

    A SOP without user is visible to everyone who is signed in, so a malformed user is never read as none.

    Raises
    ------
    Failed
        `InvalidUser` where `metadata.user_id` is there but no uuid, or the metadata is no object and may hide one.
    """
    if row.metadata is not None and (not isinstance(row.metadata, Mapping) or _NOT_AN_OBJECT in row.metadata):
        raise Failed(
            Reason.INVALID_USER,
            "metadata of the row is no JSON object, so that nobody can tell whose recording it is. "
            'Write it as an object, such as {"user_id": "..."}; a text that holds JSON will not do.',
        )
    raw = row.raw_user
    if raw is None:
        return None
    try:
        return UUID(raw)
    except (ValueError, AttributeError, TypeError) as error:
        shown = repr(raw)[:60]
        raise Failed(
            Reason.INVALID_USER,
            f"metadata.user_id of the row is {shown}, which is no uuid. "
            "Put the uploader's uuid there, or remove the key.",
        ) from error


def stamped_metadata(metadata: Any, claim: Claim) -> dict[str, Any]:
    """Return metadata with the claim in it and everything else kept.

    Parameters
    ----------
    metadata
        What the row holds. Metadata that is no object is kept under `not_an_object`.
    claim
        The claim to stamp.
    """
    stamp = {"runops": claim.model_dump()}
    if metadata is None:
        return stamp
    if isinstance(metadata, Mapping):
        return {**metadata, **stamp}
    return {_NOT_AN_OBJECT: metadata, **stamp}
