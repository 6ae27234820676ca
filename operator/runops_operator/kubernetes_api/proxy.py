"""Which proxy leads to a server, by HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Pure.

Clusters write ranges of addresses into NO_PROXY, which kubectl and other Go programs understand and Python's own
functions do not. An operator that ignored them would send its requests to the API server out of the cluster.
"""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

__all__ = ["proxy_for"]


def proxy_for(server: str, environment: Mapping[str, str]) -> str | None:
    """Return the address of the proxy for a server; None where it is reached directly.

    Parameters
    ----------
    server
        Address of the server, with its scheme.
    environment
        The process's variables. Names count in upper and in lower case.
    """
    address = urlsplit(server)
    proxy = _variable(f"{address.scheme}_proxy", environment)
    if not proxy or address.hostname is None or _is_excepted(address.hostname, address.port, environment):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(name: str, environment: Mapping[str, str]) -> str:
    return environment.get(name.upper()) or environment.get(name.lower()) or ""


def _is_excepted(host: str, port: int | None, environment: Mapping[str, str]) -> bool:
    if host == "localhost" or _in_range(host, "127.0.0.0/8") or _in_range(host, "::1/128"):
        return True
    entries = (entry.strip().lower() for entry in _variable("no_proxy", environment).split(","))
    return any(_matches(host, port, entry) for entry in entries if entry)


def _matches(host: str, port: int | None, entry: str) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        return _in_range(host, entry)
    if entry.count(":") == 1:
        entry, _, number = entry.partition(":")
        if number != str(port):
            return False
    name = entry.strip("[]").removeprefix("*").removeprefix(".")
    return host == name or host.endswith(f".{name}")


def _in_range(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
