"""Who sends a request, as far as that can be told: by address, through proxies that were named. Pure."""

import ipaddress
import re
from collections.abc import Collection, Iterable

__all__ = ["Network", "client_of", "networks_of"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_OF_ONE_CLIENT = 64
"""An IPv6 client has a whole network of this prefix, and could try each of its addresses."""
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")
"""As the gateways of Azure write an address, each time with another port. Behind an IPv6 address it needs brackets."""


def client_of(peer: str | None, forwarded: Iterable[str], proxies: Collection[Network]) -> str:
    """Return a name for the client of a request.

    Parameters
    ----------
    peer
        The address at the other end of the connection.
    forwarded
        The values of `X-Forwarded-For`. Anybody can write them, so each is believed only as far as a proxy that was
        named has added it: from the right.
    proxies
        The addresses of those proxies.
    """
    last = _address(peer or "")
    if last is None:
        return "unknown"
    hops = [_address(text) for value in forwarded for text in value.split(",")]
    while hops and any(last in network for network in proxies):
        hop = hops.pop()
        if hop is None:
            break
        last = hop
    return str(ipaddress.ip_network((last, _OF_ONE_CLIENT), strict=False)) if last.version == 6 else str(last)


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks such as `10.0.0.0/8`.

    Raises
    ------
    ValueError
        One is none; the message names it.
    """
    found = []
    for text in filter(None, (text.strip() for text in texts)):
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            raise ValueError(f"{text!r} is no address and no network, such as 10.0.0.7 or 10.0.0.0/8.") from None
    return tuple(found)


def _address(text: str) -> _Address | None:
    bare = text.strip()
    if (found := _WITH_PORT.fullmatch(bare)) is not None:
        bare = found[1] or found[2] or ""
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
