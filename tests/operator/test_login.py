"""As whom the operator speaks to the API server, and that replaced tokens and certificates are read again."""

import asyncio
import base64
import datetime as dt
import json
import os
import stat
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
import pytest
import yaml
from aiohttp import web
from kubernetes.aio.config.kube_config import KubeConfigMerger

from devstack.cluster.configuration.certificates import Authority
from runops_operator.kubernetes_api import login as login_module
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.kubernetes_api.kopf_login import KopfLogins
from runops_operator.kubernetes_api.login import log_in
from runops_operator.kubernetes_api.oidc import expires_at
from tests.identity_provider import IdentityProvider
from tests.network_path import ConnectProxy, TlsFront, serving_pair

_PATH = "/apis/batch/v1/namespaces/n/jobs/j"


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No pod, no kubeconfig, no proxy."""
    for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBECONFIG", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


class _Server:
    """An API server that answers with the credentials it was shown, and takes one token."""

    def __init__(self) -> None:
        self.token = "first"
        self.port = 0
        self.seen: list[str] = []
        self.location: str | None = None

    async def handle(self, request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization", "")
        self.seen.append(shown)
        if self.location is not None:
            raise web.HTTPFound(self.location)
        if shown.lower() != f"bearer {self.token}".lower():
            return web.json_response({"message": "Unauthorized"}, status=401)
        return web.json_response({"kind": "Job"})


@pytest.fixture
async def server() -> AsyncIterator[_Server]:
    server = _Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


@pytest.fixture
def authority() -> Authority:
    return Authority("of the cluster")


@pytest.fixture
async def front(server: _Server, authority: Authority, tmp_path: Path) -> AsyncIterator[TlsFront]:
    """The server behind TLS."""
    async with TlsFront.running(tmp_path, serving_pair(authority), upstream="127.0.0.1", port=server.port) as front:
        yield front


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Authority) -> Path:
    """The folder of a service account, as a pod has it."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text("first")
    (folder / "ca.crt").write_bytes(authority.certificate)
    monkeypatch.setattr(login_module, "_SERVICE_ACCOUNT", folder)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    return folder


Kubeconfig = Callable[..., Path]
"""Writes a kubeconfig for a user; named arguments change the cluster's entry."""


@pytest.fixture
def kubeconfig(front: TlsFront, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kubeconfig:
    path = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(path))
    there = {
        "server": f"https://127.0.0.1:{front.port}",
        "certificate-authority-data": base64.b64encode(authority.certificate).decode(),
    }

    def write(user: Mapping[str, Any], **changes: str) -> Path:
        cluster = there | {name.replace("_", "-"): value for name, value in changes.items()}
        config = {
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": dict(user)}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        path.write_text(yaml.safe_dump(config))
        return path

    return write


def _plugin(folder: Path, body: str) -> dict[str, Any]:
    """A credential plugin of Python; `calls` beside it counts how often it ran."""
    program = folder / "plugin"
    program.write_text(f"#!{sys.executable}\nimport json, os, sys, time\nopen(sys.argv[1], 'a').write('x')\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    calls = str(folder / "calls")
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(program),
            "args": [calls],
            "env": [{"name": "SUFFIX", "value": "t"}],
            "interactiveMode": "Never",
        }
    }


_GIVES = """
count = len(open(sys.argv[1]).read())
given = {"token": "firs" + os.environ["SUFFIX"] if count == 1 else "second"}
print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": given}))
"""


def test_in_a_pod_the_service_account_is_used_and_the_address_may_be_ipv6(
    account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    configuration = asyncio.run(log_in())

    assert configuration.host == "https://[fd00::1]:443"
    assert configuration.ssl_ca_cert == str(account / "ca.crt")


async def test_a_token_that_the_kubelet_replaced_is_read_again(
    server: _Server, front: TlsFront, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the next request after a refusal, and every minute without one."""
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(front.port))
    async with ApiServer(log_in) as api:
        await api.call("GET", _PATH)
        (account / "token").write_text("second")
        server.token = "second"
        await api.call("GET", _PATH)

    assert server.seen == ["bearer first", "bearer first", "bearer second"]


async def test_a_token_is_read_again_every_minute_before_it_is_refused(
    server: _Server, front: TlsFront, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(front.port))
    async with ApiServer(log_in) as api:
        await api.call("GET", _PATH)
        (account / "token").write_text("second")
        server.token = "second"
        with monkeypatch.context() as later:
            later.setattr("kubernetes.aio.config.incluster_config.datetime", _MINUTE_LATER)
            await api.call("GET", _PATH)

    assert server.seen == ["bearer first", "bearer second"]


class _Later(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return super().now(tz) + dt.timedelta(seconds=61)


_MINUTE_LATER = SimpleNamespace(datetime=_Later, timedelta=dt.timedelta)


async def test_an_empty_token_file_is_an_error_that_names_it(
    front: TlsFront, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(front.port))
    async with ApiServer(log_in) as api:
        (account / "token").write_text("")
        with monkeypatch.context() as later:
            later.setattr("kubernetes.aio.config.incluster_config.datetime", _MINUTE_LATER)
            with pytest.raises(ClusterError, match=f"GET {_PATH}: the credentials cannot be read: Token file"):
                await api.call("GET", _PATH)


async def test_a_rotated_authority_is_trusted_and_the_old_one_no_longer(
    front: TlsFront, authority: Authority, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(front.port))
    successor = Authority("of the cluster, later")
    async with ApiServer(log_in) as api:
        await api.call("GET", _PATH)
        front.show(serving_pair(successor))
        with pytest.raises(ClusterError, match="ClientConnectorCertificateError"):
            await api.call("GET", _PATH)

        (account / "ca.crt").write_bytes(b"")
        with pytest.raises(ClusterError, match="ClientConnectorCertificateError"):
            await api.call("GET", _PATH)

        (account / "new").write_bytes(successor.certificate)
        (account / "new").rename(account / "ca.crt")
        await api.call("GET", _PATH)

        front.show(serving_pair(authority))
        with pytest.raises(ClusterError, match="ClientConnectorCertificateError"):
            await api.call("GET", _PATH)


async def test_kopf_gets_the_same_login_and_its_tls_follows_a_rotation(
    server: _Server, front: TlsFront, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(front.port))
    outcomes: list[tuple[str, str | None]] = []
    logins = KopfLogins(lambda path, trouble: outcomes.append((path, trouble)))
    try:
        info = await logins.log_in()
        assert info.server == f"https://127.0.0.1:{front.port}"
        session = info.aiohttp_session
        assert session.headers["Accept-Encoding"] == "identity"
        assert not session.trust_env

        async def call() -> None:
            async with session.get(info.server + _PATH, headers={"Connection": "close"}) as response:
                assert (await response.json())["kind"] == "Job"

        await call()
        assert server.seen == ["bearer first"]
        successor = Authority("of the cluster, later")
        front.show(serving_pair(successor))
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await call()
        (account / "ca.crt").write_bytes(successor.certificate)
        await call()
        server.token = "second"
        async with session.get(info.server + _PATH) as response:
            assert (await response.json())["message"] == "Unauthorized", "kopf reads what we have read, too"
    finally:
        await logins.close()
    assert [path for path, _ in outcomes] == [_PATH] * 4
    assert [trouble for _, trouble in outcomes[::2]] == [None, None]
    assert (outcomes[1][1] or "").startswith("the API server cannot be reached (ClientConnectorCertificateError). Its ")
    assert outcomes[3][1] == "401 Unauthorized"
    assert session.closed


async def test_kopf_follows_no_redirection_with_its_token(server: _Server, kubeconfig: Kubeconfig) -> None:
    kubeconfig({"token": "first"})
    server.location = "/elsewhere"
    logins = KopfLogins(lambda _path, _trouble: None)
    try:
        info = await logins.log_in()
        with pytest.raises(ClusterError, match="302 redirects"):
            await info.aiohttp_session.get(info.server + _PATH)
    finally:
        await logins.close()
    assert len(server.seen) == 1


async def test_kopf_takes_equal_logins_for_equal(account: Path) -> None:
    """It would otherwise try refused credentials again and again."""
    logins = KopfLogins(lambda _path, _trouble: None)
    try:
        first, again = await logins.log_in(), await logins.log_in()
        (account / "token").write_text("second")

        assert first == again
        assert await logins.log_in() != first
        assert "first" not in repr(first)
    finally:
        await logins.close()


async def test_a_credential_plugin_is_run_and_run_again_when_its_token_is_refused(
    server: _Server, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    kubeconfig(_plugin(tmp_path, _GIVES))
    async with ApiServer(log_in) as api:
        await api.call("GET", _PATH)
        await api.call("GET", _PATH)
        assert (tmp_path / "calls").read_text() == "x"
        server.token = "second"
        await asyncio.gather(*(api.call("GET", _PATH) for _ in range(5)))

    assert (tmp_path / "calls").read_text() == "xx"


async def test_a_credential_plugin_may_give_a_certificate(
    kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path
) -> None:
    pair = authority.issue("me")
    given = {"clientCertificateData": pair.certificate.decode(), "clientKeyData": pair.key.decode()}
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": given}
    (tmp_path / "answer").write_text(json.dumps(answer))
    body = f"print(open({str(tmp_path / 'answer')!r}).read())"
    kubeconfig(_plugin(tmp_path, body))

    configuration = await log_in()

    certificate, key = Path(configuration.cert_file or ""), Path(configuration.key_file or "")
    assert certificate.read_bytes() == pair.certificate  # noqa: ASYNC240 - a local file
    assert stat.S_IMODE(key.stat().st_mode) == 0o600  # noqa: ASYNC240 - a local file


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("print('sesame', file=sys.stderr); sys.exit(3)", "plugin .*plugin of the kubeconfig failed: .*returned 3"),
        ("print('sesame')", "of the kubeconfig failed"),
        (
            'print(\'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {}}\')',
            "gives no credentials",
        ),
        ("time.sleep(60)", "Logging in to the cluster took more than 1 s"),
    ],
    ids=["exit code", "not JSON", "nothing", "hangs"],
)
async def test_a_credential_plugin_that_fails_is_an_error_without_what_it_printed(
    body: str, sentence: str, kubeconfig: Kubeconfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_module, "_LOGIN_SECONDS", 1 if "sleep" in body else 60)
    kubeconfig(_plugin(tmp_path, body))
    with pytest.raises(ClusterError, match=sentence) as raised:
        await log_in()
    assert "sesame" not in "".join(traceback.format_exception(raised.value))


async def test_a_credential_plugin_that_hangs_is_killed(
    kubeconfig: Kubeconfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_module, "_LOGIN_SECONDS", 1)
    pid_file = tmp_path / "pid"
    kubeconfig(_plugin(tmp_path, f"open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"))
    with pytest.raises(ClusterError, match="took more than 1 s"):
        await log_in()
    if pid_file.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid_file.read_text()), 0)


async def test_a_credential_plugin_may_print_more_to_stderr_than_a_pipe_holds(
    kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    kubeconfig(_plugin(tmp_path, f"sys.stderr.write('x' * 1_000_000)\n{_GIVES}"))
    assert (await log_in()).api_key["BearerToken"] == "Bearer first"


def test_the_expiry_of_a_token_is_read_from_its_payload() -> None:
    assert expires_at(_jwt({"exp": 1700000000, "name": "Ünal ?>~ÿ"})) == 1700000000
    assert [expires_at(text) for text in ("", "a.b", "a.!!.c", _jwt({}), _jwt({"exp": "soon"}))] == [None] * 5


def _jwt(claims: Mapping[str, Any]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims, ensure_ascii=False).encode()).rstrip(b"=")
    return f"e30.{payload.decode()}.c2ln"


@pytest.mark.parametrize("expires_in", [-60.0, 30.0, 3600.0], ids=["expired", "expires soon", "valid"])
async def test_an_id_token_is_refreshed_once_it_expires_and_the_new_one_is_kept(
    expires_in: float, server: _Server, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    old, new = _jwt({"exp": time.time() + expires_in}), _jwt({"exp": time.time() + 7200, "new": True})
    of_provider = Authority("of the identity provider")
    folder = tmp_path / "provider"
    folder.mkdir()
    async with IdentityProvider.running(of_provider, folder, new) as provider:
        path = kubeconfig(_oidc(provider, of_provider, old))
        server.token = old if expires_in > 60 else new
        for _ in range(2):
            async with ApiServer(log_in) as api:
                await api.call("GET", _PATH)

    kept = yaml.safe_load(path.read_text())["users"][0]["user"]["auth-provider"]["config"]
    if expires_in > 60:
        assert (provider.refreshed, kept["id-token"]) == (0, old)
    else:
        assert (provider.refreshed, kept["id-token"], kept["refresh-token"]) == (1, new, "refresh-2")
        assert provider.forms[0]["client_secret"] == "sesame"


def _oidc(provider: IdentityProvider, trusted: Authority, id_token: str) -> dict[str, Any]:
    config = {
        "idp-issuer-url": provider.url,
        "idp-certificate-authority-data": base64.b64encode(trusted.certificate).decode(),
        "client-id": "runops",
        "client-secret": "sesame",
        "id-token": id_token,
        "refresh-token": "refresh-1",
    }
    return {"auth-provider": {"name": "oidc", "config": config}}


async def test_an_identity_provider_that_is_not_trusted_gets_no_token(
    kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path
) -> None:
    folder = tmp_path / "provider"
    folder.mkdir()
    async with IdentityProvider.running(Authority("unknown"), folder, "new") as provider:
        kubeconfig(_oidc(provider, authority, _jwt({"exp": 1})))
        with pytest.raises(ClusterError, match=r"gives no new id token \(ClientConnectorCertificateError\)"):
            await log_in()
    assert provider.forms == []


async def test_an_identity_provider_that_refuses_is_an_error_without_a_token(
    kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    folder = tmp_path / "provider"
    folder.mkdir()
    of_provider = Authority("of the identity provider")
    async with IdentityProvider.running(of_provider, folder, "new") as provider:
        provider.refreshed = 5
        kubeconfig(_oidc(provider, of_provider, _jwt({"exp": 1})))
        with pytest.raises(ClusterError, match=r"gives no new id token \(ClientResponseError\)") as raised:
            await log_in()
    assert "refresh-1" not in "".join(traceback.format_exception(raised.value))


async def test_a_kubeconfig_that_cannot_be_written_serves_all_the_same(
    kubeconfig: Kubeconfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is mounted from a Secret."""

    def read_only(*_: Any) -> None:
        raise OSError(30, "Read-only file system")

    folder = tmp_path / "provider"
    folder.mkdir()
    of_provider = Authority("of the identity provider")
    async with IdentityProvider.running(of_provider, folder, "new") as provider:
        kubeconfig(_oidc(provider, of_provider, _jwt({"exp": 1})))
        monkeypatch.setattr(KubeConfigMerger, "save_changes", read_only)
        configuration = await log_in()
    assert configuration.api_key["BearerToken"] == "Bearer new"


async def test_requests_go_through_the_proxy_of_the_environment_and_of_the_kubeconfig(
    front: TlsFront, kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This machine is always reached directly under its usual names, so the kubeconfig has another one.
    cluster = {"server": f"https://0.0.0.0:{front.port}", "tls_server_name": "127.0.0.1"}
    user = {"token": "first"}

    async def call() -> None:
        async with ApiServer(log_in) as api:
            await api.call("GET", _PATH)

    async with ConnectProxy.running() as proxy, ConnectProxy.running() as other:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        kubeconfig(user, **cluster)
        await call()
        logins = KopfLogins(lambda _path, _trouble: None)
        info = await logins.log_in()
        async with info.aiohttp_session.get(info.server + _PATH):
            await logins.close()
        assert proxy.asked == [f"0.0.0.0:{front.port}"] * 2

        monkeypatch.setenv("NO_PROXY", "0.0.0.0/31")
        await call()
        assert len(proxy.asked) == 2

        kubeconfig(user, **cluster, proxy_url=f"http://127.0.0.1:{other.port}")
        await call()
        assert (len(proxy.asked), other.asked) == (2, [f"0.0.0.0:{front.port}"])


def test_without_a_service_account_and_a_kubeconfig_the_error_names_both() -> None:
    with pytest.raises(ClusterError, match="neither a service account nor a kubeconfig"):
        asyncio.run(log_in())


@pytest.mark.parametrize("text", ["{", "[]", "current-context: there\n", None], ids=["YAML", "list", "context", "file"])
def test_a_kubeconfig_that_cannot_be_read_is_an_error(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(path))

    with pytest.raises(ClusterError, match="cannot be read"):
        asyncio.run(log_in())


def test_an_error_about_a_kubeconfig_quotes_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("users: [{user: {token: sesame, : }")
    monkeypatch.setenv("KUBECONFIG", str(path))

    with pytest.raises(ClusterError) as raised:
        asyncio.run(log_in())

    assert "sesame" not in "".join(traceback.format_exception(raised.value))
