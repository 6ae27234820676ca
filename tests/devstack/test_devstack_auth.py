"""The stand-in for the Auth service: what it answers its admin, and signing in, by the real client library."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from supabase import Client, create_client
from supabase.lib.client_options import SyncClientOptions
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from devstack.stack import StackInfo, mint_jwt

_NEW = {"X-Supabase-Api-Version": "2024-01-01"}


def _ask(bare: httpx.Client, key: str, user_id: str, headers: dict[str, str] = _NEW) -> httpx.Response:
    return bare.get(
        f"/auth/v1/admin/users/{user_id}", headers={"apikey": key, "Authorization": f"Bearer {key}", **headers}
    )


def test_a_user_is_shown_with_what_the_table_knows(
    bare: httpx.Client, stack: StackInfo, database: psycopg.Connection
) -> None:
    user_id = str(uuid4())
    database.execute("insert into auth.users (id, email) values (%s, 'a@example.com')", [user_id])
    for key in (stack.secret_key, stack.service_role_jwt):
        answer = _ask(bare, key, user_id)
        assert answer.status_code == 200
        assert (answer.json()["id"], answer.json()["email"]) == (user_id, "a@example.com")
        assert answer.headers["X-Supabase-Api-Version"] == "2024-01-01"


@pytest.mark.usefixtures("database")
def test_a_missing_user_is_named_as_each_version_of_the_service_does(bare: httpx.Client, stack: StackInfo) -> None:
    new, old = _ask(bare, stack.secret_key, str(uuid4())), _ask(bare, stack.secret_key, str(uuid4()), {})
    assert (new.status_code, new.json()) == (404, {"code": "user_not_found", "message": "User not found"})
    assert (old.status_code, old.json()) == (
        404,
        {"code": 404, "error_code": "user_not_found", "msg": "User not found"},
    )
    assert _ask(bare, stack.secret_key, "nobody").json()["code"] == "validation_failed"


@pytest.mark.usefixtures("database")
def test_only_the_admin_is_answered(bare: httpx.Client, stack: StackInfo) -> None:
    assert bare.get(f"/auth/v1/admin/users/{uuid4()}").status_code == 401
    refused = _ask(bare, stack.anon_key, str(uuid4()))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_admin")
    expired = mint_jwt(stack, role="service_role", expires_in=-60)
    assert (_ask(bare, expired, str(uuid4())).json()["code"]) == "bad_jwt"


class _Signed:
    """The real client with the publishable key, signed in as nobody yet."""

    def __init__(self, stack: StackInfo) -> None:
        self.http = httpx.Client(timeout=120)
        options = SyncClientOptions(httpx_client=self.http, auto_refresh_token=False, persist_session=False)
        self.client = create_client(stack.url, stack.publishable_key, options)


@pytest.fixture
def signed(stack: StackInfo, database: psycopg.Connection) -> Iterator[Callable[[], Client]]:  # noqa: ARG001
    made: list[_Signed] = []

    def new() -> Client:
        made.append(_Signed(stack))
        return made[-1].client

    yield new
    for one in made:
        one.http.close()


def test_a_user_that_the_admin_made_signs_in_and_is_who_it_is(
    supabase_client: Client, signed: Callable[[], Client]
) -> None:
    admin = supabase_client.auth.admin
    made = admin.create_user(
        {"email": "Owner@Example.com", "password": "correct horse", "user_metadata": {"name": "O"}}
    ).user
    client = signed()
    opened = client.auth.sign_in_with_password({"email": "owner@example.com", "password": "correct horse"})
    assert opened.session is not None
    assert opened.user is not None
    assert (opened.user.id, opened.user.email, opened.user.user_metadata) == (
        made.id,
        "owner@example.com",
        {"name": "O"},
    )
    assert opened.session.expires_in == 3600
    again = client.auth.refresh_session()
    assert again.session is not None
    assert again.session.access_token != opened.session.access_token
    shown = client.auth.get_user()
    assert shown is not None
    assert shown.user.id == made.id
    client.auth.sign_out()
    admin.delete_user(made.id)
    with pytest.raises(AuthApiError, match="User from sub claim in JWT does not exist"):
        client.auth.get_user(opened.session.access_token)


def test_signing_up_with_an_address_or_as_nobody(signed: Callable[[], Client]) -> None:
    new = signed().auth.sign_up({"email": "new@example.com", "password": "long enough"})
    assert new.session is not None
    nobody = signed().auth.sign_in_anonymously()
    assert nobody.user is not None
    assert (nobody.user.is_anonymous, nobody.user.email) == (True, "")


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        (lambda auth: auth.sign_up({"email": "A@b.c", "password": "12345678"}), "user_already_exists", "already"),
        (
            lambda auth: auth.sign_in_with_password({"email": "a@b.c", "password": "x"}),
            "invalid_credentials",
            "Invalid",
        ),
        (
            lambda auth: auth.sign_in_with_password({"email": "z@b.c", "password": "x"}),
            "invalid_credentials",
            "Invalid",
        ),
        (lambda auth: auth.refresh_session("no token"), "refresh_token_not_found", "Not Found"),
    ],
)
def test_who_cannot_sign_in_is_told_why(
    signed: Callable[[], Client], call: Callable[[Any], object], code: str, message: str
) -> None:
    signed().auth.sign_up({"email": "a@b.c", "password": "12345678"})
    with pytest.raises(AuthApiError, match=message) as refused:
        call(signed().auth)
    assert refused.value.code == code


def test_a_password_that_is_too_short_is_refused_with_the_reason(signed: Callable[[], Client]) -> None:
    with pytest.raises(AuthWeakPasswordError, match="at least 6 characters") as refused:
        signed().auth.sign_up({"email": "a@b.c", "password": "brief"})
    assert refused.value.reasons == ["length"]


def test_no_other_token_continues_a_session(bare: httpx.Client, stack: StackInfo, signed: Callable[[], Client]) -> None:
    opened = signed().auth.sign_in_anonymously().session
    assert opened is not None
    answer = bare.post(
        "/auth/v1/token?grant_type=refresh_token",
        headers={"apikey": stack.publishable_key},
        json={"refresh_token": opened.access_token},
    )
    assert (answer.status_code, answer.json()["error_code"]) == (400, "refresh_token_not_found")


@pytest.mark.usefixtures("database")
def test_a_key_is_no_user_and_nobody_but_the_admin_makes_users(bare: httpx.Client, stack: StackInfo) -> None:
    headers = {"apikey": stack.anon_key, "Authorization": f"Bearer {stack.anon_key}", **_NEW}
    answer = bare.get("/auth/v1/user", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_jwt")
    answer = bare.post("/auth/v1/admin/users", headers=headers, json={"email": "a@b.c"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_admin")
    answer = bare.post("/auth/v1/signup", headers=headers, content=b"no json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")
    assert bare.get("/auth/v1/.well-known/jwks.json").json() == {"keys": []}


def test_owners_change_their_own_sops_and_strangers_do_not(
    database: psycopg.Connection, signed: Callable[[], Client]
) -> None:
    job_id = str(uuid4())
    owner, stranger = signed(), signed()
    user = owner.auth.sign_in_anonymously().user
    stranger.auth.sign_in_anonymously()
    assert user is not None
    database.execute("insert into jobs (job_id) values (%s)", [job_id])
    database.execute("insert into sops (job_id, data, user_id) values (%s, '{}', %s)", [job_id, user.id])
    for client, seen in ((owner, 1), (stranger, 0), (signed(), 0)):
        assert len(client.table("sops").select("*").execute().data) == seen
        assert len(client.table("sops").update({"data": {"n": 1}}).eq("job_id", job_id).execute().data) == seen
    assert stranger.table("sops").delete().eq("job_id", job_id).execute().data == []
    assert len(owner.table("sops").delete().eq("job_id", job_id).execute().data) == 1
