"""TLS towards the API server with certificates that may be replaced on disk while the operator runs."""

import logging
import ssl
from asyncio.sslproto import SSLProtocol
from pathlib import Path
from typing import Any, Self

from runops.authorities import bundle_file, trust_bundle

__all__ = ["TlsContext"]

_log = logging.getLogger(__name__)
# asyncio keeps two buffers of 256 KiB for each connection. With 44 of them 10,000 VideoJobs took 22 MiB more, which the
# bound of 165 MiB does not leave. A TLS record has 16 KiB at most.
SSLProtocol.max_size = 64 * 1024
_Stamp = tuple[tuple[int, int, int] | None, ...]


class TlsContext(ssl.SSLContext):
    """A context that reads its files again for the first handshake after one of them changed.

    Whoever holds it needs no new one after a rotation: this operator's client and kopf's. While a file is missing or
    half written, the context of before serves.

    Parameters
    ----------
    ca
        Bundle of the authorities that are trusted beside those of RUNOPS_CA_BUNDLE; None for those of the machine.
    certificate, key
        Of the client; None where it shows none.
    verify
        Whether the server's certificate is checked.
    server_name
        Name that the server's certificate must bear; None for the one in its address.

    Attributes
    ----------
    stamp
        Identifies the contents of the files as they were read last.

    Raises
    ------
    OSError
        A file cannot be read, or holds no certificate.
    """

    def __new__(cls, **_: Any) -> Self:  # noqa: D102 - it only fixes the protocol
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(
        self,
        *,
        ca: str | None = None,
        certificate: str | None = None,
        key: str | None = None,
        verify: bool = True,
        server_name: str | None = None,
    ) -> None:
        self._ca = ca
        self._certificate = certificate
        self._key = key
        self._verify = verify
        self._server_name = server_name
        self.stamp = self._stamped()
        self._context = self._built()

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a handshake; asyncio calls this for each connection."""
        name = self._server_name or server_hostname
        return self._current().wrap_bio(incoming, outgoing, server_side, name, session)

    def _current(self) -> ssl.SSLContext:
        stamp = self._stamped()
        if stamp != self.stamp:
            try:
                self._context = self._built()
            except OSError as error:
                _log.warning("changed certificates cannot be read yet", extra={"error": type(error).__name__})
            else:
                self.stamp = stamp
                _log.info("certificates for the API server changed and were read again")
        return self._context

    def _built(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._ca)
        trust_bundle(context)
        if self._certificate is not None:
            context.load_cert_chain(self._certificate, self._key)
        if not self._verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _stamped(self) -> _Stamp:
        return tuple(_stamp(file) for file in (self._ca, self._certificate, self._key, bundle_file()))


def _stamp(file: str | None) -> tuple[int, int, int] | None:
    """Return what changes when a file is replaced, also behind a link as in a mounted Secret."""
    if file is None:
        return None
    try:
        there = Path(file).stat()
    except OSError:
        return None
    return there.st_ino, there.st_mtime_ns, there.st_size
