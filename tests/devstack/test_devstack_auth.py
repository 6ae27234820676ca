"""The stand-in's answers to the admin of the Auth service."""

from uuid import uuid4

import httpx
import psycopg
import pytest

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
