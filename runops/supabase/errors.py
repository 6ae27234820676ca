"""Errors of Supabase: a kind that callers decide by, and a message that a person can act on."""

from enum import StrEnum
from typing import Final
from uuid import UUID

from runops.failures import Reason
from runops.logs import redact

__all__ = ["UNREADABLE", "ErrorKind", "Service", "SupabaseError", "ever_changing"]


UNREADABLE: Final = "unreadable"
"""The code of errors that a value causes."""


class ErrorKind(StrEnum):
    """The kind of failure."""

    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    THROTTLED = "throttled"
    KEY_REJECTED = "key rejected"
    FORBIDDEN = "forbidden"
    TABLE_MISSING = "table missing"
    COLUMN_MISSING = "column missing"
    CONFLICT = "conflict"
    FOREIGN_KEY = "foreign key"
    RELATION_MISSING = "relation missing"
    NOT_FOUND = "not found"
    TOO_LARGE = "too large"
    INVALID = "invalid"


class Service(StrEnum):
    """The part of Supabase that was asked."""

    DATABASE = "database"
    STORAGE = "storage"
    AUTH = "auth"


_OF_ONE_WRITE = frozenset({ErrorKind.INVALID, ErrorKind.CONFLICT, ErrorKind.FOREIGN_KEY})
_SQLSTATE_LENGTH = 5
_OF_THE_STATEMENT = "42"
"""Class of SQLSTATE: a type, a name or a right that no row of the table changes."""
_RETRYABLE = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT, ErrorKind.THROTTLED})


class SupabaseError(Exception):
    """Supabase did not do what it was asked to.

    Parameters
    ----------
    kind
        The kind of failure.
    message
        A sentence that names the operation and the remedy. Keys and signed URLs are redacted.
    service
        Which part of Supabase was asked.
    status
        HTTP status; None where no answer came.
    code
        The service's own code, such as `42501`, `PGRST205` or `NoSuchBucket`.
    server_words
        What the service said, for decisions that need the name of a constraint; redacted too.
    retry_after
        Seconds that the service asked to wait; None where it asked for nothing.
    column
        The column that is missing, where its name is known.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        service: Service = Service.DATABASE,
        status: int | None = None,
        code: str | None = None,
        server_words: str = "",
        retry_after: float | None = None,
        column: str | None = None,
    ) -> None:
        self.kind = kind
        self.message = redact(message)
        self.service = service
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.column = column
        self.server_words = redact(server_words)
        super().__init__(self.message)

    @property
    def retryable(self) -> bool:
        """Whether the same request can succeed later."""
        return self.kind in _RETRYABLE

    @property
    def unreadable(self) -> bool:
        """Whether one row causes it: JSON that PostgreSQL keeps and Python cannot read or write."""
        return self.code == UNREADABLE

    @property
    def refuses_row(self) -> bool:
        """Whether a constraint, a type or a trigger of the table refuses this very write; others may succeed."""
        code = self.code or ""
        of_postgres = len(code) == _SQLSTATE_LENGTH and not code.startswith(_OF_THE_STATEMENT)
        return self.service is Service.DATABASE and self.kind in _OF_ONE_WRITE and of_postgres

    @property
    def reason(self) -> Reason:
        """The reason with which a job fails because of this."""
        if self.retryable:
            return Reason.STORAGE_UNAVAILABLE if self.service is Service.STORAGE else Reason.DATABASE_UNAVAILABLE
        if self.kind is ErrorKind.KEY_REJECTED:
            return Reason.KEY_REJECTED
        if self.kind is ErrorKind.TOO_LARGE:
            return Reason.MEDIA_TOO_LARGE
        return Reason.STORAGE_REFUSED if self.service is Service.STORAGE else Reason.DATABASE_REFUSED


def ever_changing(job_id: UUID, when: str) -> SupabaseError:
    """Return the error for a row that another client changed before each of our writes."""
    return SupabaseError(ErrorKind.CONFLICT, f"The row {job_id} of the table jobs changed each time {when}. Try again.")
