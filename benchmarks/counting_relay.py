"""Counts the bytes between a client and a server on this machine, headers included."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["CountingRelay", "counting_relay"]

_PIECE = 64 * 1024


@dataclass
class CountingRelay:
    """A relay.

    Attributes
    ----------
    url
        To be used in place of the server's.
    sent, received
        Bytes from the client to the server, and back.
    """

    url: str
    sent: int = 0
    received: int = 0


@asynccontextmanager
async def counting_relay(url: str) -> AsyncIterator[CountingRelay]:
    """Give a relay to a server for the time of the block."""
    there = urlsplit(url)
    relay = CountingRelay("")
    connections: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        task.add_done_callback(connections.discard)
        far_reader, far_writer = await asyncio.open_connection(there.hostname, there.port)

        async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, up: bool) -> None:
            while piece := await source.read(_PIECE):
                if up:
                    relay.sent += len(piece)
                else:
                    relay.received += len(piece)
                sink.write(piece)
                await sink.drain()
            sink.close()

        try:
            await asyncio.gather(pass_on(reader, far_writer, up=True), pass_on(far_reader, writer, up=False))
        except ConnectionError:
            pass
        finally:
            writer.close()
            far_writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    relay.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
