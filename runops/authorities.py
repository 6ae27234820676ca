"""The certificate authorities that this process trusts: the public ones, and those of RUNOPS_CA_BUNDLE.

SSL_CERT_FILE and SSL_CERT_DIR replace the public ones, as in other programs. RUNOPS_CA_BUNDLE adds to them.
"""

import hashlib
import os
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import httpx

__all__ = ["CA_BUNDLE", "BundleUnusable", "bundle_file", "bundle_hash", "distrust", "trust_bundle", "trusted"]

CA_BUNDLE: Final = "RUNOPS_CA_BUNDLE"
"""Names a file of certificates in PEM form."""
_REMEDY: Final = f"In a cluster, look at the chart's value caBundle; elsewhere at {CA_BUNDLE}."
_MOST_CAUSES: Final = 10


class BundleUnusable(OSError):  # noqa: N818 - says what is the case
    """The file of RUNOPS_CA_BUNDLE cannot be used. The message names it and what to look at."""


@cache
def trusted() -> ssl.SSLContext:
    """Return a context that trusts all of them, for httpx and websockets: reading them takes 20 ms each time.

    Raises
    ------
    BundleUnusable
        The file of RUNOPS_CA_BUNDLE cannot be used.
    """
    context = httpx.create_ssl_context()
    trust_bundle(context)
    return context


def bundle_file(environ: Mapping[str, str] | None = None) -> str | None:
    """Return the file that RUNOPS_CA_BUNDLE names; None where it names none."""
    return (os.environ if environ is None else environ).get(CA_BUNDLE) or None


def bundle_hash(environ: Mapping[str, str]) -> str | None:
    """Return what changes when the bundle does; None where there is none.

    Raises
    ------
    BundleUnusable
        It cannot be used.
    """
    file = bundle_file(environ)
    if file is None:
        return None
    trust_bundle(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), environ)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def trust_bundle(context: ssl.SSLContext, environ: Mapping[str, str] | None = None) -> None:
    """Have a context trust the authorities of RUNOPS_CA_BUNDLE in addition, where it is set.

    Raises
    ------
    BundleUnusable
        The file cannot be read, or holds no certificate.
    """
    file = bundle_file(environ)
    if file is None:
        return
    try:
        context.load_verify_locations(cafile=file)
    except ssl.SSLError:
        raise BundleUnusable(f"{CA_BUNDLE} names {file}, which holds no certificate in PEM form. {_REMEDY}") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BundleUnusable(f"{CA_BUNDLE} names {file}, which cannot be read ({why}). {_REMEDY}") from None


def distrust(error: BaseException) -> str | None:
    """Return a sentence about a server whose certificate is not trusted; None where the error has another cause."""
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return None
        # aiohttp's error is one as well, without OpenSSL's words.
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_message"):
            return (
                f"Its certificate is not trusted: {cause.verify_message}. If an authority of your company issued it, "
                f"or of a proxy on the way, name that authority. {_REMEDY}"
            )
        cause = cause.__cause__ or cause.__context__
    return None
