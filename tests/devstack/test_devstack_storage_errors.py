"""Errors of the Storage stand-in, as the real service was seen to give them: inside an HTTP 400."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from storage3.exceptions import StorageApiError
from supabase import Client

from devstack.stack import StackInfo, mint_jwt
from devstack.supabase import keys

MISSING: dict[str, Any] = {
    "statusCode": "404",
    "error": "not_found",
    "message": "Object not found",
    "code": "NoSuchKey",
}
NO_BUCKET: dict[str, Any] = {
    "statusCode": "404",
    "error": "Bucket not found",
    "message": "Bucket not found",
    "code": "NoSuchBucket",
}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "object/videos/no", None),
        ("GET", "object/authenticated/videos/no", None),
        ("GET", "object/info/videos/no", None),
        ("POST", "object/sign/videos/no", {"expiresIn": "60"}),
        ("POST", "object/copy", {"bucketId": "videos", "sourceKey": "no", "destinationKey": "b"}),
        ("POST", "object/move", {"bucketId": "videos", "sourceKey": "no", "destinationKey": "b"}),
        ("DELETE", "object/videos/no", None),
    ],
)
def test_a_missing_object(http: httpx.Client, method: str, path: str, body: dict[str, str] | None) -> None:
    answer = http.request(method, f"/storage/v1/{path}", json=body)
    assert (answer.status_code, answer.json()) == (400, MISSING)


def test_a_missing_object_by_head_has_no_body(http: httpx.Client) -> None:
    answer = http.head("/storage/v1/object/videos/no")
    assert (answer.status_code, answer.content) == (400, b"")


def test_a_missing_bucket(http: httpx.Client) -> None:
    for answer in (http.get("/storage/v1/object/none/a"), http.post("/storage/v1/object/none/a", content=b"x")):
        assert (answer.status_code, answer.json()) == (400, NO_BUCKET)


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}])
def test_a_private_bucket_does_not_exist_without_a_good_token(bare: httpx.Client, header: dict[str, str]) -> None:
    answer = bare.get("/storage/v1/object/videos/a", headers=header)
    assert (answer.status_code, answer.json()) == (400, NO_BUCKET)


def test_a_duplicate_without_upsert(http: httpx.Client, empty_bucket: str) -> None:
    first, second = (http.post(f"/storage/v1/object/{empty_bucket}/a", content=b"x" * 5000) for _ in range(2))
    assert first.status_code == 200
    assert (second.status_code, second.json()) == (
        400,
        {
            "statusCode": "409",
            "error": "Duplicate",
            "message": "The resource already exists",
            "code": "KeyAlreadyExists",
        },
    )


def test_bad_tokens(bare: httpx.Client, stack: StackInfo) -> None:
    expired = mint_jwt(stack, role="service_role", expires_in=-1)
    forged = keys.role_jwt("another secret", role="service_role")
    messages = {
        "nonsense": "Invalid Compact JWS",
        forged: "signature verification failed",
        expired: '"exp" claim timestamp check failed',
    }
    for token, message in messages.items():
        answer = bare.get("/storage/v1/bucket", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 400
        assert answer.json() == {
            "statusCode": "403",
            "error": "Unauthorized",
            "message": message,
            "code": "AccessDenied",
        }


def test_no_authorization(bare: httpx.Client) -> None:
    answer = bare.get("/storage/v1/bucket")
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidRequest")
    assert answer.json()["message"] == "headers must have required property 'authorization'"


def test_a_publishable_key_may_neither_write_nor_see(bare: httpx.Client, stack: StackInfo) -> None:
    bare.headers["apikey"] = stack.publishable_key
    written = bare.post("/storage/v1/object/videos/a", content=b"x").json()
    assert (written["statusCode"], written["code"]) == ("403", "AccessDenied")
    assert bare.post("/storage/v1/object/list/videos", json={"prefix": ""}).json() == []
    assert bare.get("/storage/v1/bucket").json() == []


def test_a_range_behind_the_end(http: httpx.Client, empty_bucket: str) -> None:
    http.post(f"/storage/v1/object/{empty_bucket}/a", content=b"x")
    answer = http.get(f"/storage/v1/object/{empty_bucket}/a", headers={"Range": "bytes=1-"})
    assert (answer.status_code, answer.json()["statusCode"], answer.json()["code"]) == (416, "416", "InvalidRange")


def test_signed_urls_that_are_expired_forged_or_for_something_else(
    http: httpx.Client, bare: httpx.Client, stack: StackInfo, empty_bucket: str
) -> None:
    http.post(f"/storage/v1/object/{empty_bucket}/a", content=b"x")
    path = f"/storage/v1/object/sign/{empty_bucket}/a?token="
    old = keys.sign_jwt({"url": f"{empty_bucket}/a", "exp": 1}, stack.jwt_secret)
    other = keys.sign_jwt({"url": f"{empty_bucket}/b"}, stack.jwt_secret)
    for token, error in ((old, "InvalidJWT"), (other, "InvalidSignature"), ("x", "InvalidJWT")):
        answer = bare.get(path + token)
        assert (answer.status_code, answer.json()["statusCode"], answer.json()["error"]) == (400, "400", error)


@pytest.mark.parametrize("path", ["object/info/videos/a", "object/videos/a"])
@pytest.mark.parametrize("token", ["expired", "forged", "none"])
def test_a_private_bucket_is_not_there_for_a_bad_key(
    bare: httpx.Client, stack: StackInfo, path: str, token: str
) -> None:
    tokens = {
        "expired": mint_jwt(stack, role="service_role", expires_in=-1),
        "forged": keys.role_jwt("another secret", role="service_role"),
    }
    headers = {"Authorization": f"Bearer {tokens[token]}"} if token in tokens else {}
    assert bare.get(f"/storage/v1/{path}", headers=headers).json() == NO_BUCKET
    clear = path.replace("videos", "authenticated/videos")
    assert bare.get(f"/storage/v1/{clear}", headers=headers).json()["code"] in {"AccessDenied", "InvalidRequest"}


@pytest.mark.parametrize("mime_type", ["application/json; charset=utf-8", "Video/MP4", "text/plain", "video"])
def test_a_bucket_that_lists_types_takes_exactly_those(
    http: httpx.Client, new_bucket: Callable[..., str], mime_type: str
) -> None:
    where = f"/storage/v1/object/{new_bucket(allowed_mime_types=['video/*', 'application/json'])}/a"
    upsert = {"x-upsert": "true"}
    refused = http.post(where, content=b"x", headers={"Content-Type": mime_type, **upsert})
    assert (refused.status_code, refused.json()["statusCode"], refused.json()["code"]) == (
        400,
        "415",
        "InvalidMimeType",
    )
    for allowed in ("video/webm", "application/json"):
        taken = http.post(where, content=b"x", headers={"Content-Type": allowed, **upsert})
        assert taken.status_code == 200


def test_a_bucket_whose_list_of_types_is_empty_takes_nothing_in_parts(
    http: httpx.Client, new_bucket: Callable[..., str]
) -> None:
    bucket = new_bucket(allowed_mime_types=[])
    whole = http.post(f"/storage/v1/object/{bucket}/a", content=b"x")
    described = {"bucketName": bucket, "objectName": "b", "contentType": "video/mp4"}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in described.items())
    sent = {"Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": metadata}
    parts = http.post("/storage/v1/upload/resumable", headers=sent)
    assert (whole.status_code, parts.status_code) == (200, 415)


def test_a_placeholder_of_a_folder_is_empty(http: httpx.Client, empty_bucket: str) -> None:
    where = f"/storage/v1/object/{empty_bucket}/raw/.emptyFolderPlaceholder"
    assert http.post(where, content=b"x").json()["code"] == "EntityTooLarge"
    assert http.post(where, content=b"").status_code == 200


@pytest.mark.parametrize(("wanted", "limit"), [("20MB", 20_000_000), ("3B", 3), (7, 7), ("50MiB", None), ("7", 7)])
def test_limits_of_a_bucket_are_in_decimal_units(
    http: httpx.Client, new_bucket: Callable[..., str], wanted: str | int, limit: int | None
) -> None:
    where = f"/storage/v1/bucket/{new_bucket()}"
    answer = http.put(where, json={"file_size_limit": wanted})
    if limit is None:
        assert (answer.status_code, answer.json()["code"]) == (400, "InvalidRequest")
    else:
        assert http.get(where).json()["file_size_limit"] == limit


def test_a_path_that_is_not_known(http: httpx.Client) -> None:
    answer = http.get("/storage/v1/objects/videos/a?b=c")
    message = "Route GET:/objects/videos/a?b=c not found"
    assert (answer.status_code, answer.json()) == (404, {"message": message, "error": "Not Found", "statusCode": 404})


@pytest.mark.parametrize("wanted", [{"prefix": "", "limit": 0}, {"prefix": "", "offset": -1}, {"limit": 1}])
def test_a_listing_of_nothing_is_refused(http: httpx.Client, wanted: dict[str, Any]) -> None:
    answer = http.post("/storage/v1/object/list/videos", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidRequest")


def test_a_name_that_is_too_long_makes_the_service_fail(http: httpx.Client) -> None:
    assert http.post(f"/storage/v1/object/videos/{'a' * 1100}", content=b"x").status_code == 500


@pytest.mark.parametrize("name", ["a%5Cb", "caf%C3%A9", "a%23b"])
def test_names_the_service_does_not_take(http: httpx.Client, name: str) -> None:
    answer = http.post(f"/storage/v1/object/videos/{name}", content=b"x")
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidKey")


def test_the_client_library_sees_the_status_of_the_body(supabase_client: Client) -> None:
    with pytest.raises(StorageApiError) as caught:
        supabase_client.storage.from_("videos").download("no")
    assert (caught.value.status, caught.value.code) == ("404", "not_found")
