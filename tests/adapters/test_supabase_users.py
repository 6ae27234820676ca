"""Whether a user exists, as the Auth service says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, mint_jwt
from runops.retrying import RetryPolicy
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, Service, SupabaseError


@pytest.fixture
def user(database: psycopg.Connection) -> str:
    user_id = str(uuid4())
    database.execute("insert into auth.users (id, email) values (%s, 'a@example.com')", [user_id])
    return user_id


async def test_a_user_is_found_and_another_one_is_not(supabase: Supabase, user: str) -> None:
    assert await supabase.users.exists(UUID(user))
    assert not await supabase.users.exists(uuid4())


async def test_each_form_of_key_serves(stack: StackInfo, user: str) -> None:
    for key in (stack.secret_key, stack.service_role_jwt):
        async with Supabase(stack.url, key) as supabase:
            assert await supabase.users.exists(UUID(user))


@pytest.mark.usefixtures("database")
async def test_keys_that_do_not_serve_are_an_error_and_never_no_user(stack: StackInfo) -> None:
    expired = mint_jwt(stack, role="service_role", expires_in=-60)
    for key in (stack.publishable_key, stack.anon_key, expired, "sb_secret_of-another-project"):
        async with Supabase(stack.url, key) as supabase:
            with pytest.raises(SupabaseError) as raised:
                await supabase.users.exists(uuid4())
        assert raised.value.kind is ErrorKind.KEY_REJECTED
        assert key not in str(raised.value)


async def test_a_service_that_is_away_for_a_moment_is_asked_again(
    supabase: Supabase, faults: FaultControl, user: str
) -> None:
    faults.set(
        Fault(kind="status", path="/auth/v1/", status=503, body='{"message": "name resolution failed"}'),
        Fault(kind="drop_before", path="/auth/v1/"),
        Fault(kind="status", path="/auth/v1/", status=522, body="<html>"),
    )
    assert await supabase.users.exists(UUID(user))


@asynccontextmanager
async def _answering(status: int, **answer: object) -> AsyncIterator[Supabase]:
    async def at_once(_seconds: float) -> None:
        pass

    transport = httpx.MockTransport(lambda _request: httpx.Response(status, **answer))  # type: ignore[arg-type]
    policy = RetryPolicy(attempts=2, sleep=at_once)
    async with Supabase("https://p.test", "sb_secret_x", retries=policy, transport=transport) as supabase:
        yield supabase


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (404, {"json": {"message": "no Route matched with those values"}}, ErrorKind.NOT_FOUND),
        (404, {"text": "<html>"}, ErrorKind.NOT_FOUND),
        (403, {"json": {"code": 403, "error_code": "not_admin", "msg": "User not allowed"}}, ErrorKind.KEY_REJECTED),
        (401, {"json": {"message": "Invalid API key"}}, ErrorKind.KEY_REJECTED),
        (429, {"json": {"code": 429, "error_code": "over_request_rate_limit", "msg": "slow"}}, ErrorKind.THROTTLED),
        (500, {"json": {"code": 500, "error_code": "unexpected_failure", "msg": "Database"}}, ErrorKind.UNAVAILABLE),
        (540, {"json": {"message": "project paused"}}, ErrorKind.UNAVAILABLE),
        (200, {"json": {"not": "a user"}}, ErrorKind.UNAVAILABLE),
        (200, {"text": "<html>"}, ErrorKind.UNAVAILABLE),
        (302, {"headers": {"Location": "https://elsewhere.test"}}, ErrorKind.INVALID),
    ],
)
async def test_other_answers_are_errors_of_their_kind(status: int, answer: dict[str, object], kind: ErrorKind) -> None:
    async with _answering(status, **answer) as supabase:
        with pytest.raises(SupabaseError) as raised:
            await supabase.users.exists(uuid4())
    assert (raised.value.kind, raised.value.service) == (kind, Service.AUTH)
    assert "looking for the user" in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 404, "error_code": "user_not_found", "msg": "User not found"},
        {"code": 404, "msg": "User not found"},
    ],
    ids=["codes in another place", "no codes"],
)
async def test_older_services_say_in_their_own_way_that_there_is_no_user(body: dict[str, object]) -> None:
    async with _answering(404, json=body) as supabase:
        assert not await supabase.users.exists(uuid4())


@pytest.mark.parametrize(
    ("error", "kind"),
    [(httpx.ReadTimeout("slow"), ErrorKind.TIMEOUT), (httpx.ConnectError("no"), ErrorKind.UNAVAILABLE)],
)
async def test_no_answer_is_an_error_of_the_network(error: httpx.HTTPError, kind: ErrorKind) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    policy = RetryPolicy(attempts=1)
    async with Supabase(
        "https://p.test", "sb_secret_x", retries=policy, transport=httpx.MockTransport(fail)
    ) as supabase:
        with pytest.raises(SupabaseError) as raised:
            await supabase.users.exists(uuid4())
    assert raised.value.kind is kind
