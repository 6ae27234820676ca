"""Logging in to a real API server: credentials that are replaced, plugins that give them, and proxies on the way.

A token is made invalid as the API server knows it: by deleting the Secret that it is bound to.
"""

import asyncio
import base64
import json
import ssl
import stat
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import kopf
import pytest
import yaml
from kubernetes.aio.client import Configuration

from devstack.cluster.configuration.certificates import Authority
from runops_operator.informer.kopf_settings import NoMemories, kopf_settings
from runops_operator.kubernetes_api import login as login_module
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.kopf_login import KopfLogins
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.kubernetes_api.login import log_in
from tests.eventually import eventually
from tests.identity_provider import IdentityProvider
from tests.network_path import ConnectProxy, TlsFront, serving_pair
from tests.on_cluster import Kubectl

pytestmark = pytest.mark.cluster
_PLUGIN_API = "client.authentication.k8s.io/v1"
_PLUGIN = f"""
import json
status = {{{{"token": open({{source!r}}).read()}}}}
print(json.dumps({{{{"apiVersion": "{_PLUGIN_API}", "kind": "ExecCredential", "status": status}}}}))
"""


@dataclass
class Place:
    """A namespace, a service account with rights in it, and the API server behind a front whose authority is ours."""

    namespace: str
    front: TlsFront
    authority: Authority
    folder: Path
    kubectl: Kubectl

    def token(self, name: str) -> str:
        """A token that is valid until `end`."""
        self._done("create", "secret", "generic", name)
        return self._done("create", "token", "runner", "--bound-object-kind", "Secret", "--bound-object-name", name)

    async def end(self, name: str, token: str) -> None:
        """Return when the API server refuses a token; it remembers for some seconds that it was valid."""
        self._done("delete", "secret", name)
        url = f"https://127.0.0.1:{self.front.port}/api/v1/namespaces/{self.namespace}/pods"
        trusted = ssl.create_default_context(cadata=self.authority.certificate.decode())

        def refused() -> bool:
            return httpx.get(url, headers={"Authorization": f"Bearer {token}"}, verify=trusted).status_code == 401

        await asyncio.to_thread(eventually, refused, "the token is refused")

    async def works(self, api: ApiServer) -> None:
        assert await KubernetesCluster(api, self.namespace).list_pods_by("none=such") == []

    def cluster_entry(self) -> dict[str, Any]:
        data = base64.b64encode(self.authority.certificate).decode()
        return {"server": f"https://127.0.0.1:{self.front.port}", "certificate-authority-data": data}

    def kubeconfig(self, user: dict[str, Any], cluster: dict[str, Any] | None = None) -> Path:
        path = self.folder / "kubeconfig"
        path.write_text(
            yaml.safe_dump(
                {
                    "clusters": [{"name": "c", "cluster": cluster or self.cluster_entry()}],
                    "users": [{"name": "u", "user": user}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x",
                }
            )
        )
        return path

    def _done(self, *arguments: str) -> str:
        answer = self.kubectl("-n", self.namespace, *arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip()


@pytest.fixture
async def place(
    namespace: str, kubectl: Kubectl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    for name in ("KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    entry = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json").stdout)
    there = entry["clusters"][0]["cluster"]
    address = urlsplit(there["server"])
    trusted = ssl.create_default_context(cadata=base64.b64decode(there["certificate-authority-data"]).decode())
    authority = Authority("of the front")
    async with TlsFront.running(
        tmp_path,
        serving_pair(authority),
        upstream=str(address.hostname),
        port=address.port or 443,
        upstream_tls=trusted,
    ) as front:
        for arguments in (
            ("create", "serviceaccount", "runner"),
            ("create", "rolebinding", "runner", "--clusterrole=admin", f"--serviceaccount={namespace}:runner"),
        ):
            made = kubectl("-n", namespace, *arguments)
            assert made.returncode == 0, made.stderr
        yield Place(namespace, front, authority, tmp_path, kubectl)


@contextmanager
def in_a_pod(place: Place, monkeypatch: pytest.MonkeyPatch, token: str) -> Iterator[Path]:
    """Give the folder of a service account, as the kubelet mounts it: a link that is changed with all that is in it."""
    account, data = place.folder / "serviceaccount", place.folder / "..1"
    data.mkdir()
    account.mkdir()
    (data / "token").write_text(token)
    (data / "ca.crt").write_bytes(place.authority.certificate)
    (account / "..data").symlink_to(data)
    for name in ("token", "ca.crt"):
        (account / name).symlink_to(Path("..data") / name)
    monkeypatch.setattr(login_module, "_SERVICE_ACCOUNT", account)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(place.front.port))
    yield account


def replaced(account: Path, *, token: str, ca: bytes) -> None:
    """Change what is mounted, as the kubelet does."""
    data = account.parent / "..2"
    data.mkdir()
    (data / "token").write_text(token)
    (data / "ca.crt").write_bytes(ca)
    (account / "..next").symlink_to(data)
    (account / "..next").rename(account / "..data")


async def test_twenty_requests_that_meet_a_401_at_once_read_the_replaced_token_once_and_succeed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = place.token("one"), place.token("two")
    logins = 0

    async def counted() -> Configuration:
        nonlocal logins
        logins += 1
        return await log_in()

    with in_a_pod(place, monkeypatch, first) as account:
        async with ApiServer(counted) as api:
            await place.works(api)
            replaced(account, token=second, ca=place.authority.certificate)
            await place.end("one", first)
            await asyncio.gather(*(place.works(api) for _ in range(20)))
            assert logins == 2


async def test_requests_and_watches_go_on_after_the_authority_was_rotated(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = place.token("one")
    seen: list[str] = []
    registry, logins = kopf.OperatorRegistry(), KopfLogins(lambda _path, _trouble: None)

    @kopf.on.login(registry=registry)
    async def on_login(**_: Any) -> kopf.AiohttpSession:
        return await logins.log_in()

    @kopf.on.event("", "v1", "configmaps", registry=registry)
    async def on_event(name: str, **_: Any) -> None:
        seen.append(name)

    async def sees(name: str) -> None:
        made = await asyncio.to_thread(place.kubectl, "-n", place.namespace, "create", "configmap", name)
        assert made.returncode == 0, made.stderr
        await asyncio.to_thread(eventually, lambda: name in seen, f"kopf sees {name}")

    with in_a_pod(place, monkeypatch, token) as account:
        watching = asyncio.create_task(
            kopf.operator(
                registry=registry,
                settings=kopf_settings(),
                memories=NoMemories(),
                namespaces=[place.namespace],
                standalone=True,
            )
        )
        try:
            async with ApiServer(log_in) as api:
                await place.works(api)
                await sees("before")
                successor = Authority("of the front, later")
                replaced(account, token=token, ca=successor.certificate)
                place.front.show(serving_pair(successor))
                await place.works(api)
                await sees("after")
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await logins.close()


async def test_a_credential_plugin_of_a_kubeconfig_logs_in_and_again(place: Place) -> None:
    first, second = place.token("one"), place.token("two")
    source = place.folder / "token"
    source.write_text(first)
    plugin = place.folder / "plugin"
    plugin.write_text(f"#!{sys.executable}\n{_PLUGIN.format(source=str(source))}")
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    place.kubeconfig({"exec": {"apiVersion": _PLUGIN_API, "command": str(plugin), "interactiveMode": "Never"}})

    async with ApiServer(log_in) as api:
        await place.works(api)
        source.write_text(second)
        await place.end("one", first)
        await place.works(api)


async def test_an_expired_id_token_of_a_kubeconfig_is_refreshed(place: Place) -> None:
    """The provider's new token is one that this API server knows, since it trusts no other issuer than itself."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() - 60}).encode()).decode().rstrip("=")
    trusted = Authority("of the identity provider")
    folder = place.folder / "provider"
    folder.mkdir()
    async with IdentityProvider.running(trusted, folder, place.token("one")) as provider:
        config = {
            "idp-issuer-url": provider.url,
            "idp-certificate-authority-data": base64.b64encode(trusted.certificate).decode(),
            "client-id": "runops",
            "id-token": f"e30.{claims}.c2ln",
            "refresh-token": "refresh-1",
        }
        place.kubeconfig({"auth-provider": {"name": "oidc", "config": config}})
        async with ApiServer(log_in) as api:
            await place.works(api)
        assert provider.refreshed == 1


async def test_requests_take_the_proxy_of_the_environment_but_for_what_no_proxy_excepts(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This machine is always reached directly under its usual names, so the kubeconfig has another one.
    cluster = place.cluster_entry() | {"server": f"https://0.0.0.0:{place.front.port}", "tls-server-name": "127.0.0.1"}
    place.kubeconfig({"token": place.token("one")}, cluster)
    async with ConnectProxy.running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with ApiServer(log_in) as api:
            await place.works(api)
        assert proxy.asked == [f"0.0.0.0:{place.front.port}"]

        monkeypatch.setenv("NO_PROXY", "0.0.0.0/8")
        async with ApiServer(log_in) as api:
            await place.works(api)
        assert len(proxy.asked) == 1
