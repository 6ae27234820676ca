"""The stand-in kubelet against a real API server, scheduler and Job controller."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from devstack.cluster import ClusterInfo, processes
from devstack.fake_kubelet import Api, Exit, FakeKubelet, Pod

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow(
        "the first test starts the cluster; others wait for grace periods and for the Job controller's backoff"
    ),
]

_LONGEST_SECONDS = 180.0
T = TypeVar("T")


async def _program(pod: Pod, sigterm: asyncio.Event) -> Exit:
    """Do what the pod's environment says."""
    match pod.environment["WHAT"]:
        case "succeed":
            return Exit(0, f"I was {pod.environment['POD_NAME']}")
        case "fail":
            return Exit(66, "no video")
        case "crash":
            raise RuntimeError("the program fell over")
        case "obey":
            await sigterm.wait()
            return Exit(143, "asked to stop")
        case _:
            await asyncio.Event().wait()
            raise AssertionError("nothing ends this")


@dataclass
class _Place:
    api: Api
    kubelet: FakeKubelet
    namespace: str

    async def run_job(self, what: str, **job: Any) -> str:
        """Make a Job whose only pod does this, and return the Job's name."""
        name = f"{what}-job"
        spec = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 2,
            "nodeSelector": self.kubelet.node_selector,
            "tolerations": [self.kubelet.toleration],
            "containers": [
                {
                    "name": "worker",
                    "image": "nowhere.invalid/none:1",
                    "env": [
                        {"name": "WHAT", "value": what},
                        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    ],
                }
            ],
        }
        body = {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {"spec": spec}, **job}}
        await self.api.patiently("POST", f"/apis/batch/v1/namespaces/{self.namespace}/jobs", body)
        return name

    async def job(self, name: str) -> dict[str, Any]:
        return await self.api.patiently("GET", f"/apis/batch/v1/namespaces/{self.namespace}/jobs/{name}")

    async def pods(self, job: str) -> list[dict[str, Any]]:
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        return await self.api.items(path, selector=f"labelSelector=job-name%3D{job}")

    async def ended(self, job: str) -> dict[str, Any]:
        """Wait until the Job's pod has ended, and return how."""
        return await _eventually(lambda: self._ended(job), "the pod ends")

    async def running(self, job: str) -> Pod:
        """Wait until the Job's program runs."""

        async def look() -> Pod | None:
            return next((pod for pod in self.kubelet.working() if pod.name.startswith(job)), None)

        return await _eventually(look, "the program runs")

    async def _ended(self, job: str) -> dict[str, Any] | None:
        for pod in await self.pods(job):
            if pod["status"]["phase"] in {"Succeeded", "Failed"}:
                return dict(pod["status"])
        return None


async def _eventually(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        if (found := await look()) is not None:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"within {_LONGEST_SECONDS:.0f} s: {what}")


@pytest.fixture
async def place(cluster: ClusterInfo, namespace: str) -> AsyncIterator[_Place]:
    async with Api(cluster.kubeconfig) as api, FakeKubelet(api, _program) as kubelet:
        yield _Place(api, kubelet, namespace)


def _terminated(status: dict[str, Any]) -> dict[str, Any]:
    (container,) = status["containerStatuses"]
    assert container["name"] == "worker"
    ended: dict[str, Any] = container["state"]["terminated"]
    assert ended["finishedAt"] >= ended["startedAt"]
    return ended


async def test_a_job_succeeds_and_its_message_is_read(place: _Place) -> None:
    job = await place.run_job("succeed")
    status = await place.ended(job)
    assert status["phase"] == "Succeeded"
    assert _terminated(status)["exitCode"] == 0
    assert _terminated(status)["message"].startswith(f"I was {job}-")

    async def complete() -> bool | None:
        return (await place.job(job))["status"].get("succeeded") == 1 or None

    await _eventually(complete, "the Job controller sees it")


@pytest.mark.parametrize(("what", "code", "message"), [("fail", 66, "no video"), ("crash", 1, None)])
async def test_a_job_fails_with_its_exit_code(place: _Place, what: str, code: int, message: str | None) -> None:
    status = await place.ended(await place.run_job(what))
    assert status["phase"] == "Failed"
    assert _terminated(status)["exitCode"] == code
    assert _terminated(status).get("message") == message


async def test_kill_9_ends_a_program_without_a_word(place: _Place) -> None:
    job = await place.run_job("stubborn")
    assert place.kubelet.kill((await place.running(job)).uid)
    ended = _terminated(await place.ended(job))
    assert ended["exitCode"] == 137
    assert "message" not in ended


async def test_an_eviction_is_a_disruption_to_the_job_controller(place: _Place) -> None:
    ignored = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}
    job = await place.run_job("stubborn", podFailurePolicy=ignored)
    first = await place.running(job)
    assert place.kubelet.evict(first.uid)

    async def replaced() -> Pod | None:
        return next((pod for pod in place.kubelet.working() if pod.uid != first.uid), None)

    assert (await _eventually(replaced, "another pod comes")).name.startswith(job)
    assert "failed" not in (await place.job(job))["status"], "with a backoff limit of 0 a failure would end the Job"


@pytest.mark.parametrize("what", ["obey", "stubborn"])
async def test_a_deleted_pod_is_asked_to_stop_then_killed_and_goes(place: _Place, what: str) -> None:
    job = await place.run_job(what)
    pod = await place.running(job)
    begun = time.monotonic()
    path = f"/apis/batch/v1/namespaces/{place.namespace}/jobs/{job}"
    await place.api.call("DELETE", path, {"propagationPolicy": "Background"})

    async def gone() -> bool | None:
        return not await place.pods(job) or None

    await _eventually(gone, "the pod goes")
    assert pod not in place.kubelet.working()
    if what == "stubborn":
        assert time.monotonic() - begun >= 2, "it had its grace period"


async def test_other_pods_do_not_land_here(place: _Place) -> None:
    node = await place.api.call("GET", f"/api/v1/nodes/{place.kubelet.name}")
    assert {"key": place.kubelet.toleration["key"], "value": place.kubelet.name, "effect": "NoSchedule"} in node[
        "spec"
    ]["taints"]
    states = {condition["type"]: condition["status"] for condition in node["status"]["conditions"]}
    assert states["Ready"] == "True"


async def test_an_api_server_that_was_away_learns_of_it_afterwards(cluster: ClusterInfo, place: _Place) -> None:
    servers = processes(cluster, "kube-apiserver")
    if not servers:
        pytest.skip("only the API server of a cluster in namespaces can be frozen")
    job = await place.run_job("stubborn")
    pod = await place.running(job)
    os.kill(servers[0], signal.SIGKILL)
    assert place.kubelet.kill(pod.uid)
    assert _terminated(await place.ended(job))["exitCode"] == 137
    after = await place.run_job("succeed")
    assert (await place.ended(after))["phase"] == "Succeeded"
