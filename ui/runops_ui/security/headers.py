"""What each answer tells the browser to refuse. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["DOCUMENT_POLICY", "HEADERS"]

_NOTHING_ELSE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # With no-referrer a browser sends `Origin: null` with our own forms.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cache-Control": "no-store",
    }
)
DOCUMENT_POLICY = f"sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; {_NOTHING_ELSE}"
"""For a procedure, which is one file: no script runs in it, whatever a recording put there."""
