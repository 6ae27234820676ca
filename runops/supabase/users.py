"""Users of the project, by the admin part of Supabase's Auth service."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import httpx

from runops.keys import refusal
from runops.retrying import RetryPolicy
from runops.supabase.classify import from_auth, from_exception, is_page
from runops.supabase.errors import ErrorKind, Service, SupabaseError
from runops.supabase.http_client import ResponseHead, headers_of_key, response_head
from runops.supabase.retry import may_pass

if TYPE_CHECKING:
    from supabase_auth import AsyncGoTrueAdminAPI

__all__ = ["Users"]

_NOT_FOUND = "user_not_found"
_NOT_FOUND_WORDS = "User not found"
"""What an Auth service says that is older than its codes."""


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
        self._url = f"{url.rstrip('/')}/auth/v1"
        self._key = key
        self._http = http
        self._retries = retries
        self._deadline = deadline_seconds
        self._api: AsyncGoTrueAdminAPI | None = None

    async def exists(self, user_id: UUID) -> bool:
        """Tell whether the project has such a user.

        Raises
        ------
        SupabaseError
            The Auth service refused the question or did not answer, after the last attempt.
        """
        if (sentence := refusal(self._key)) is not None:
            raise SupabaseError(ErrorKind.KEY_REJECTED, sentence, service=Service.AUTH)
        if self._api is None:
            # The library with its cryptography takes 14 MiB and 0.2 s: loaded when asked for, and not on the loop.
            self._api = await asyncio.to_thread(_admin_api, self._url, self._key, self._http)
        api = self._api
        return await self._retries.run(lambda: self._asked(api, user_id), may_pass)

    async def _asked(self, api: "AsyncGoTrueAdminAPI", user_id: UUID) -> bool:
        from supabase_auth.errors import AuthError  # noqa: PLC0415 - loaded by `exists`

        doing = f"looking for the user {user_id}"
        observed = ResponseHead()
        mark = response_head.set(observed)
        try:
            async with asyncio.timeout(self._deadline):
                await api.get_user_by_id(str(user_id))
        except AuthError as error:
            if observed.status is None and isinstance(error.__cause__, httpx.HTTPError):
                raise from_exception(error.__cause__, doing=doing, service=Service.AUTH) from None
            if observed.status == 404 and _NOT_FOUND in {error.code, _code_of(error.message)}:
                return False
            raise from_auth(
                status=observed.status,
                code=error.code,
                message=error.message,
                doing=doing,
                retry_after=observed.retry_after,
                content_type=observed.content_type,
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise from_exception(error, doing=doing, service=Service.AUTH) from None
        except ValueError:
            # Not a user: something else answers at this address.
            status = observed.status if is_page(observed.content_type) else 502
            raise from_auth(
                status=status, code=None, message="", doing=doing, content_type=observed.content_type
            ) from None
        finally:
            response_head.reset(mark)
        return True


def _admin_api(url: str, key: str, http: httpx.AsyncClient) -> "AsyncGoTrueAdminAPI":
    from supabase_auth import AsyncGoTrueAdminAPI  # noqa: PLC0415 - see `exists`

    return AsyncGoTrueAdminAPI(url=url, headers=headers_of_key(key), http_client=http)


def _code_of(message: str) -> str | None:
    return _NOT_FOUND if message == _NOT_FOUND_WORDS else None
