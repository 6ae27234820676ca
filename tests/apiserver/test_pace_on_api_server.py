"""Many workers share a quota per minute on a real API server, and a new operator goes on in the middle."""

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest

from devstack.cluster import ClusterInfo, ensure
from devstack.gemini.behaviour import Behaviour, CallRecord
from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo
from tests.apiserver.api_proxy import running_proxy
from tests.apiserver.operator_process import Start, Tables, queue
from tests.apiserver.paced_workers import MODEL, PacedWorkers, WayToTheApiServer, until
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually
from tests.on_cluster import Kubectl

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.usefixtures("definition"),
    pytest.mark.slow("a minute of a real quota: a half before and a half after a new leader"),
]

_CHART = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator"
_ROLES = ("--show-only", "templates/accounts.yaml", "--show-only", "templates/rbac.yaml")
_WORKERS = int(os.environ.get("RUNOPS_PACED_WORKERS", "8"))
_PER_MINUTE = int(os.environ.get("RUNOPS_PACED_PER_MINUTE", "30"))
_CALLS = int(os.environ.get("RUNOPS_PACED_CALLS", "12"))
"""That are answered once calls take turns, before the operator is replaced, and as many after it. With 50 workers, 20 a
minute and 80 calls it is the case of docs/decisions/0124-calls-take-turns.md."""
_ALL_BEGIN_WITHIN = 60.0 * _CALLS / _PER_MINUTE
_USERS = tuple(str(UUID(int=number + 1, version=4)) for number in range(2))


@pytest.fixture
def accounts(kubectl: Kubectl, namespace: str) -> dict[str, str]:
    """Tokens of the chart's accounts, with the rights that the chart gives them."""
    command = [str(ensure("helm")), "template", "runops-operator", str(_CHART), "--namespace", namespace, *_ROLES]
    roles = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout
    applied = kubectl("apply", "-f", "-", given=roles)
    assert applied.returncode == 0, applied.stderr
    return {
        name: kubectl("create", "token", name, "--namespace", namespace).stdout.strip()
        for name in ("runops-operator", "runops-operator-worker")
    }


async def test_a_quota_per_minute_is_used_and_shared_and_a_new_leader_goes_on(
    *,
    start: Start,
    accounts: dict[str, str],
    cluster: ClusterInfo,
    kubectl: Kubectl,
    objects: ClusterObjects,
    namespace: str,
    database: Tables,
    stack: StackInfo,
    tmp_path: Path,
) -> None:
    kubectl("-n", namespace, "create", "configmap", "runops-operator-pace")
    # The first user has all videos but the one that begins last.
    users = [_USERS[number == _WORKERS - 1] for number in range(_WORKERS)]
    videojobs = [(f"vj-{queue(database, {'user_id': user})}", user) for user in users]
    settings = {"maxConcurrent": _WORKERS, "paceConfigMap": "runops-operator-pace"}
    way = WayToTheApiServer.of(cluster.kubeconfig, accounts["runops-operator-worker"], tmp_path)
    workers = PacedWorkers(stack, way, namespace)

    def paced() -> bool:
        data = (objects.named("configmaps", "runops-operator-pace") or {}).get("data") or {}
        return MODEL in json.loads(data.get("pace.json", "{}")).get("models", {})

    with (
        running_proxy(cluster.kubeconfig, token=accounts["runops-operator"]) as proxy,
        GeminiControl(stack.gemini_url) as control,
        ExitStack() as operators,
    ):
        through = proxy.kubeconfig(tmp_path)
        control.reset()
        control.behave(Behaviour(requests_per_minute=_PER_MINUTE, latency_seconds=1.0))
        leader = operators.enter_context(start(settings, through=through))
        eventually(lambda: len(objects("videojobs")) == _WORKERS, f"the VideoJobs; {leader.lines()[-3:]}")
        for name, _ in videojobs:
            pod = json.dumps({"status": {"workerPod": {"name": name, "uid": name}}})
            patch = ("patch", "videojob", name, "--subresource=status", "--type=merge", "--patch", pod)
            kubectl("-n", namespace, *patch)
        async with workers.at_work(videojobs, between_seconds=_ALL_BEGIN_WITHIN / _WORKERS):
            await until(paced, "a refusal is known to the operator, and kept")
            goal = len(_answered(control)) + _CALLS
            await until(lambda: len(_answered(control)) >= goal, "calls go", seconds=900)
            first = control.calls()
            # As by kill -9.
            operators.close()
            operators.enter_context(start(settings, through=through))
            goal += _CALLS
            await until(lambda: len(_answered(control)) >= goal, "calls go on", seconds=900)
            calls = control.calls()
    _check(first, calls, workers, alone=videojobs[-1][0])
    refused = [asked for asked in proxy.passed if asked.status in {401, 403}]
    assert refused == [], "what the chart gives is enough"


def _answered(control: GeminiControl) -> list[CallRecord]:
    return [call for call in control.calls() if call.status == 200]


def _check(first: list[CallRecord], calls: list[CallRecord], workers: PacedWorkers, *, alone: str) -> None:
    refused = sum(call.status == 429 for call in calls) / len(calls)
    after = [call for call in calls[len(first) :] if call.status == 429]
    seconds = calls[-1].at - calls[0].at
    used = sum(call.status == 200 for call in calls) / (_PER_MINUTE * seconds / 60)
    shares = sorted(workers.answered.values())
    print(f"{used:.1%} used, {refused:.1%} of {len(calls)} refused, answered {shares}")  # noqa: T201 - for who measures
    assert len(after) <= _PER_MINUTE // 10, "the next leader keeps the pace"
    # By videos alone, it would be an eighth of them.
    assert workers.answered[alone] >= _CALLS // 2, "the user with one video does not wait behind all the others"
    assert workers.failed == 0
