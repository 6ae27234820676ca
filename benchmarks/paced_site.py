"""Where calls are paced: VideoJobs on a real API server, the operator's grant loop, each worker's way to its status.

The loop, the store and the requests are the operator's own, and the reports and waits are the worker's own. There are
no pods: each VideoJob says that one works for it, and calls are made from this process.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from kubernetes.aio.client import Configuration

from benchmarks.site import namespace, operator_settings
from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api
from runops.videojob import videojob_name
from runops_operator.config import OperatorConfig
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.observability.metrics import Metrics
from runops_operator.pacing.kept_pace import KeptPace
from runops_operator.pacing.pace_loop import PaceLoop
from runops_operator.pacing.pace_news import PaceNews
from runops_worker.reporting.videojob_sink import VideoJobSink

__all__ = ["PacedSite", "paced_site"]

_KEPT = "pace"
_MERGE = "application/merge-patch+json"
_RULES = [{"apiGroups": ["runops.dev"], "resources": ["videojobs/status"], "verbs": ["patch"]}]


@dataclass(frozen=True)
class PacedSite:
    """One namespace, with VideoJobs that workers may report to."""

    api: Api
    cluster: ClusterInfo
    name: str
    folder: Path

    @property
    def _videojobs(self) -> str:
        return f"/apis/runops.dev/v1alpha1/namespaces/{self.name}/videojobs"

    async def add_videojobs(self, users: Sequence[str]) -> list[str]:
        """Make a VideoJob for each entry, which names its user, and return their names."""
        names = []
        for number, user in enumerate(users, 1):
            job_id = str(UUID(int=number))
            made = {
                "apiVersion": "runops.dev/v1alpha1",
                "kind": "VideoJob",
                "metadata": {"name": videojob_name(job_id)},
                "spec": {"jobId": job_id, "userId": user},
            }
            await self.api.patiently("POST", self._videojobs, made)
            status = {"phase": "Running", "workerPod": {"name": f"worker-{number}", "uid": f"worker-{number}"}}
            path = f"{self._videojobs}/{videojob_name(job_id)}/status"
            await self.api.patiently("PATCH", path, {"status": status}, content_type=_MERGE)
            names.append(videojob_name(job_id))
        return names

    async def remove_videojobs(self) -> None:
        """Delete all VideoJobs and what is kept of the pace."""
        await self.api.patiently("DELETE", self._videojobs)
        path = f"/api/v1/namespaces/{self.name}/configmaps"
        await self.api.patiently("DELETE", f"{path}/{_KEPT}")
        await self.api.patiently("POST", path, {"metadata": {"name": _KEPT}})

    @asynccontextmanager
    async def granting(self, *, minute: float) -> AsyncIterator[Metrics]:
        """Run the operator's grant loop for the time of the block."""
        metrics, news = Metrics(), PaceNews()
        store = Store(news.see)
        async with ApiServer(self._login) as api:
            cluster = KubernetesCluster(api, self.name)
            loop = PaceLoop(
                cluster=cluster,
                store=store,
                news=news,
                kept=KeptPace(cluster, _KEPT),
                config=OperatorConfig.model_validate(operator_settings(self.name)),
                metrics=metrics,
                now=lambda: datetime.now(UTC),
                minute=minute,
            )
            page = await self.api.patiently("GET", self._videojobs)
            for body in page["items"]:
                store.see_videojob(body)
            tasks = [
                asyncio.ensure_future(self._watch(store, page["metadata"]["resourceVersion"])),
                asyncio.ensure_future(loop.run()),
            ]
            try:
                yield metrics
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, store: Store, version: str) -> None:
        while True:
            async for event in self.api.watch(self._videojobs, selector="", version=version):
                store.see_videojob(event["object"], deleted=event["type"] == "DELETED")
                version = event["object"]["metadata"]["resourceVersion"]

    @asynccontextmanager
    async def status_of(self, names: Sequence[str]) -> AsyncIterator[list[VideoJobSink]]:
        """Give each VideoJob's worker its way to the status, by a token that may patch nothing else."""
        authority, token = self.folder / "ca.crt", self.folder / "token"
        authority.write_bytes(base64.b64decode(self._server["certificate-authority-data"]))
        path = f"/api/v1/namespaces/{self.name}/serviceaccounts/default/token"
        asked = await self.api.patiently("POST", path, {"spec": {"expirationSeconds": 7200}})
        token.write_text(asked["status"]["token"])
        async with AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(
                    VideoJobSink(
                        address=self._server["server"],
                        namespace=self.name,
                        name=name,
                        token_file=token,
                        ca_file=authority,
                    )
                )
                for name in names
            ]

    @property
    def _server(self) -> dict[str, Any]:
        document = yaml.safe_load(self.cluster.kubeconfig.read_text("utf-8"))
        return dict(document["clusters"][0]["cluster"])

    async def _login(self) -> Configuration:
        user = yaml.safe_load(self.cluster.kubeconfig.read_text("utf-8"))["users"][0]["user"]
        configuration = Configuration(host=self._server["server"])
        for name, text in (
            ("ssl_ca_cert", self._server["certificate-authority-data"]),
            ("cert_file", user["client-certificate-data"]),
            ("key_file", user["client-key-data"]),
        ):
            file = self.folder / name
            file.write_bytes(base64.b64decode(text))
            file.chmod(0o600)
            setattr(configuration, name, str(file))
        return configuration


@asynccontextmanager
async def paced_site(cluster: ClusterInfo, folder: Path) -> AsyncIterator[PacedSite]:
    """Give a namespace of a cluster in which workers may report, for the time of the block."""
    async with Api(cluster.kubeconfig) as api, namespace(api) as name:
        rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}"
        await api.patiently("POST", f"{rbac}/roles", {"metadata": {"name": "worker"}, "rules": _RULES})
        binding = {
            "metadata": {"name": "worker"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "worker"},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": name}],
        }
        await api.patiently("POST", f"{rbac}/rolebindings", binding)
        await api.patiently("POST", f"/api/v1/namespaces/{name}/configmaps", {"metadata": {"name": _KEPT}})
        yield PacedSite(api, cluster, name, folder)
