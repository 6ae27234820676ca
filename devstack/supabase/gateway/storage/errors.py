"""The errors of Supabase Storage: nearly all of them inside an HTTP 400, the truth in the body.

The wording follows what the real service was seen to answer.
"""

from __future__ import annotations

from aiohttp import web

_OF_TOKENS_BEFORE = {
    "Invalid Compact JWS": "jwt malformed",
    "signature verification failed": "invalid signature",
    '"exp" claim timestamp check failed': "jwt expired",
}


class StorageError(Exception):
    """An error as the service reports it.

    Parameters
    ----------
    status : int
        What the body's `statusCode` says and, in resumable uploads, the HTTP status.
    error, message, code : str
        The other fields of the body.
    http : int
        HTTP status.
    """

    def __init__(self, status: int, *, error: str, message: str, code: str, http: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.http = http
        self.body = {"statusCode": str(status), "error": error, "message": message, "code": code}

    def as_before(self, *, of_an_object: bool) -> StorageError:
        """Return the error as storage-api v0.46.4 (January 2024) gave it: without a code.

        Parameters
        ----------
        of_an_object : bool
            Whether an object is read. Then a missing bucket is told as a missing object.
        """
        if (words := _OF_TOKENS_BEFORE.get(str(self))) is not None:
            before = StorageError(400, error=words, message=words, code="")
        elif of_an_object and self.body["code"] == "NoSuchBucket":
            before = no_such_object()
        elif self.body["code"] == "InvalidMimeType":
            before = StorageError(422, error="invalid_mime_type", message=str(self), code="")
        else:
            before = StorageError(self.status, error=self.body["error"], message=str(self), code="", http=self.http)
        del before.body["code"]
        return before

    def response(self, method: str) -> web.Response:
        """Return the answer; one to HEAD has no body."""
        if method == "HEAD":
            return web.Response(status=self.http)
        return web.json_response(self.body, status=self.http)


def no_such_object() -> StorageError:
    """Object missing, or hidden from this caller."""
    return StorageError(404, error="not_found", message="Object not found", code="NoSuchKey")


def no_such_bucket() -> StorageError:
    """Bucket missing, or hidden from this caller."""
    return StorageError(404, error="Bucket not found", message="Bucket not found", code="NoSuchBucket")


def duplicate(code: str = "KeyAlreadyExists") -> StorageError:
    """Object or bucket exists, and replacing it was not asked for."""
    return StorageError(409, error="Duplicate", message="The resource already exists", code=code)


def denied(message: str = "new row violates row-level security policy") -> StorageError:
    """Token bad, or its role may not do this."""
    return StorageError(403, error="Unauthorized", message=message, code="AccessDenied")


def missing(what: str) -> StorageError:
    """Say that a required part of the request is missing."""
    return StorageError(400, error="Error", message=what, code="InvalidRequest")


def bad_key(name: str) -> StorageError:
    """Object name with characters the service does not take."""
    return StorageError(400, error="InvalidKey", message=f"Invalid key: {name}", code="InvalidKey")


def bad_token(message: str) -> StorageError:
    """Token of a signed URL expired or forged."""
    return StorageError(400, error="InvalidJWT", message=message, code="InvalidJWT")


def bad_signature() -> StorageError:
    """Signed URL of something else."""
    return StorageError(400, error="InvalidSignature", message="Invalid signature", code="InvalidSignature")


def bad_range() -> StorageError:
    """Range that cannot be read, or that begins behind the object's end."""
    return StorageError(416, error="invalid_range", message="invalid range provided", code="InvalidRange", http=416)


def too_large() -> StorageError:
    """Object above the bucket's limit."""
    return StorageError(
        413,
        error="Payload too large",
        message="The object exceeded the maximum allowed size",
        code="EntityTooLarge",
    )


def bad_mime_type(mime_type: str) -> StorageError:
    """Type the bucket does not allow."""
    message = f"mime type {mime_type} is not supported"
    return StorageError(415, error="invalid_mime_type", message=message, code="InvalidMimeType")


def internal(message: str) -> StorageError:
    """Say that the service failed."""
    return StorageError(500, error="Internal", message=message, code="InternalError", http=500)
