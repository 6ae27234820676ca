"""Users of the project, by the admin part of Supabase's Auth service."""

import asyncio
from typing import Any
from uuid import UUID

import httpx

from runops.keys import refusal
from runops.retrying import RetryPolicy
from runops.supabase.classify import from_auth, from_exception, is_page
from runops.supabase.errors import ErrorKind, Service, SupabaseError
from runops.supabase.http_client import asked_seconds, headers_of_key
from runops.supabase.retry import may_pass

__all__ = ["Users"]

_NOT_FOUND = "user_not_found"
_NOT_FOUND_WORDS = "User not found"
"""What an Auth service says that is older than its codes."""
_NO_SERVICE = 502
"""The status as which an answer counts that is none of the Auth service."""


class Users:
    """The users of one project.

    Parameters
    ----------
    url, key
        Of the project.
    http
        The client to send with; its owner closes it.
    retries
        How reads are tried again.
    deadline_seconds
        Longest time for one attempt.
    """

    def __init__(
        self, url: str, key: str, *, http: httpx.AsyncClient, retries: RetryPolicy, deadline_seconds: float
    ) -> None:
        self._url = f"{url.rstrip('/')}/auth/v1/admin/users"
        self._key = key
        self._http = http
        self._retries = retries
        self._deadline = deadline_seconds

    async def exists(self, user_id: UUID) -> bool:
        """Tell whether the project has such a user.

        Raises
        ------
        SupabaseError
            The Auth service refused the question or did not answer, after the last attempt.
        """
        if (sentence := refusal(self._key)) is not None:
            raise SupabaseError(ErrorKind.KEY_REJECTED, sentence, service=Service.AUTH)
        return await self._retries.run(lambda: self._asked(user_id), may_pass)

    async def _asked(self, user_id: UUID) -> bool:
        doing = f"looking for the user {user_id}"
        try:
            async with asyncio.timeout(self._deadline):
                answer = await self._http.get(f"{self._url}/{user_id}", headers=headers_of_key(self._key))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise from_exception(error, doing=doing, service=Service.AUTH) from None
        said, content_type = _object(answer), answer.headers.get("Content-Type")
        if answer.status_code == 200:
            if said.get("id") == str(user_id):
                return True
            # Not a user: something else answers at this address.
            status = answer.status_code if is_page(content_type) else _NO_SERVICE
            raise from_auth(status=status, code=None, message="", doing=doing, content_type=content_type)
        # Newer services name the error in `code`, older ones in `error_code`, where `code` is the status.
        code = next((said[name] for name in ("error_code", "code") if isinstance(said.get(name), str)), None)
        message = str(said.get("msg") or said.get("message") or "")
        if answer.status_code == 404 and (code == _NOT_FOUND or (code is None and message == _NOT_FOUND_WORDS)):
            return False
        raise from_auth(
            status=answer.status_code,
            code=code,
            message=message,
            doing=doing,
            retry_after=asked_seconds(answer.headers),
            content_type=content_type,
        )


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
