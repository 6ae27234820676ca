"""Requests to the API server: what is sent, what an answer means, and what happens when credentials are refused."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, NotFound

_PATH = "/apis/batch/v1/namespaces/n/jobs/j"


class _Server:
    """An API server with one token, which notes what it was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.token = "first"
        self.answer: Callable[[], web.Response] = partial(web.json_response, {"kind": "Job"})
        self.silent = False
        self.seen: list[web.Request] = []
        self.bodies: list[bytes] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        if self.silent:
            await asyncio.sleep(3600)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"message": "Unauthorized"}, status=401)
        return self.answer()

    async def login(self, token: str = "first") -> Configuration:  # noqa: S107 - of a stand-in
        return Configuration(host=self.url, api_key={"BearerToken": f"Bearer {token}"})


@pytest.fixture
async def server() -> AsyncIterator[_Server]:
    server = _Server()
    app = web.Application()

    async def handle(request: web.Request) -> web.StreamResponse:
        return await server.handle(request)

    app.router.add_route("*", "/{path:.*}", handle)
    # A handler that never answers would hold the end of the test up for a minute.
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


async def test_a_patch_is_a_merge_patch_and_empty_parameters_are_left_out(server: _Server) -> None:
    async with ApiServer(server.login) as api:
        answer = await api.call("PATCH", _PATH, query={"limit": "5", "continue": ""}, body={"spec": {"suspend": True}})

    (request,) = server.seen
    assert answer == {"kind": "Job"}
    assert (request.path, dict(request.query)) == (_PATH, {"limit": "5"})
    assert request.content_type == "application/merge-patch+json"
    assert request.headers["Accept-Encoding"] == "identity"
    assert [json.loads(body) for body in server.bodies] == [{"spec": {"suspend": True}}]


async def test_a_selector_arrives_unchanged(server: _Server) -> None:
    selector = "app.kubernetes.io/managed-by=runops-operator,batch.kubernetes.io/job-name=a+b"
    async with ApiServer(server.login) as api:
        await api.call("GET", _PATH, query={"labelSelector": selector})

    assert server.seen[0].query["labelSelector"] == selector


async def test_a_refused_request_is_repeated_with_a_renewed_token(server: _Server) -> None:
    tokens = iter(["first", "second", "third"])
    async with ApiServer(lambda: server.login(next(tokens))) as api:
        server.token = "second"
        await api.call("GET", _PATH)
        await api.call("GET", _PATH)

    assert [request.headers["Authorization"] for request in server.seen] == [
        "Bearer first",
        "Bearer second",
        "Bearer second",
    ]


async def test_a_refused_token_that_was_not_renewed_is_an_error_after_one_request(server: _Server) -> None:
    failed: list[Any] = []
    server.token = "another"
    async with ApiServer(server.login, failed=lambda *what: failed.append(what)) as api:
        with pytest.raises(ClusterError, match="401 Unauthorized"):
            await api.call("GET", _PATH)

    assert len(server.seen) == 1
    assert failed == [("GET", "jobs", 401)]


@pytest.mark.parametrize(
    ("status", "kind", "failures"), [(404, NotFound, 0), (409, Conflict, 0), (422, ClusterError, 1)], ids=str
)
async def test_a_refusal_carries_the_servers_words_and_counts_unless_it_states_a_fact(
    server: _Server, status: int, kind: type[ClusterError], failures: int
) -> None:
    failed: list[Any] = []
    server.answer = partial(web.json_response, {"message": "not so"}, status=status)
    async with ApiServer(server.login, failed=lambda *what: failed.append(what)) as api:
        with pytest.raises(kind, match=f"GET {_PATH}: {status} not so") as raised:
            await api.call("GET", _PATH)

    assert raised.value.status == status
    assert len(failed) == failures


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/api/v1/namespaces/runops", "namespaces"),
        ("/api/v1/namespaces/runops/pods/a", "pods"),
        ("/apis/runops.dev/v1alpha1/namespaces/runops/videojobs/a/status", "videojobs/status"),
    ],
)
async def test_a_failed_request_counts_for_its_resource(server: _Server, path: str, resource: str) -> None:
    failed: list[Any] = []
    server.answer = partial(web.json_response, {"message": "forbidden"}, status=403)
    async with ApiServer(server.login, failed=lambda *what: failed.append(what)) as api:
        with pytest.raises(ClusterError, match="403 forbidden"):
            await api.call("GET", path)

    assert failed == [("GET", resource, 403)]


@pytest.mark.parametrize("status", [403, 405])
async def test_a_resource_whose_definition_is_being_deleted_is_not_there(server: _Server, status: int) -> None:
    words = (
        'videojobs.runops.dev "vj-1" is forbidden: create not allowed while custom resource definition is terminating'
    )
    server.answer = partial(web.json_response, {"kind": "Status", "message": words}, status=status)
    async with ApiServer(server.login) as api:
        with pytest.raises(NotFound, match="is terminating") as caught:
            await api.call("POST", _PATH, body={})
    assert caught.value.status == 404


@pytest.mark.parametrize("text", ["<html>", "[1]", ""], ids=["not JSON", "not an object", "nothing"])
async def test_an_answer_that_is_not_an_object_is_an_error(server: _Server, text: str) -> None:
    server.answer = partial(web.Response, text=text)
    async with ApiServer(server.login) as api:
        with pytest.raises(ClusterError, match="the answer is not a JSON object"):
            await api.call("GET", _PATH)


async def test_a_redirect_is_not_followed(server: _Server) -> None:
    server.answer = partial(web.Response, status=302, headers={"Location": f"{server.url}/elsewhere"})
    async with ApiServer(server.login) as api:
        with pytest.raises(ClusterError, match="302"):
            await api.call("GET", _PATH)

    assert [request.path for request in server.seen] == [_PATH]


async def test_an_unreachable_server_is_an_error_and_counts() -> None:
    failed: list[Any] = []

    async def login() -> Configuration:
        return Configuration(host="http://127.0.0.1:9")

    async with ApiServer(login, failed=lambda *what: failed.append(what)) as api:
        with pytest.raises(ClusterError, match=r"the API server cannot be reached \(ClientConnectorError\)"):
            await api.call("GET", _PATH)

    assert failed == [("GET", "jobs", None)]


async def test_a_request_without_an_answer_ends_at_its_deadline(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runops_operator.kubernetes_api.api_server._REQUEST_SECONDS", 0.2)
    server.silent = True
    async with ApiServer(server.login) as api:
        with pytest.raises(ClusterError, match="cannot be reached"):
            await api.call("GET", _PATH)


async def test_twenty_requests_refused_at_once_share_one_new_login_and_all_succeed(server: _Server) -> None:
    logins = 0
    all_came = asyncio.Event()

    async def login() -> Configuration:
        nonlocal logins
        logins += 1
        await asyncio.sleep(0)
        return await server.login("first" if logins == 1 else "second")

    async def refuse_when_all_came(request: web.Request) -> web.StreamResponse:
        answer = await handle(request)
        if len(server.seen) == 20:
            all_came.set()
        await all_came.wait()
        return answer

    handle = server.handle
    server.handle = refuse_when_all_came  # type: ignore[method-assign]
    async with ApiServer(login) as api:
        server.token = "second"
        answers = await asyncio.gather(*(api.call("GET", _PATH) for _ in range(20)))

    assert answers == [{"kind": "Job"}] * 20
    assert logins == 2
    assert len(server.seen) == 40


@pytest.mark.parametrize("renewed", ["second", "first"], ids=["another token", "the same token"])
async def test_a_replaced_connection_is_closed_when_no_request_uses_it(
    server: _Server, monkeypatch: pytest.MonkeyPatch, renewed: str
) -> None:
    sessions: list[aiohttp.ClientSession] = []

    session_of = aiohttp.ClientSession

    def noted(**arguments: Any) -> aiohttp.ClientSession:
        sessions.append(session_of(**arguments))
        return sessions[-1]

    monkeypatch.setattr(aiohttp, "ClientSession", noted)
    tokens = iter(["first", renewed])
    async with ApiServer(lambda: server.login(next(tokens))) as api:
        server.token = "second"
        with contextlib.suppress(ClusterError):
            await api.call("GET", _PATH)
        assert sessions[0].closed

    assert all(session.closed for session in sessions)


async def test_a_login_that_fails_fails_each_waiting_request_and_the_next_one_tries_again(server: _Server) -> None:
    logins = 0

    async def login() -> Configuration:
        nonlocal logins
        logins += 1
        await asyncio.sleep(0.05)
        if logins == 2:
            raise ClusterError("The credential plugin failed.")
        return await server.login("first" if logins == 1 else "second")

    async with ApiServer(login) as api:
        server.token = "second"
        answers = await asyncio.gather(*(api.call("GET", _PATH) for _ in range(5)), return_exceptions=True)
        assert [str(answer) for answer in answers] == ["The credential plugin failed."] * 5
        assert await api.call("GET", _PATH) == {"kind": "Job"}

    assert logins == 3


async def test_a_request_in_flight_outlives_the_login_it_was_sent_with(server: _Server) -> None:
    """A slow list under the old token is answered while another request renews the login."""
    arrived, release = asyncio.Event(), asyncio.Event()
    logins = iter(["first", "second"])

    async def slow_list(request: web.Request) -> web.StreamResponse:
        if request.path == "/slow":
            arrived.set()
            await release.wait()
            return web.json_response({"kind": "List"})
        return await handle(request)

    handle = server.handle
    server.handle = slow_list  # type: ignore[method-assign]
    async with ApiServer(lambda: server.login(next(logins))) as api:
        slow = asyncio.create_task(api.call("GET", "/slow"))
        await arrived.wait()
        server.token = "second"
        assert await api.call("GET", _PATH) == {"kind": "Job"}
        release.set()
        assert await slow == {"kind": "List"}


async def test_certificates_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    async def login() -> Configuration:
        return Configuration(host="https://there", ssl_ca_cert=str(tmp_path / "none"))

    with pytest.raises(ClusterError, match="The certificates for https://there cannot be read"):
        async with ApiServer(login):
            pass
