"""One row of the `jobs` table, and the claim stamped into its metadata."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Self
from uuid import UUID, uuid5

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from runops.failures import Failed, Reason
from runops.retry_policy import History

__all__ = [
    "CLAIM_PATTERN",
    "LONGEST_UUID",
    "Claim",
    "ClaimedRow",
    "JobRow",
    "RowStatus",
    "seated_metadata",
    "stamped_metadata",
    "successor",
    "user_of",
]

CLAIM_PATTERN = "^[0-9A-Za-z-]{1,64}(/[0-9A-Za-z-]{1,64})?$"
"""A claim's token, with or without a seat. What else an app writes there would be a pattern in a fence, or too long."""


LONGEST_UUID = len("urn:uuid:{}") + 36
"""A uuid with any number of hyphens would be one for Python, but not in a request."""
_NOT_AN_OBJECT = "not_an_object"
_SORTS: Mapping[type, str] = MappingProxyType({bool: "true or false", dict: "an object", list: "a list"})
_TOKENS = UUID("6f1d2c1e-3b0a-5d52-9c53-0b8f0f3a7d11")
"""Namespace of the uuids that are derived from others; it only has to stay the same."""


class RowStatus(StrEnum):
    """The four words of `jobs.status`. Other words mean: not ours to touch."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"


class Claim(History):
    """Who works on a row, and what became of earlier attempts: the object `metadata.runops`.

    Attributes
    ----------
    claim
        A token that fences every later write: a write whose token is no longer in the row changes nothing. A uuid;
        each attempt has another one. The pod that took the attempt's seat has put its own uid behind a slash.
    by
        The installation that claimed (the operator's, or `work/<host>` for the single process).
    attempt
        How many times a row was claimed, this time included; `runops work` counts from when it was queued last.
    not_before
        When the next attempt may begin, on the clock of the operator that wrote it; None for at once.
    reason
        Why the last attempt ended.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    claim: Annotated[str, Field(pattern=CLAIM_PATTERN)]
    by: Annotated[str, Field(min_length=1, max_length=300)]
    attempt: int = Field(default=1, ge=1)
    not_before: AwareDatetime | None = None
    reason: Reason | None = None

    @field_validator("attempt", "failures", "waits", "more_memory", "not_before", "reason", mode="wrap")
    @classmethod
    def _or_as_if_absent(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """Pass over what cannot be read: who holds a row must not hang on a word that a newer version wrote."""
        try:
            return handler(value)
        except ValidationError:
            assert info.field_name is not None
            return cls.model_fields[info.field_name].default

    @property
    def token(self) -> str:
        """The attempt's token, whoever sits in its seat."""
        return self.claim.partition("/")[0]

    @property
    def seated(self) -> bool:
        """Whether a pod has begun to work under it."""
        return "/" in self.claim

    @property
    def history(self) -> History:
        """What became of earlier attempts."""
        return History(failures=self.failures, waits=self.waits, more_memory=self.more_memory)

    def after(self, ended: str, history: History, *, not_before: datetime | None, reason: Reason) -> Self:
        """Return the claim for the attempt after one that ended.

        Its token follows from the one before, so that whoever notes the same end twice notes the same.

        Parameters
        ----------
        ended
            Unique name of the attempt that ended, such as its Job's uid.
        history
            With that attempt counted.
        not_before, reason
            As above.
        """
        return self.model_copy(
            update={
                "claim": self.token_after(ended),
                **history.model_dump(),
                "not_before": not_before,
                "reason": reason,
            }
        )

    def in_seat(self, sitter: str) -> str:
        """Return the token of a pod, by its uid, that sits in the attempt's seat."""
        return f"{self.token}/{sitter}"

    def token_after(self, ended: str) -> str:
        """Return the token of the attempt that follows one, see `after`."""
        return successor(self.token, ended)

    def stamp(self) -> dict[str, Any]:
        """Return the JSON object for the row; what has nothing to say is left out."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return {"claim": self.claim, "by": self.by, "attempt": self.attempt, **said}


def successor(token: str, ended: str) -> str:
    """Return the token after another one, see `Claim.after`."""
    return str(uuid5(_TOKENS, f"{token}/{ended}"))


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
    def priority(self) -> int:
        """`metadata.priority`, where it is a whole number from -100 to 100; otherwise 0."""
        raw = self.metadata.get("priority") if isinstance(self.metadata, Mapping) else None
        return raw if isinstance(raw, int) and not isinstance(raw, bool) and -100 <= raw <= 100 else 0

    @property
    def waiting_since(self) -> str | None:
        """When it was queued: made, or set back to `queued` by whoever refreshes `updated_at` with it."""
        if self.status != RowStatus.QUEUED or self.updated_at is None or self.created_at is None:
            return self.created_at
        try:
            later = datetime.fromisoformat(self.updated_at) > datetime.fromisoformat(self.created_at)
        except (ValueError, TypeError):
            return self.created_at
        return self.updated_at if later else self.created_at

    @property
    def raw_user(self) -> Any:
        """`metadata.user_id` as it stands there, checked by nobody; None where absent."""
        return self.metadata.get("user_id") if isinstance(self.metadata, Mapping) else None

    def is_held_by(self, token: str) -> bool:
        """Whether the row is being processed under this claim token; one without a seat covers every seat."""
        return self.status == RowStatus.PROCESSING and self.was_held_by(token)

    def was_held_by(self, token: str) -> bool:
        """Whether this claim token was the last, whatever the row's status is."""
        return self.claim is not None and token in {self.claim.claim, self.claim.token}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedRow:
    """The little of a claimed row that is read again and again, of thousands at a time.

    Attributes
    ----------
    claim
        As in the stamp, with the seat.
    """

    job_id: UUID
    updated_at: str | None = None
    claim: str

    @property
    def token(self) -> str:
        """The attempt's token, whoever sits in its seat."""
        return self.claim.partition("/")[0]


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
        return UUID(raw if len(raw) <= LONGEST_UUID else "")
    except (ValueError, AttributeError, TypeError) as error:
        # Of anything but a text only the sort is shown: it may be nested deeper than can be written out.
        shown = repr(raw[:60])[:60] if isinstance(raw, str) else _SORTS.get(type(raw), "a number")
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
    stamp = {"runops": claim.stamp()}
    if metadata is None:
        return stamp
    if isinstance(metadata, Mapping):
        return {**metadata, **stamp}
    return {_NOT_AN_OBJECT: metadata, **stamp}


def seated_metadata(metadata: Mapping[str, Any], token: str) -> dict[str, Any]:
    """Return metadata with another token in its claim and everything else kept, what newer versions stamped as well."""
    return {**metadata, "runops": {**metadata["runops"], "claim": token}}
