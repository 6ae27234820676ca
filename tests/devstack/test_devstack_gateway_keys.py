"""Who the gateway lets in, and as what."""

from __future__ import annotations

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.stack import StackInfo, mint_jwt
from devstack.supabase import keys
from devstack.supabase.gateway import access
from devstack.supabase.gateway.settings import GatewaySettings
from devstack.supabase.keys import BadTokenError, read_jwt, role_jwt

PATH = "/rest/v1/jobs?limit=0"


def test_without_apikey_the_gateway_says_so(bare: httpx.Client) -> None:
    answer = bare.get(PATH)
    assert answer.status_code == 401
    assert answer.json()["message"] == "No API key found in request"


@pytest.mark.parametrize("key", ["nonsense", "sb_secret_wrong", role_jwt("another secret", role="service_role")])
def test_an_unknown_key_is_invalid(bare: httpx.Client, key: str) -> None:
    answer = bare.get(PATH, headers={"apikey": key, "Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid API key"


def test_every_form_of_key_works_alone_and_as_bearer(bare: httpx.Client, stack: StackInfo) -> None:
    for key in (stack.anon_key, stack.service_role_jwt, stack.publishable_key, stack.secret_key):
        assert bare.get(PATH, headers={"apikey": key}).status_code == 200
        assert bare.get(PATH, headers={"apikey": key, "Authorization": f"Bearer {key}"}).status_code == 200


def test_the_newer_keys_stand_for_their_roles(
    bare: httpx.Client, stack: StackInfo, database: psycopg.Connection
) -> None:
    database.execute("insert into jobs (job_id) values (gen_random_uuid())")
    seen = {
        key: len(bare.get("/rest/v1/jobs", headers={"apikey": key}).json())
        for key in (stack.secret_key, stack.publishable_key)
    }
    assert seen == {stack.secret_key: 1, stack.publishable_key: 0}


def test_a_secret_key_in_a_browser_is_refused(bare: httpx.Client, stack: StackInfo) -> None:
    headers = {"apikey": stack.secret_key, "User-Agent": "Mozilla/5.0"}
    assert bare.get(PATH, headers=headers).status_code == 401


def test_an_expired_token_is_refused_by_the_database_door(bare: httpx.Client, stack: StackInfo) -> None:
    token = mint_jwt(stack, role="service_role", expires_in=-120)
    answer = bare.get(PATH, headers={"apikey": token, "Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST303")


def test_a_users_own_token_is_kept_beside_any_key() -> None:
    settings = GatewaySettings.model_validate(
        {
            "jwt_secret": "s",
            "anon_key": "anon",
            "service_role_jwt": "service",
            "publishable_key": "sb_publishable_x",
            "secret_key": "sb_secret_x",
            "postgrest_socket": "/nowhere",
            "database_url": "postgresql://nowhere",
            "storage": "/nowhere",
        }
    )
    bearer = {
        (apikey, sent): access.bearer_for(settings, apikey=apikey, authorization=sent)
        for apikey in ("sb_secret_x", "")
        for sent in ("Bearer user.jwt", "Bearer sb_secret_x", "")
    }
    assert bearer == {
        ("sb_secret_x", "Bearer user.jwt"): "Bearer user.jwt",
        ("sb_secret_x", "Bearer sb_secret_x"): "Bearer service",
        ("sb_secret_x", ""): "Bearer service",
        ("", "Bearer user.jwt"): "Bearer user.jwt",
        ("", "Bearer sb_secret_x"): "Bearer service",
        ("", ""): "",
    }


@given(role=st.text(), secret=st.text(min_size=1), other=st.text(min_size=1))
def test_a_token_reads_back_under_its_own_secret_only(role: str, secret: str, other: str) -> None:
    token = keys.sign_jwt({"role": role}, secret)
    assert read_jwt(token, secret) == {"role": role}
    if other != secret:
        with pytest.raises(BadTokenError):
            read_jwt(token, other)


@given(st.text())
def test_text_that_is_no_token_is_refused_and_nothing_worse(text: str) -> None:
    with pytest.raises(BadTokenError):
        read_jwt(text, "secret")
