"""The same login for kopf, which watches over connections of its own."""

from dataclasses import dataclass, field

import kopf

from runops_operator.kubernetes_api.api_server import HEADERS, tls_of
from runops_operator.kubernetes_api.login import log_in
from runops_operator.kubernetes_api.tls_context import TlsContext

__all__ = ["log_in_kopf"]


@dataclass(frozen=True, kw_only=True)
class _Connection(kopf.ConnectionInfo):
    """Address and credentials for kopf, with a TLS context that reads changed certificates again.

    kopf itself logs in again after a 401 only, and never stops trying over a connection that a rotated authority broke.
    """

    tls: TlsContext = field(compare=False, repr=False)

    def as_http_headers(self) -> dict[str, str]:
        """Return the headers of every request."""
        return {**super().as_http_headers(), **HEADERS}

    def as_ssl_context(self) -> TlsContext:
        """Return the context of every connection."""
        return self.tls


async def log_in_kopf() -> kopf.ConnectionInfo:
    """Return how kopf reaches the API server now.

    Raises
    ------
    ClusterError
        See `log_in`.
    """
    configuration = await log_in()
    scheme, _, token = (await configuration.get_api_key_with_prefix("BearerToken") or "").partition(" ")
    return _Connection(
        server=configuration.host,
        scheme=scheme or None,
        token=token.strip() or None,
        proxy_url=configuration.proxy,
        tls=tls_of(configuration),
    )
