"""A failure on command, and a request as a stand-in logged it."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, TypeAdapter

CONTROL_PREFIX = "/_devstack/"
"""Routes below this control the faults and are never logged."""

FaultKind = Literal["status", "hang", "drop_before", "drop_after", "reset", "truncate", "drip"]
_SECRET_IN_QUERY = re.compile(r"(?i)\b(token|apikey|key|access_token|signature)=[^&]*")


class Fault(BaseModel):
    """A failure, and the requests that it applies to.

    Attributes
    ----------
    method : str
        HTTP method to match, or ``*`` for any.
    path : str
        Regular expression searched in path and query, both as sent and percent-decoded.
    skip : int
        How many matching requests pass first.
    times : int or None
        How many requests fail after that; None means until cleared.
    kind : str
        ``status`` answers with `status`, `headers` and `body`. ``hang`` waits `seconds`, then closes. ``drop_before``
        closes. These three and ``reset``, a TCP RST, do not handle the request. ``drop_after`` handles it, then closes
        without an answer. ``truncate`` sends the headers and half of the body, then closes. ``drip`` sends the headers,
        then one byte of the body per `seconds`.
    status, headers, body
        The answer of ``status``.
    seconds : float
        Of ``hang`` and ``drip``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = "*"
    path: str = ""
    skip: int = 0
    times: int | None = 1
    kind: FaultKind
    status: int = 503
    headers: dict[str, str] = {}
    body: str = ""
    seconds: float = 1.0

    def matches(self, method: str, path_and_query: str) -> bool:
        """Whether the fault applies to this request, regardless of `skip` and `times`."""
        if self.method != "*" and self.method.upper() != method.upper():
            return False
        return any(re.search(self.path, text) for text in (path_and_query, unquote(path_and_query)))


class RequestRecord(BaseModel):
    """One request a stand-in received.

    Attributes
    ----------
    method, path
        As sent; secrets in the query are replaced by ``REDACTED``.
    status : int
        Of the answer; 0 when no answer was sent (yet).
    bytes : int
        Length of the answer's body; for one of unknown length, what went out on the wire.
    received : int
        Length of the request's body as far as it was read.
    at : float
        When the request's head was read, Unix time in seconds.
    peer : str
        Address of the client: a pod's own, because nothing translates addresses between pods and stand-ins.
    fault : str or None
        Kind of the fault that was applied to it.
    members : list of str or None
        If the request stored or returned a JSON object that the stand-in reads: the names of its members that are not
        empty.
    """

    method: str
    path: str
    status: int = 0
    bytes: int = 0
    received: int = 0
    at: float
    peer: str = ""
    fault: FaultKind | None = None
    members: list[str] | None = None


def redact(path_and_query: str) -> str:
    """Return path and query with the values of secret parameters replaced."""
    return _SECRET_IN_QUERY.sub(r"\1=REDACTED", path_and_query)


FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])
RECORDS: TypeAdapter[list[RequestRecord]] = TypeAdapter(list[RequestRecord])
