"""Under which names the page answers: a name that somebody else controls may point at this machine. Pure."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

__all__ = ["host_of", "is_loopback", "is_own_host", "same_site"]


def is_own_host(header: str | None, names: Collection[str]) -> bool:
    """Whether a request may be answered by its Host header.

    An address is always allowed: a page of another site cannot carry it as its own name. A name is allowed if it is
    this machine's or was named at the start.

    Parameters
    ----------
    header
        The header Host; None where there is none.
    names
        Further names, in lower case and without ports.
    """
    name = host_of(header or "")
    return name is not None and (name == "localhost" or _address(name) is not None or name in names)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address on which one listens."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def same_site(origin: str | None, host: str | None) -> bool:
    """Whether an Origin header names the very place that the Host header names.

    The scheme is not compared: behind a proxy that ends TLS the page does not know it.
    """
    if not origin or not host or "://" not in origin:
        return False
    return origin.split("://", 1)[1].casefold() == host.casefold()


def host_of(header: str) -> str | None:
    """Return the name in a Host header, in lower case and without its port; None where it is not one."""
    try:
        parts = urlsplit(f"//{header}")
        name = parts.hostname
        _ = parts.port
    except ValueError:
        return None
    if not name or parts.path or parts.query or parts.fragment or "@" in header:
        return None
    return name.rstrip(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
