"""Clients of the stack, for the tests of the stack itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from supabase import Client, create_client
from supabase.lib.client_options import SyncClientOptions

from devstack.stack import StackInfo


@pytest.fixture
def http(stack: StackInfo) -> Iterator[httpx.Client]:
    """An HTTP client with the secret key, as the client library sends it."""
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=120) as client:
        yield client


@pytest.fixture
def bare(stack: StackInfo) -> Iterator[httpx.Client]:
    """An HTTP client without any key."""
    with httpx.Client(base_url=stack.url, timeout=120) as client:
        yield client


@pytest.fixture
def supabase_client(stack: StackInfo) -> Iterator[Client]:
    """The real client library with the secret key."""
    with httpx.Client(timeout=120) as client:
        yield create_client(stack.url, stack.secret_key, SyncClientOptions(httpx_client=client))


@pytest.fixture
def new_bucket(http: httpx.Client) -> Iterator[Callable[..., str]]:
    """Make buckets that are gone after the test, with what is in them."""
    made: list[str] = []

    def make(**options: Any) -> str:
        made.append(f"bucket-{len(made)}")
        assert http.post("/storage/v1/bucket", json={"name": made[-1], **options}).status_code == 200
        return made[-1]

    yield make
    for name in made:
        http.post(f"/storage/v1/bucket/{name}/empty")
        assert http.delete(f"/storage/v1/bucket/{name}").status_code == 200


@pytest.fixture
def empty_bucket(http: httpx.Client) -> Iterator[str]:
    """The bucket `videos` without any object, before the test and after it: other tests use the same stack."""
    assert http.post("/storage/v1/bucket/videos/empty").status_code == 200
    yield "videos"
    assert http.post("/storage/v1/bucket/videos/empty").status_code == 200
