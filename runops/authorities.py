"""The certificate authorities that this process trusts for Supabase and Gemini."""

import ssl
from functools import cache

import httpx

__all__ = ["trusted"]


@cache
def trusted() -> ssl.SSLContext:
    """Return the authorities, those of SSL_CERT_FILE or SSL_CERT_DIR where set: reading them takes 20 ms each time."""
    return httpx.create_ssl_context()
