"""Requests the real service refuses are refused, in its form."""

from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from google import genai
from google.genai import errors, types

from devstack.gemini.control import GeminiControl

FLASH = "/v1beta/models/gemini-3.8-flash:generateContent"
HELLO = {"contents": [{"parts": [{"text": "hello"}]}]}
JSON = {"responseMimeType": "application/json"}


def refused(http: httpx.Client, config: dict[str, Any], *, model: str = "gemini-3.8-flash") -> str:
    answer = http.post(f"/v1beta/models/{model}:generateContent", json={**HELLO, "generationConfig": config})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    return str(error["message"])


def accepted(http: httpx.Client, config: dict[str, Any], *, model: str = "gemini-3.8-flash") -> None:
    answer = http.post(f"/v1beta/models/{model}:generateContent", json={**HELLO, "generationConfig": config})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1beta/files"),
        ("DELETE", "/v1alpha/files/x"),
        ("POST", "/upload/v1beta/files"),
        ("POST", FLASH),
    ],
)
def test_a_wrong_key_is_refused_everywhere(http: httpx.Client, method: str, path: str) -> None:
    answer = http.request(method, path, headers={"x-goog-api-key": "wrong"})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"


def test_a_missing_key_is_refused(stand_in: Any, control: GeminiControl) -> None:
    assert httpx.get(f"{stand_in.url}/v1beta/models").status_code == 403
    assert control.calls() == []


def test_a_refusal_never_repeats_the_key(http: httpx.Client) -> None:
    answer = http.get("/v1beta/models", headers={"x-goog-api-key": "wrong-but-secret"})
    assert "wrong-but-secret" not in answer.text


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_models_are_described_under_every_version(http: httpx.Client, version: str) -> None:
    model = http.get(f"/{version}/models/gemini-3.8-flash").json()
    assert (model["inputTokenLimit"], model["outputTokenLimit"], model["thinking"]) == (1_048_576, 65_536, True)


def test_models_are_listed_in_pages(http: httpx.Client) -> None:
    names, token = [], ""
    for _ in range(20):
        page = http.get("/v1beta/models", params={"pageSize": 5, "pageToken": token}).json()
        names += [model["name"] for model in page["models"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert "models/gemini-4-hydrogen" in names
    assert len(names) == len(set(names))


async def test_an_unknown_model_is_not_found(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as missing:
        await client.aio.models.generate_content(model="gemini-1.0-nano", contents="hi")
    assert missing.value.code == 404
    assert "is not found for API version v1beta" in str(missing.value)


def test_a_preview_is_not_served_by_v1(http: httpx.Client) -> None:
    assert http.get("/v1beta/models/gemini-3.1-pro-preview").status_code == 200
    assert http.get("/v1/models/gemini-3.1-pro-preview").status_code == 404


def test_a_routed_model_tells_which_one_answered(http: httpx.Client) -> None:
    answer = http.post("/v1beta/models/gemini-3.7-flash:generateContent", json=HELLO).json()
    assert answer["modelVersion"] == "gemini-3.8-flash"


@pytest.mark.parametrize(
    "body",
    [
        {**HELLO, "content": []},
        {**HELLO, "generationConfig": {"maxTokens": 5}},
        {**HELLO, "generationConfig": {"thinkingConfig": {"level": "LOW"}}},
        {"contents": [{"parts": [{"text": "x", "video": 1}]}]},
        {"contents": [{"parts": [{"fileData": {"uri": "x"}}]}]},
        {"contents": "hello"},
        {"contents": []},
        {"contents": [{"parts": [{}]}]},
        {**HELLO, "serviceTier": "express"},
        {**HELLO, "store": "no"},
        [],
    ],
)
def test_unknown_and_misplaced_fields_are_refused(http: httpx.Client, body: Any) -> None:
    assert http.post(FLASH, json=body).status_code == 400


def test_both_spellings_of_a_field_are_understood(http: httpx.Client) -> None:
    body = {
        "contents": [{"parts": [{"text": "x"}]}],
        "system_instruction": {"parts": [{"text": "be brief"}]},
        "generation_config": {"max_output_tokens": 4_000, "thinkingConfig": {"thinking_level": "low"}},
        "store": False,
        "serviceTier": "flex",
    }
    assert http.post(FLASH, json=body).status_code == 200


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gemini-3.8-flash", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.8-flash", {"thinkingBudget": 0}),
        ("gemini-4-argon", {"thinkingBudget": 100}),
        ("gemini-4-argon", {"thinkingLevel": "xhigh"}),
        ("gemini-2.5-flash", {"thinkingLevel": "LOW"}),
        ("gemini-2.5-flash", {"thinkingLevel": "LOW", "thinkingBudget": 1}),
    ],
)
def test_thinking_of_another_family_is_refused(http: httpx.Client, model: str, thinking: dict[str, Any]) -> None:
    refused(http, {"thinkingConfig": thinking}, model=model)


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gemini-3.8-flash", {"thinkingLevel": "HIGH"}),
        ("gemini-3.5-flash-lite", {"thinkingLevel": "MINIMAL"}),
        ("gemini-4-hydrogen", {"thinkingLevel": "xhigh"}),
        ("gemini-2.5-flash", {"thinkingBudget": 0}),
    ],
)
def test_thinking_of_its_own_family_is_accepted(http: httpx.Client, model: str, thinking: dict[str, Any]) -> None:
    accepted(http, {"thinkingConfig": thinking}, model=model)


@pytest.mark.parametrize("limit", [0, 65_537, "many"])
def test_an_output_limit_out_of_range_is_refused(http: httpx.Client, limit: Any) -> None:
    refused(http, {"maxOutputTokens": limit})


def test_a_schema_needs_the_json_mime_type(http: httpx.Client) -> None:
    refused(http, {"responseJsonSchema": {"type": "object"}})


def test_both_schemas_together_are_refused(http: httpx.Client) -> None:
    refused(http, {**JSON, "responseJsonSchema": {"type": "object"}, "responseSchema": {"type": "OBJECT"}})


async def test_the_real_client_gets_a_typed_error_for_a_bad_schema(client: genai.Client) -> None:
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_json_schema={"type": "string", "pattern": "x"}
    )
    with pytest.raises(errors.ClientError, match="pattern"):
        await client.aio.models.generate_content(model="gemini-3.8-flash", contents="x", config=config)


@pytest.mark.parametrize("mime_type", ["video/x-matroska", "application/zip", "", "video/mp4/x"])
def test_unlisted_mime_types_are_refused(http: httpx.Client, mime_type: str) -> None:
    part = {"inlineData": {"mimeType": mime_type, "data": "AAAA"}}
    assert http.post(FLASH, json={"contents": [{"parts": [part]}]}).status_code == 400


def test_a_file_of_another_kind_than_claimed_is_refused(http: httpx.Client, put_file: Callable[..., str]) -> None:
    name = put_file(b"plain words", "text/plain")
    part = {"fileData": {"fileUri": name, "mimeType": "video/mp4"}}
    assert http.post(FLASH, json={"contents": [{"parts": [part]}]}).status_code == 400


def test_an_unknown_file_is_forbidden_not_missing(http: httpx.Client) -> None:
    part = {"fileData": {"fileUri": "https://host/v1beta/files/nobody", "mimeType": "video/mp4"}}
    answer = http.post(FLASH, json={"contents": [{"parts": [part]}]})
    assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert "File nobody" in answer.json()["error"]["message"]


def test_a_request_over_the_size_limit_is_refused_before_its_body(stand_in: Any) -> None:
    address = urlsplit(stand_in.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=120)
    connection.putrequest("POST", FLASH)
    connection.putheader("Content-Length", str(101 * 1024 * 1024))
    connection.putheader("x-goog-api-key", "key-of-the-stand-in")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"payload size" in answer.read()
    connection.close()


def test_unknown_addresses_are_answered_in_the_same_form(http: httpx.Client) -> None:
    answer = http.get("/v1beta/tunedModels")
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert http.post("/v1beta/models/gemini-3.8-flash:embedContent", json=HELLO).status_code == 404
