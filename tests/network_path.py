"""What may be between a client and a server: something that ends TLS, and proxies that know CONNECT or SOCKS 5."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from devstack.cluster.configuration.certificates import Authority, Pair

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def serving_pair(authority: Authority) -> Pair:
    """A certificate for 127.0.0.1."""
    return authority.issue("front", names=("127.0.0.1",))


class TlsFront:
    """Ends TLS on loopback under a certificate that can be replaced, and passes the bytes on."""

    def __init__(self, folder: Path, upstream: str, port: int, upstream_tls: ssl.SSLContext | None) -> None:
        self._folder = folder
        self._upstream = (upstream, port)
        self._upstream_tls = upstream_tls
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    def show(self, pair: Pair) -> None:
        """Serve under this certificate from now on; open connections end."""
        pair.write(self._folder, "front")
        self._tls.load_cert_chain(self._folder / "front.crt", self._folder / "front.key")
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await _relay((reader, writer), await asyncio.open_connection(*self._upstream, ssl=self._upstream_tls))
        finally:
            self._open.discard(writer)

    @classmethod
    @asynccontextmanager
    async def running(
        cls, folder: Path, pair: Pair, *, upstream: str, port: int, upstream_tls: ssl.SSLContext | None = None
    ) -> AsyncIterator["TlsFront"]:
        front = cls(folder, upstream, port, upstream_tls)
        front.show(pair)
        server = await asyncio.start_server(front._serve, "127.0.0.1", 0, ssl=front._tls)
        front.port = server.sockets[0].getsockname()[1]
        try:
            yield front
        finally:
            server.close()
            for writer in front._open:
                writer.transport.abort()


@dataclass
class ConnectProxy:
    """An HTTP proxy that knows CONNECT only, and notes the hosts it was asked for.

    It connects to the host that is named, or to `upstream` in its place.
    """

    port: int = 0
    asked: list[str] = field(default_factory=list)
    upstream: tuple[str, int] | None = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split()
        self.asked.append(target)
        if method != "CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        host, _, port = target.rpartition(":")
        try:
            there = await asyncio.open_connection(*(self.upstream or (host, int(port))))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _relay((reader, writer), there)

    @classmethod
    @asynccontextmanager
    async def running(cls, upstream: tuple[str, int] | None = None) -> AsyncIterator["ConnectProxy"]:
        proxy = cls(upstream=upstream)
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()


@dataclass
class SocksProxy:
    """A SOCKS 5 proxy (RFC 1928) without a password. Whatever it is asked for, it connects to `upstream`."""

    upstream: tuple[str, int]
    port: int = 0
    asked: list[str] = field(default_factory=list)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        match kind:
            case 1 | 4:
                host = str(ip_address(await reader.readexactly(4 if kind == 1 else 16)))
            case _:
                host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        self.asked.append(f"{host}:{int.from_bytes(await reader.readexactly(2))}")
        there = await asyncio.open_connection(*self.upstream)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await _relay((reader, writer), there)

    @classmethod
    @asynccontextmanager
    async def running(cls, upstream: tuple[str, int]) -> AsyncIterator["SocksProxy"]:
        proxy = cls(upstream)
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()


async def _relay(one: _Streams, other: _Streams) -> None:
    """Pass bytes both ways until either side ends."""
    ways = [asyncio.create_task(_pass_on(one[0], other[1])), asyncio.create_task(_pass_on(other[0], one[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for writer in (one[1], other[1]):
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(64 * 1024):
        writer.write(piece)
        await writer.drain()


@asynccontextmanager
async def behind_private_authority(folder: Path, *urls: str) -> AsyncIterator[tuple[Path, list[str]]]:
    """Put TLS under a certificate of an authority that nobody knows in front of servers.

    Gives the file with the authority's certificate, and the https addresses in the order of the servers.
    """
    authority = Authority("of a company")
    bundle = folder / "company.pem"
    bundle.write_bytes(authority.certificate)
    async with AsyncExitStack() as stack:
        fronts = []
        for number, url in enumerate(urls):
            place = folder / f"front-{number}"
            place.mkdir()
            split = urlsplit(url)
            assert split.hostname is not None
            assert split.port is not None
            running = TlsFront.running(place, serving_pair(authority), upstream=split.hostname, port=split.port)
            fronts.append(await stack.enter_async_context(running))
        yield bundle, [f"https://127.0.0.1:{front.port}" for front in fronts]
