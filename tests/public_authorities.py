"""Leaves the certificates of public authorities unread in a test process.

Each HTTP client reads some 140 of them when it is made, and a client of Gemini makes four contexts: 25 ms of CPU each,
which was more than half of what many tests cost. Tests reach nothing but this machine, over plain HTTP or with an
authority of their own, which is read as ever. A connection to a public host fails, for its certificate is not trusted.
"""

from __future__ import annotations

import ssl
from typing import Any

import certifi

__all__ = ["leave_out"]

_PATHS = ssl.get_default_verify_paths()
_PUBLIC = frozenset({certifi.where(), _PATHS.cafile, _PATHS.capath, _PATHS.openssl_cafile, _PATHS.openssl_capath})
_read = ssl.SSLContext.load_verify_locations


def _read_others(context: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
    file, folder = (None if path in _PUBLIC else path for path in (cafile, capath))
    if file or folder or cadata:
        _read(context, file, folder, cadata)


def leave_out() -> None:
    """Have no context of this process read public authorities."""
    ssl.SSLContext.load_verify_locations = _read_others  # type: ignore[assignment, method-assign]
    ssl.SSLContext.load_default_certs = lambda *_arguments: None  # type: ignore[method-assign]


def pytest_configure() -> None:
    leave_out()
