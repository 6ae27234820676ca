"""An app in a browser may ask the gateway, as a hosted project lets it."""

import httpx
import pytest

from devstack.stack import StackInfo

_ORIGIN = {"Origin": "http://localhost:3000"}


@pytest.mark.parametrize(
    "path",
    [
        "/rest/v1/jobs?select=status",
        "/auth/v1/token?grant_type=password",
        "/storage/v1/object/upload/sign/videos/raw/a.mp4?token=x",
        "/storage/v1/upload/resumable",
        "/storage/v1/upload/resumable/an-upload",
    ],
)
def test_what_a_browser_asks_first_is_answered_without_a_key(bare: httpx.Client, path: str) -> None:
    asked = {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "apikey,authorization,x-upsert",
    }
    answer = bare.options(path, headers=_ORIGIN | asked)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "apikey,authorization,x-upsert"


@pytest.mark.usefixtures("database")
def test_a_browser_may_read_answers_and_errors_with_their_headers(bare: httpx.Client, stack: StackInfo) -> None:
    keyed = {"apikey": stack.publishable_key, "Prefer": "count=exact"}
    for headers, status in ((keyed, 200), ({}, 401)):
        answer = bare.get("/rest/v1/sops?select=id", headers=_ORIGIN | headers)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
        assert "Content-Range" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in bare.get("/rest/v1/sops", headers=keyed).headers


def test_the_options_of_resumable_uploads_are_still_told(bare: httpx.Client) -> None:
    assert "creation" in bare.options("/storage/v1/upload/resumable").headers["Tus-Extension"]
