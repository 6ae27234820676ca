"""Whatever a body holds, it is understood or refused in the API's form; nothing else happens."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.gemini.answers.what_is_said import answer_text
from devstack.gemini.files.store import FileStore
from devstack.gemini.models import MODELS
from devstack.gemini.requests.understand import count_contents, understand
from devstack.gemini.wire import read_request as wire
from devstack.gemini.wire.api_error import ApiError

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 10**20)
    | st.floats()
    | st.sampled_from(["", "5s", "x", "LOW", "OBJECT", "object", "array", "#", "#/$defs/a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "items", "properties", "required", "enum", "$ref", "$defs", "anyOf", "minItems", "a"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
LIKELY = {
    "text": st.text(max_size=5),
    "mimeType": st.sampled_from(["text/plain", "video/mp4", "image/png"]),
    "data": st.sampled_from(["QUJD", "?"]),
    "responseMimeType": st.just("application/json"),
    "role": st.sampled_from(["user", "model"]),
}


def message(name: str, depth: int = 0) -> st.SearchStrategy[Any]:
    """Make bodies of the right form in which any single value may be anything."""

    def value(field: str, kind: str | None) -> st.SearchStrategy[Any]:
        if kind is None:
            return LIKELY.get(field, JSON_VALUES) | JSON_VALUES
        if kind == "string":
            return LIKELY.get(field, st.text(max_size=5)) | JSON_VALUES
        inner = message(kind.removeprefix("*"), depth + 1)
        return st.lists(inner, max_size=2) | JSON_VALUES if kind.startswith("*") else inner | JSON_VALUES

    fields = wire._MESSAGES[name]
    one = st.sampled_from(sorted(fields)).flatmap(
        lambda field: st.tuples(st.just(field), value(field, fields[field]) if depth < 4 else JSON_VALUES)
    )
    return st.lists(one, max_size=4).map(dict)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FileStore:
    return FileStore(tmp_path_factory.mktemp("store"))


CONTENTS = [{"parts": [{"text": "x"}]}]


@given(body=message("Request"), whole=st.booleans())
def test_generate_bodies(store: FileStore, body: dict[str, Any], *, whole: bool) -> None:
    given_body = body if whole else {**body, "contents": CONTENTS}
    with contextlib.suppress(ApiError):
        request = wire.read_request(json.dumps(given_body).encode(), message="Request")
        answer_text(asyncio.run(understand(request, model=MODELS["gemini-3.8-flash"], streamed=False, files=store)))


@given(message("GenerationConfig"))
def test_configurations(store: FileStore, config: dict[str, Any]) -> None:
    with contextlib.suppress(ApiError):
        body = json.dumps({"contents": CONTENTS, "generationConfig": config}).encode()
        request = wire.read_request(body, message="Request")
        answer_text(asyncio.run(understand(request, model=MODELS["gemini-3.8-flash"], streamed=True, files=store)))


@given(schema=JSON_VALUES, openapi=st.booleans())
def test_schemas(store: FileStore, schema: Any, *, openapi: bool) -> None:
    key = "responseSchema" if openapi else "responseJsonSchema"
    config = {"responseMimeType": "application/json", key: schema}
    with contextlib.suppress(ApiError):
        body = json.dumps({"contents": CONTENTS, "generationConfig": config}).encode()
        request = wire.read_request(body, message="Request")
        answer_text(asyncio.run(understand(request, model=MODELS["gemini-3.8-flash"], streamed=True, files=store)))


@given(message("CountRequest"))
def test_count_bodies(store: FileStore, body: dict[str, Any]) -> None:
    with contextlib.suppress(ApiError):
        request = wire.read_request(json.dumps(body).encode(), message="CountRequest")
        asyncio.run(count_contents(request, model=MODELS["gemini-3.8-flash"], files=store))


@given(st.binary(max_size=20))
def test_bytes_that_are_no_body(body: bytes) -> None:
    with contextlib.suppress(ApiError):
        wire.read_request(body, message="Request")


@pytest.mark.parametrize("opening", [b"[", b'{"contents":', b'{"generationConfig":{"responseSchema":'])
def test_bodies_nested_beyond_reason(opening: bytes) -> None:
    with pytest.raises(ApiError):
        wire.read_request(opening * 100_000, message="Request")


def test_nothing_is_left_on_disk(store: FileStore) -> None:
    root = Path(store._spool)
    assert list(root.iterdir()) == []
