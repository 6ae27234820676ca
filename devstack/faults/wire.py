"""Tampering with one TCP connection of an aiohttp server: resets; answers cut, slowed or swallowed."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD_END = b"\r\n\r\n"
_LINGER_ZERO = struct.pack("ii", 1, 0)


def reset_connection(transport: asyncio.Transport | None) -> None:
    """End a connection with a TCP RST, as a crashed peer or an impatient middlebox does."""
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()


class TamperedAnswer:
    """Stands between a handler and the network for one answer; the connection is closed afterwards.

    Parameters
    ----------
    transport : asyncio.Transport or None
        The request's connection; None when the client has gone already.
    mode : {"swallow", "halve", "hold"}
        ``swallow`` sends nothing. ``halve`` sends the headers and half of the body. ``hold`` keeps everything
        in memory for `drip`.
    """

    def __init__(self, transport: asyncio.Transport | None, mode: Literal["swallow", "halve", "hold"]) -> None:
        self._transport = transport
        self._mode = mode
        self._held = bytearray()
        self._left: int | None = None

    def __enter__(self) -> Self:
        if self._transport is not None:
            self._send = self._transport.write
            # aiohttp looks the methods up on the transport for every write: this catches every answer.
            self._transport.write = self._take  # type: ignore[method-assign]
            self._transport.writelines = self._take_lines  # type: ignore[method-assign]
        return self

    def __exit__(self, *_error: object) -> None:
        if self._transport is None:
            return
        if self._mode == "halve" and self._held:
            head, _, body = bytes(self._held).partition(HEAD_END)
            self._send(head + HEAD_END + body[: len(body) // 2])
        if self._mode != "hold":
            self._transport.close()

    async def drip(self, *, seconds_per_byte: float) -> None:
        """Send the held headers at once, then the body byte by byte, until done or the client left."""
        if self._transport is None:
            return
        head, _, body = bytes(self._held).partition(HEAD_END)
        self._send(head + HEAD_END)
        for position in range(len(body)):
            await asyncio.sleep(seconds_per_byte)
            if self._transport.is_closing():
                return
            self._send(body[position : position + 1])
        self._transport.close()

    def _take_lines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self._take(b"".join(list_of_data))

    def _take(self, data: bytes | bytearray | memoryview) -> None:
        if self._mode == "swallow":
            return
        if self._left is not None:
            part = bytes(data[: self._left])
            self._left -= len(part)
            if part:
                self._send(part)
            return
        self._held += data
        if self._mode == "halve":
            self._start_passing()

    def _start_passing(self) -> None:
        """Once the length of the body is known, pass half of it on instead of holding it: it may be huge."""
        head, end, body = bytes(self._held).partition(HEAD_END)
        length = _content_length(head) if end else None
        if length is None:
            return
        self._left = length // 2
        self._held.clear()
        self._send(head + HEAD_END)
        self._take(body)


def _content_length(head: bytes) -> int | None:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return None
