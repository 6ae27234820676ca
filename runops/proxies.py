"""Which proxy leads to a server, by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. Pure.

One reading for Supabase, Gemini and the API server. Python's clients read NO_PROXY each in its own way: ranges of
addresses, which clusters and k3s hand out, are ignored by one and break another. This one takes all that curl and Go
programs such as kubectl take.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

__all__ = ["ProxyUnusable", "proxy_for"]

_SCHEMES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
_PORTS = {"http": 80, "https": 443}
_KINDS = ("http", "https", "socks5", "socks5h")

_Address = IPv4Address | IPv6Address


class ProxyUnusable(Exception):  # noqa: N818 - says what is the case
    """A variable names a proxy that cannot be used.

    The message names the variable and not its value, which may hold a password.
    """


def proxy_for(server: str, environment: Mapping[str, str]) -> str | None:
    """Return the address of the proxy for a server; None where it is reached directly, as this machine always is.

    Parameters
    ----------
    server
        Address of the server, with its scheme.
    environment
        The process's variables. Names count in lower and in upper case; lower case wins.

    Raises
    ------
    ProxyUnusable
        The proxy for this server is of another kind than HTTP and SOCKS 5, or its address is malformed.
    """
    address = _split(server)
    scheme = _SCHEMES.get(address.scheme) if address is not None else None
    if address is None or scheme is None or not address.hostname:
        return None
    found = _first_set((f"{scheme}_proxy", "all_proxy"), environment)
    host = address.hostname.removesuffix(".")
    if found is None or _is_excepted(host, address.port or _PORTS[scheme], environment):
        return None
    return _usable(*found, host=host)


def _first_set(names: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the first variable that is set, in lower case and then in upper case, and its value."""
    spelled = (one for name in names for one in (name, name.upper()))
    found = ((name, environment.get(name, "").strip()) for name in spelled)
    return next(((name, value) for name, value in found if value), None)


def _usable(name: str, value: str, *, host: str) -> str:
    address = value if "://" in value else f"http://{value}"
    split = _split(address)
    if split is None or not split.hostname:
        raise ProxyUnusable(
            f"{name} is not the address of a proxy, such as http://proxy.example.com:3128. "
            f"Correct it, or name {host} in NO_PROXY."
        )
    if split.scheme not in _KINDS:
        raise ProxyUnusable(
            f"{name} names a proxy of the kind {split.scheme}, and runops can use {', '.join(_KINDS[:-1])} and "
            f"{_KINDS[-1]}. Name one of these, or name {host} in NO_PROXY."
        )
    return address


def _is_excepted(host: str, port: int, environment: Mapping[str, str]) -> bool:
    own = _address(host)
    if host == "localhost" or (own is not None and own.is_loopback):
        return True
    found = _first_set(("no_proxy",), environment)
    entries = found[1].lower().replace(",", " ").split() if found else []
    return any(_matches(host, own, port, entry) for entry in entries)


def _matches(host: str, own: _Address | None, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        return own is not None and _in_range(own, entry)
    name, number = _parted(entry)
    if number and number != str(port):
        return False
    if own is not None:
        return own == _address(name)
    name = name.removeprefix("*").removeprefix(".").removesuffix(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _parted(entry: str) -> tuple[str, str]:
    """Return name and port of an entry such as `host`, `host:443`, `fd00::1`, `[fd00::1]` or `[fd00::1]:443`."""
    if entry.startswith("["):
        name, _, number = entry.removeprefix("[").partition("]")
        return name, number.removeprefix(":")
    name, _, number = entry.partition(":")
    return (entry, "") if ":" in number else (name, number)


def _in_range(own: _Address, entry: str) -> bool:
    try:
        return own in ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False


def _address(host: str) -> _Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    # The same host, written for a socket of the other family.
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _split(url: str) -> SplitResult | None:
    try:
        split = urlsplit(url)
        # Reading it checks it.
        _ = split.port
    except ValueError:
        return None
    return split
