"""Messages of Phoenix channels as they are on the wire, in both versions of their form. Pure.

Version 1.0.0 is an object and version 2.0.0 an array, which supabase-js opens by default; there a broadcast is a binary
frame. As the service's serializers read and write them (`v2_serializer.ex` in supabase/realtime) and the client's
(`serializer.ts` in realtime-js 2.119).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Version = Literal["1.0.0", "2.0.0"]
VERSIONS: tuple[Version, ...] = get_args(Version)
BROADCAST = "broadcast"

_USER_BROADCAST_PUSH = 3
_USER_BROADCAST = 4
_AS_JSON = 1
_LONGEST_FIELD = 255


@dataclass(frozen=True)
class Frame:
    """A message of a channel.

    Attributes
    ----------
    join_ref
        The number of the join that made the channel; not part of what is sent in version 1.0.0.
    ref
        The number of the message, which the answer repeats.
    """

    topic: str
    event: str
    payload: dict[str, Any] = field(default_factory=dict)
    ref: str | None = None
    join_ref: str | None = None


@dataclass(frozen=True)
class UserBroadcast:
    """What one client tells all others on its topic, as bytes that nobody reads on the way."""

    topic: str
    event: str
    payload: bytes
    is_json: bool
    ref: str | None = None
    join_ref: str | None = None


def read(data: str | bytes, version: Version) -> Frame | UserBroadcast | None:
    """Return a message; None for what the service would log and pass over.

    Parameters
    ----------
    data
        Of a text frame or a binary one.
    version
        Of the connection.
    """
    if isinstance(data, bytes):
        return _read_binary(data) if version == "2.0.0" else None
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if version == "2.0.0":
        if not isinstance(parsed, list) or len(parsed) < 5:
            return None
        join_ref, ref, topic, event, payload = parsed[:5]
    else:
        if not isinstance(parsed, dict):
            return None
        join_ref, ref, topic, event, payload = (
            parsed.get(name) for name in ("join_ref", "ref", "topic", "event", "payload")
        )
    if not (isinstance(topic, str) and isinstance(event, str) and isinstance(payload, dict)):
        return None
    return Frame(topic, event, payload, ref=_number(ref), join_ref=_number(join_ref))


def write(message: Frame | UserBroadcast, version: Version) -> str | bytes | None:
    """Return a message for the wire; None for one that this version has no form for.

    Parameters
    ----------
    message
        What the service says.
    version
        Of the connection.
    """
    if isinstance(message, UserBroadcast):
        if version == "2.0.0":
            return _write_binary(message)
        if not message.is_json:
            return None
        payload = {"type": BROADCAST, "event": message.event, "payload": json.loads(message.payload)}
        return write(Frame(message.topic, BROADCAST, payload), version)
    if version == "2.0.0":
        return json.dumps([message.join_ref, message.ref, message.topic, message.event, message.payload])
    return json.dumps({"ref": message.ref, "topic": message.topic, "event": message.event, "payload": message.payload})


def _number(ref: Any) -> str | None:
    return None if ref is None else str(ref)


def _read_binary(data: bytes) -> UserBroadcast | None:
    if len(data) < 7 or data[0] != _USER_BROADCAST_PUSH:
        return None
    sizes, encoding, at = data[1:6], data[6], 7
    fields: list[str] = []
    for size in sizes:
        piece = data[at : at + size]
        at += size
        if len(piece) < size:
            return None
        try:
            fields.append(piece.decode())
        except UnicodeDecodeError:
            return None
    join_ref, ref, topic, event, _metadata = fields
    payload, is_json = data[at:], encoding == _AS_JSON
    if is_json and not _is_json(payload):
        return None
    return UserBroadcast(topic, event, payload, is_json=is_json, ref=ref or None, join_ref=join_ref or None)


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return True


def _write_binary(message: UserBroadcast) -> bytes | None:
    topic, event = message.topic.encode(), message.event.encode()
    if max(len(topic), len(event)) > _LONGEST_FIELD:
        return None
    head = bytes([_USER_BROADCAST, len(topic), len(event), 0, _AS_JSON if message.is_json else 0])
    return head + topic + event + message.payload
