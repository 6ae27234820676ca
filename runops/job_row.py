"""One row of the `jobs` table, and the claim stamped into its metadata."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Self
from uuid import UUID, uuid4, uuid5

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
    "TIME_LEFT_KEY",
    "Claim",
    "ClaimedRow",
    "JobRow",
    "Lane",
    "RowStatus",
    "begins_with_sop",
    "metadata_of_queued",
    "metadata_saying",
    "metadata_to_claim",
    "new_token",
    "no_such_user",
    "stamped_metadata",
    "successor",
    "user_of",
    "without_time_left",
]

CLAIM_PATTERN = "^[0-9A-Za-z-]{1,64}(/[0-9A-Za-z-]{1,64})?$"
"""The token of a claim, alone or followed by a slash and the uid of the bound pod.

Anything else an app writes there could act as a pattern in a filter, or be too long for one.
"""


TIME_LEFT_KEY = "runops_time_left"
"""Of `metadata`: when the video is expected to end. It is no part of the claim, which an app may write over with it."""
LONGEST_UUID = len("urn:uuid:{}") + 36
"""Python accepts a UUID with any number of hyphens; a request does not."""
_NOT_AN_OBJECT = "not_an_object"
_ONLY_SOP: Mapping[str, str] = MappingProxyType({"from": "sop"})
"""In `metadata.runops` of a queued row: only the SOP is made again. The claim of the row keeps it."""
_SOP_BEGINNING = "sop-"
"""Of the tokens of a run that makes only the SOP. A token is all of a claim that is kept outside the row. An app may
write over the row's metadata with all that is in it, and the claim that is then written again must not lose this."""
_SORTS: Mapping[type, str] = MappingProxyType({bool: "true or false", dict: "an object", list: "a list"})
_TOKENS = UUID("6f1d2c1e-3b0a-5d52-9c53-0b8f0f3a7d11")
"""Namespace of derived tokens. Any UUID will do, but it must never change."""


class RowStatus(StrEnum):
    """The four values of `jobs.status` that runops knows. It never touches a row with another value."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"


class Lane(StrEnum):
    """Which slots a row takes: each lane has its own, so that rows of one never wait for those of the other."""

    FRESH = "fresh"
    BACKFILL = "backfill"
    """Work that may wait, such as recordings from before the app used runops: `metadata.backfill` is true."""


class Claim(History):
    """Who works on a row, and how earlier attempts ended: the object `metadata.runops`.

    Attributes
    ----------
    claim
        A token that fences every later write: a write whose token is no longer in the row changes nothing. Each
        attempt has a new one, see `new_token`. Once a pod is bound to the claim, its uid follows behind a slash.
    by
        The installation that claimed (the operator's, or `work/<host>` for the single process).
    attempt
        How many times the row was claimed, this time included; `runops work` counts from the last time it was queued.
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

    @field_validator("claim", mode="before")
    @classmethod
    def _as_the_database_reads_it(cls, value: Any) -> Any:
        """Read a number or a boolean as its text: a filter on `->>` sees that, and both must name the same holder."""
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, int) else value

    @field_validator("attempt", "failures", "waits", "more_memory", "not_before", "reason", mode="wrap")
    @classmethod
    def _or_as_if_absent(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """Use the default for a malformed field: a value of a newer version must not hide who holds the row."""
        try:
            return handler(value)
        except ValidationError:
            assert info.field_name is not None
            return cls.model_fields[info.field_name].get_default(call_default_factory=True)

    @property
    def token(self) -> str:
        """The attempt's token, without the bound pod."""
        return self.claim.partition("/")[0]

    @property
    def bound(self) -> bool:
        """Whether a pod is bound to the claim: its worker has started."""
        return "/" in self.claim

    @property
    def history(self) -> History:
        """How earlier attempts ended."""
        return History(failures=self.failures, waits=self.waits, more_memory=self.more_memory)

    def after(self, ended: str, history: History, *, not_before: datetime | None, reason: Reason) -> Self:
        """Return the claim for the attempt after one that ended.

        The new token is derived from the old one, so that recording the same end twice gives the same result.

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

    def bound_to(self, pod_uid: str) -> str:
        """Return the token under which one pod writes."""
        return f"{self.token}/{pod_uid}"

    def token_after(self, ended: str) -> str:
        """Return the token of the attempt that follows one, see `after`."""
        return successor(self.token, ended)

    def stamp(self) -> dict[str, Any]:
        """Return the JSON object for the row; fields with their default value are left out."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return {"claim": self.claim, "by": self.by, "attempt": self.attempt, **said}


def new_token(row: "JobRow") -> str:
    """Return a token for a new claim of a row: a new UUID, which says so where only the SOP is to be made."""
    return f"{_SOP_BEGINNING if begins_with_sop(metadata_to_claim(row)) else ''}{uuid4()}"


def successor(token: str, ended: str) -> str:
    """Return the token that follows another one, see `Claim.after`; it begins with the same stage."""
    begin = _SOP_BEGINNING if token.startswith(_SOP_BEGINNING) else ""
    return f"{begin}{uuid5(_TOKENS, f'{token}/{ended}')}"


class JobRow(BaseModel):
    """A row as PostgREST returns it.

    Attributes
    ----------
    created_at, updated_at
        The strings as received: equality filters must send back exactly the same text.
    metadata
        Any JSON the app wrote; its form is not trusted.
    version
        Changes with each write of the row, also with one that leaves `updated_at` as it was; None where it was not
        read, or the table has none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    job_id: UUID
    status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    error: str | None = None
    metadata: Any = None
    version: str | None = None

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
    def lane(self) -> Lane:
        """Which slots the row takes. The text "true" counts, too: the table is asked for the value's text."""
        raw = self.metadata.get("backfill") if isinstance(self.metadata, Mapping) else None
        return Lane.BACKFILL if raw is True or raw == "true" else Lane.FRESH

    @property
    def waiting_since(self) -> str | None:
        """When the row was queued: its insertion, or a later `updated_at` if an app set it back to `queued`."""
        if self.status != RowStatus.QUEUED or self.updated_at is None or self.created_at is None:
            return self.created_at
        try:
            later = datetime.fromisoformat(self.updated_at) > datetime.fromisoformat(self.created_at)
        except (ValueError, TypeError):
            return self.created_at
        return self.updated_at if later else self.created_at

    @property
    def raw_user(self) -> Any:
        """`metadata.user_id` as written, unchecked; None where absent."""
        return self.metadata.get("user_id") if isinstance(self.metadata, Mapping) else None

    def untouched_since(self, at: datetime) -> bool:
        """Whether the row was last updated before a time; False where its own time is missing or has no zone."""
        try:
            return datetime.fromisoformat(self.updated_at or "") < at
        except (ValueError, TypeError):
            return False

    def is_held_by(self, token: str) -> bool:
        """Whether the row is being processed under this claim token. A token without a pod matches any bound pod."""
        return self.status == RowStatus.PROCESSING and self.was_held_by(token)

    def was_held_by(self, token: str) -> bool:
        """Whether this claim token is in the row, whatever the row's status is."""
        return self.claim is not None and token in {self.claim.claim, self.claim.token}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedRow:
    """The columns of a claimed row that the row watch polls, for thousands of rows at a time.

    Attributes
    ----------
    claim
        As in the row, with the bound pod.
    """

    job_id: UUID
    updated_at: str | None = None
    claim: str

    @property
    def token(self) -> str:
        """The attempt's token, without the bound pod."""
        return self.claim.partition("/")[0]


def user_of(row: JobRow) -> UUID | None:
    """Return the user a row names.

    Every signed-in user can read a SOP without a user, so a malformed user must never count as none.

    Raises
    ------
    Failed
        `InvalidUser` where `metadata.user_id` is not a UUID, or the metadata is not an object and may hide a user.
    """
    if row.metadata is not None and (not isinstance(row.metadata, Mapping) or _NOT_AN_OBJECT in row.metadata):
        raise Failed(
            Reason.INVALID_USER,
            "metadata of the row is not a JSON object, so the owner of the recording is unknown. "
            'Write it as an object, such as {"user_id": "..."}, not as a text that holds JSON.',
        )
    raw = row.raw_user
    if raw is None:
        return None
    try:
        return UUID(raw if len(raw) <= LONGEST_UUID else "")
    except (ValueError, AttributeError, TypeError) as error:
        # A value that is not a text is named by its type only: it may be nested too deeply to print.
        shown = repr(raw[:60])[:60] if isinstance(raw, str) else _SORTS.get(type(raw), "a number")
        raise Failed(
            Reason.INVALID_USER,
            f"metadata.user_id of the row is {shown}, which is not a UUID. "
            "Put the uploader's UUID there, or remove the key.",
        ) from error


def no_such_user(user_id: UUID) -> str:
    """Return the sentence for a row whose user the project does not have."""
    return (
        f"metadata.user_id of the row is {user_id}, and there is no such user. "
        "Put the uploader's UUID there, or remove the key."
    )


def begins_with_sop(metadata: Any) -> bool:
    """Whether only the SOP of a row is to be made, of the transcript that is there."""
    stamp = metadata.get("runops") if isinstance(metadata, Mapping) else None
    return isinstance(stamp, Mapping) and stamp.get("from") == _ONLY_SOP["from"]


def metadata_of_queued(metadata: Any, *, only_sop: bool) -> dict[str, Any]:
    """Return metadata without a claim; with `only_sop`, it says that only the SOP is to be made again.

    Metadata that is not an object is kept under `not_an_object`.
    """
    kept = {name: value for name, value in _as_object(metadata).items() if name != "runops"}
    return {**kept, "runops": dict(_ONLY_SOP)} if only_sop else kept


def metadata_to_claim(row: JobRow) -> Any:
    """Return the metadata that a new claim is stamped into, without what was expected while the row waited.

    A row that an app queued again may carry the claim of an earlier run, and what that run was to begin with. That is
    over; only what is said without a claim is meant for this one.
    """
    stamp = row.metadata.get("runops") if isinstance(row.metadata, Mapping) else None
    is_over = row.status != RowStatus.PROCESSING and isinstance(stamp, Mapping) and "claim" in stamp
    metadata = metadata_of_queued(row.metadata, only_sop=False) if is_over else row.metadata
    return without_time_left(metadata)


def without_time_left(metadata: Any) -> Any:
    """Return metadata without what is said about the expected end, once that is over."""
    if not isinstance(metadata, Mapping) or TIME_LEFT_KEY not in metadata:
        return metadata
    return {name: value for name, value in metadata.items() if name != TIME_LEFT_KEY}


def stamped_metadata(metadata: Any, claim: Claim) -> dict[str, Any]:
    """Return metadata with the claim in it and everything else kept, also that only the SOP is to be made.

    Parameters
    ----------
    metadata
        Of the row. Metadata that is not an object is kept under `not_an_object`.
    claim
        The claim to stamp.
    """
    only_sop = begins_with_sop(metadata) or claim.token.startswith(_SOP_BEGINNING)
    begin = _ONLY_SOP if only_sop else {}
    return {**_as_object(metadata), "runops": {**claim.stamp(), **begin}}


def _as_object(metadata: Any) -> Mapping[str, Any]:
    if metadata is None:
        return {}
    return metadata if isinstance(metadata, Mapping) else {_NOT_AN_OBJECT: metadata}


def metadata_saying(metadata: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata with more keys beside its claim, in place of earlier ones. Every other key is kept."""
    return {**metadata, "runops": {**metadata["runops"], **said}}
