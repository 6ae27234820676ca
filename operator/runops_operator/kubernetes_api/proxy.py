"""Which proxy leads to the API server or to an identity provider. Pure.

As for kubectl, ALL_PROXY does not count: a cluster's own addresses must not leave the cluster because of it.
"""

from collections.abc import Mapping

from runops.proxies import ProxyUnusable, proxy_for
from runops_operator.kubernetes_api.cluster import ClusterError

__all__ = ["proxy_to_cluster"]


def proxy_to_cluster(server: str, environment: Mapping[str, str]) -> str | None:
    """Return the address of the proxy for a server; None where it is reached directly.

    Parameters
    ----------
    server
        Address of the server, with its scheme.
    environment
        The process's variables.

    Raises
    ------
    ClusterError
        The proxy cannot be used. SOCKS cannot, since aiohttp does not speak it.
    """
    try:
        proxy = proxy_for(server, {name: value for name, value in environment.items() if name.lower() != "all_proxy"})
    except ProxyUnusable as error:
        raise ClusterError(str(error)) from None
    if proxy is not None and proxy.startswith("socks"):
        raise ClusterError(f"HTTPS_PROXY is a SOCKS proxy, which cannot lead to {server}: name its host in NO_PROXY.")
    return proxy
