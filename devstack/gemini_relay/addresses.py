"""Which address of the upstream a request is for, and how upload addresses read through the relay. Pure."""

import re

from yarl import URL

__all__ = ["UPSTREAM", "AddressRefused", "checked_upstream", "target", "through_relay"]

UPSTREAM = "https://generativelanguage.googleapis.com"
"""The Gemini API: https://ai.google.dev/api."""

_ELSEWHERE = "/_relay/"
_GOOGLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+googleapis\.com")


class AddressRefused(Exception):  # noqa: N818 - says what is the case
    """The relay does not go there; the message holds no part of a path or query."""


def checked_upstream(text: str) -> URL:
    """Return the upstream's origin.

    Raises
    ------
    ValueError
        If it is more or less than scheme, host and port.
    """
    url = URL(text)
    if url.scheme not in {"http", "https"} or not url.host or url != url.origin():
        raise ValueError("The upstream is given as https://HOST or http://HOST:PORT, without a path.")
    return url.origin()


def target(raw_path: str, *, upstream: URL) -> URL:
    """Return where a request goes.

    Parameters
    ----------
    raw_path : str
        Path and query as the client sent them.
    upstream : URL
        From `checked_upstream`.

    Raises
    ------
    AddressRefused
        If that would be a host the relay must not reach.
    """
    origin, path = upstream, raw_path
    if path.startswith(_ELSEWHERE):
        host, slash, rest = path.removeprefix(_ELSEWHERE).partition("/")
        if _GOOGLE.fullmatch(host) is None:
            raise AddressRefused("The relay reaches no host but the upstream and those of googleapis.com.")
        origin, path = URL.build(scheme="https", host=host), slash + rest
        if "upload_id" not in URL(path or "/", encoded=True).query:
            raise AddressRefused("Another host than the upstream is reached for uploads only.")
    if not path.startswith("/"):
        raise AddressRefused("The relay is not a general proxy: request a path, not an address.")
    url = URL(f"{origin}{path}", encoded=True)
    if url.origin() != origin:
        raise AddressRefused("The path leads away from the upstream.")
    return url


def through_relay(address: str, *, upstream: URL, relay: str) -> str:
    """Return an upload address such that the client comes back to the relay with it.

    The host travels in the path, because clients replace scheme and host by those of their base URL but keep the path.

    Parameters
    ----------
    address : str
        What the upstream named.
    upstream : URL
        From `checked_upstream`.
    relay : str
        The relay's origin as the client reached it.

    Raises
    ------
    AddressRefused
        If the address is on a host that the relay must not reach.
    """
    try:
        url = URL(address, encoded=True)
        origin = url.origin()
    except ValueError:
        raise AddressRefused("The upstream named an upload address that is none.") from None
    if origin == upstream:
        return f"{relay}{url.raw_path_qs}"
    is_plain = url.user is None and url.password is None and origin.scheme == "https" and origin.port == 443
    if not is_plain or _GOOGLE.fullmatch(origin.raw_host or "") is None:
        raise AddressRefused("The upstream named an upload address on a host that is not one of googleapis.com.")
    return f"{relay}{_ELSEWHERE}{origin.raw_host}{url.raw_path_qs}"
