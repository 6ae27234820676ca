"""Requests to the API server: what is sent, what becomes of the answer, and what happens when a token has ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from runops_operator.kubernetes_api import api_login
from runops_operator.kubernetes_api.api_login import ApiLogin, log_in
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

    def login(self, token: str | None = None) -> ApiLogin:
        return ApiLogin(server=self.url, token=token or "first")


@pytest.fixture
async def server() -> AsyncIterator[_Server]:
    server = _Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app)
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
    assert server.bodies == [b'{"spec":{"suspend":true}}']


async def test_a_selector_arrives_as_it_was_meant(server: _Server) -> None:
    selector = "app.kubernetes.io/managed-by=runops-operator,batch.kubernetes.io/job-name=a+b"
    async with ApiServer(server.login) as api:
        await api.call("GET", _PATH, query={"labelSelector": selector})

    assert server.seen[0].query["labelSelector"] == selector


async def test_a_token_that_was_renewed_is_read_and_the_request_made_again(server: _Server) -> None:
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


async def test_a_token_that_is_refused_and_was_not_renewed_is_an_error_after_one_request(server: _Server) -> None:
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
async def test_a_refusal_has_its_words_and_is_counted_where_it_tells_no_fact(
    server: _Server, status: int, kind: type[ClusterError], failures: int
) -> None:
    failed: list[Any] = []
    server.answer = partial(web.json_response, {"message": "not so"}, status=status)
    async with ApiServer(server.login, failed=lambda *what: failed.append(what)) as api:
        with pytest.raises(kind, match=f"GET {_PATH}: {status} not so") as raised:
            await api.call("GET", _PATH)

    assert raised.value.status == status
    assert len(failed) == failures


@pytest.mark.parametrize("text", ["<html>", "[1]", ""], ids=["no JSON", "no object", "nothing"])
async def test_an_answer_that_is_no_object_is_an_error(server: _Server, text: str) -> None:
    server.answer = partial(web.Response, text=text)
    async with ApiServer(server.login) as api:
        with pytest.raises(ClusterError, match="the answer is no JSON object"):
            await api.call("GET", _PATH)


async def test_a_redirection_is_not_followed(server: _Server) -> None:
    server.answer = partial(web.Response, status=302, headers={"Location": f"{server.url}/elsewhere"})
    async with ApiServer(server.login) as api:
        with pytest.raises(ClusterError, match="302"):
            await api.call("GET", _PATH)

    assert [request.path for request in server.seen] == [_PATH]


async def test_a_server_that_is_not_there_is_told_and_counted() -> None:
    failed: list[Any] = []
    async with ApiServer(
        lambda: ApiLogin(server="http://127.0.0.1:9"), failed=lambda *what: failed.append(what)
    ) as api:
        with pytest.raises(ClusterError, match=r"the API server cannot be reached \(ClientConnectorError\)"):
            await api.call("GET", _PATH)

    assert failed == [("GET", "jobs", None)]


async def test_a_server_that_does_not_answer_is_given_up(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runops_operator.kubernetes_api.api_server._REQUEST_SECONDS", 0.2)
    server.silent = True
    async with ApiServer(server.login) as api:
        with pytest.raises(ClusterError, match="cannot be reached"):
            await api.call("GET", _PATH)


def test_in_a_pod_the_service_account_is_used_and_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_login, "_SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    (tmp_path / "token").write_text("first\n")
    before = log_in()
    (tmp_path / "token").write_text("second\n")

    assert before.server == "https://[fd00::1]:6443"
    assert before.ca_path == str(tmp_path / "ca.crt")
    assert before.as_http_headers()["Authorization"] == "Bearer first"
    assert log_in().as_http_headers()["Authorization"] == "Bearer second"


@pytest.fixture
def no_pod(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.usefixtures("no_pod")
def test_without_a_service_account_and_a_kubeconfig_the_error_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)

    with pytest.raises(ClusterError, match="neither a service account nor a kubeconfig"):
        log_in()


@pytest.mark.usefixtures("no_pod")
@pytest.mark.parametrize("text", ["{", "[]", "current-context: there\n", None], ids=["YAML", "list", "context", "file"])
def test_a_kubeconfig_that_cannot_be_read_is_an_error(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(path))

    with pytest.raises(ClusterError, match="cannot be read"):
        log_in()


@pytest.mark.usefixtures("no_pod")
def test_an_error_about_a_kubeconfig_quotes_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("users: [{user: {token: sesame, : }")
    monkeypatch.setenv("KUBECONFIG", str(path))

    with pytest.raises(ClusterError) as raised:
        log_in()

    assert "sesame" not in str(raised.value)
    assert raised.value.__suppress_context__


async def test_certificates_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="The certificates for https://there cannot be read"):
        ApiServer(lambda: ApiLogin(server="https://there", ca_path=str(tmp_path / "none")))
