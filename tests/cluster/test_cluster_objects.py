"""How tests read objects of a cluster."""

from collections import deque

import httpx
import pytest

from tests.cluster_objects import ClusterObjects

_BUSY = httpx.Response(429, headers={"Retry-After": "0"}, text="storage is (re)initializing")
_POD = {"metadata": {"name": "one"}}


def _objects(*answers: httpx.Response) -> ClusterObjects:
    """Read a server that gives these answers, one after the other."""
    left = deque(answers)
    transport = httpx.MockTransport(lambda _request: left.popleft())
    return ClusterObjects(httpx.Client(base_url="https://server.invalid", transport=transport), "place")


def test_a_server_that_is_busy_for_a_moment_is_asked_again() -> None:
    assert _objects(_BUSY, httpx.Response(200, json={"items": [_POD]}))("pods") == [_POD]


def test_a_refusal_is_no_empty_list() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        _objects(httpx.Response(429))("pods")


def test_what_is_not_there_is_none_and_has_no_log() -> None:
    missing = httpx.Response(404)
    assert _objects(missing).named("pods", "one") is None
    assert _objects(missing).log("one") == ""
