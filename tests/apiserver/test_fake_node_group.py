"""Stand-in kubelets for nodes that somebody else registers, against a real API server."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api, Exit, FakeNodeGroup, Pod, manifests
from devstack.fake_kubelet.api import STRATEGIC

pytestmark = pytest.mark.cluster

_LABEL = "test.runops.dev/group"
_LONGEST_SECONDS = 180.0


async def _until_asked_to_stop(_pod: Pod, sigterm: asyncio.Event) -> Exit:
    await sigterm.wait()
    return Exit(143)


class _Nodes:
    """Registers nodes and puts pods on them, as an autoscaler and a scheduler do."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self.names: list[str] = []

    async def register(self, group: str) -> str:
        name = f"group-{uuid4().hex[:8]}"
        node = manifests.node(name)
        node["metadata"]["labels"][_LABEL] = group
        await self.api.patiently("POST", "/api/v1/nodes", node)
        self.names.append(name)
        await self.api.patiently(
            "PATCH", f"/api/v1/nodes/{name}/status", manifests.node_status(), content_type=STRATEGIC
        )
        return name

    async def put_pod(self, node: str) -> str:
        name = f"pod-{uuid4().hex[:8]}"
        spec = {
            "nodeName": node,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "containers": [{"name": "worker", "image": "nowhere.invalid/none:1"}],
        }
        body = {"metadata": {"name": name}, "spec": spec}
        await self.api.patiently("POST", f"/api/v1/namespaces/{self.namespace}/pods", body)
        return name

    async def evict(self, pod: str) -> None:
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": self.namespace},
        }
        await self.api.call("POST", f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction", body)

    async def pods(self) -> set[str]:
        return {pod["metadata"]["name"] for pod in await self.api.items(f"/api/v1/namespaces/{self.namespace}/pods")}


@pytest.fixture
async def nodes(cluster: ClusterInfo, namespace: str) -> AsyncIterator[_Nodes]:
    async with Api(cluster.kubeconfig) as api:
        registered = _Nodes(api, namespace)
        yield registered
        for name in registered.names:
            await api.patiently("DELETE", f"/api/v1/nodes/{name}")


async def _until(group: FakeNodeGroup, names: set[str]) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while {pod.name for pod in group.working()} != names:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)


async def test_a_group_serves_every_node_with_its_label_and_no_other(nodes: _Nodes) -> None:
    ours, theirs = f"ours-{uuid4().hex[:6]}", f"theirs-{uuid4().hex[:6]}"
    first = await nodes.put_pod(await nodes.register(ours))
    foreign = await nodes.put_pod(await nodes.register(theirs))
    async with FakeNodeGroup(nodes.api, _until_asked_to_stop, label=_LABEL, value=ours) as group:
        await _until(group, {first})
        # A node that comes later is served without being named.
        second = await nodes.put_pod(await nodes.register(ours))
        await _until(group, {first, second})
        body = await nodes.api.patiently("GET", f"/api/v1/namespaces/{nodes.namespace}/pods/{foreign}")
        assert body["status"]["phase"] == "Pending"


async def test_an_eviction_at_work_is_remembered_and_the_pod_goes(nodes: _Nodes) -> None:
    group_name = f"ours-{uuid4().hex[:6]}"
    node = await nodes.register(group_name)
    evicted, left = await nodes.put_pod(node), await nodes.put_pod(node)
    async with FakeNodeGroup(nodes.api, _until_asked_to_stop, label=_LABEL, value=group_name) as group:
        await _until(group, {evicted, left})
        await nodes.evict(evicted)
        await _until(group, {left})
        async with asyncio.timeout(_LONGEST_SECONDS):
            while evicted in await nodes.pods():  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.1)
        assert [pod.name for pod in group.stopped_at_work] == [evicted]
