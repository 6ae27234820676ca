"""Two replicas count what videos cost and keep a cap, on a real API server, with the rights that the chart gives."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devstack.cluster import ClusterInfo, ensure
from runops.spending_record import KEY_IN_RECORD, Record, read_record
from tests.apiserver.api_proxy import ApiProxy, running_proxy
from tests.apiserver.operator_process import Running, Start, Tables, queue, row
from tests.chart.right import golden, of_request
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually
from tests.on_cluster import Kubectl

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.usefixtures("definition"),
    pytest.mark.slow("two replicas; one is killed, and the other waits until the Lease is free"),
]

_CHART = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator"
_ROLES = ("--show-only", "templates/accounts.yaml", "--show-only", "templates/rbac.yaml")
_RECORD = "runops-operator-spending"
_SETTINGS = {
    "cost": {"maxPerDayUsd": 5, "record": _RECORD},
    "leaderElection": {"enabled": True, "leaseSeconds": 4, "retrySeconds": 0.5},
}
_MICRO = 1_000_000


@pytest.fixture
def as_the_operator(cluster: ClusterInfo, kubectl: Kubectl, namespace: str) -> Iterator[ApiProxy]:
    """A way to the API server with the rights that the chart gives the operator where a cap is set."""
    command = [str(ensure("helm")), "template", "runops-operator", str(_CHART), "--namespace", namespace, *_ROLES]
    command += ["--set", "cost.maxPerDayUsd=5"]
    roles = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout
    applied = kubectl("apply", "-f", "-", given=roles)
    assert applied.returncode == 0, applied.stderr
    token = kubectl("create", "token", "runops-operator", "--namespace", namespace).stdout.strip()
    with running_proxy(cluster.kubeconfig, token=token) as proxy:
        yield proxy


class Site:
    """The test's namespace: what workers report, and what is counted of it."""

    def __init__(self, kubectl: Kubectl, objects: ClusterObjects, namespace: str) -> None:
        self._kubectl, self._objects, self._namespace = kubectl, objects, namespace
        self._day = datetime.now(UTC).date().isoformat()

    def told(self, *arguments: str) -> str:
        done = self._kubectl("-n", self._namespace, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def videojobs(self) -> list[str]:
        return [item["metadata"]["name"] for item in self._objects("videojobs")]

    def reports(self, videojob: str, dollars: float, *, estimate: float = 0.4, under_way: float = 0.0) -> None:
        """Write what a worker would."""
        usage = {
            "ledger": videojob[-16:],
            "costUsd": str(dollars),
            "estimatedCostUsd": str(estimate),
            "days": [{"day": self._day, "costUsd": str(dollars)}],
            "underWay": [{"day": self._day, "costUsd": str(under_way)}] if under_way else [],
        }
        patch = json.dumps({"status": {"usage": usage}})
        self.told("patch", "videojob", videojob, "--subresource=status", "--type=merge", "--patch", patch)

    def record(self) -> Record:
        data: dict[str, Any] = (self._objects.named("configmaps", _RECORD) or {}).get("data", {})
        return read_record(data[KEY_IN_RECORD]) if KEY_IN_RECORD in data else Record()

    def has_counted(self, dollars: float, what: str) -> None:
        eventually(lambda: self.record().of_day == round(dollars * _MICRO), f"{what}: {dollars} USD")
        assert self.record().of_month == self.record().of_day


def _leads(operator: Running) -> bool:
    return operator.said("operator started")


def test_each_dollar_counts_once_whoever_dies_and_a_cap_stops_the_claims(
    *,
    start: Start,
    as_the_operator: ApiProxy,
    kubectl: Kubectl,
    objects: ClusterObjects,
    namespace: str,
    database: Tables,
    tmp_path: Path,
) -> None:
    site, kubeconfig = Site(kubectl, objects, namespace), as_the_operator.kubeconfig(tmp_path)
    rows = [queue(database), queue(database)]
    with start(_SETTINGS, through=kubeconfig) as first, start(_SETTINGS, through=kubeconfig) as second:
        leader, other = _who_leads(first, second)
        eventually(lambda: len(site.videojobs()) == 1, "one video begins, whose estimate is not known yet")
        (known,) = site.videojobs()
        site.has_counted(0, "a record is made")
        assert sorted(row(database, one)[0] for one in rows) == ["processing", "queued"], "two may exceed the cap"

        site.reports(known, 0.3)
        eventually(lambda: len(site.videojobs()) == 2, "the other one has room beside an estimate")
        site.has_counted(0.3, "a report")

        # Nobody knows whether it had counted, or written, or read the answer.
        site.reports(known, 0.5)
        leader.process.kill()
        eventually(lambda: _leads(other), "the other replica leads")
        site.has_counted(0.5, "what the dead leader had seen, once")

        site.told("delete", "configmap", _RECORD)
        site.reports(known, 0.6)
        site.has_counted(0.6, "a deleted record is created again from the VideoJobs that exist")

        (gone,) = set(site.videojobs()) - {known}
        site.reports(gone, 0.2, under_way=0.1)
        site.told("delete", "videojob", gone, "--wait=false")
        site.has_counted(0.9, "the last report of a VideoJob that is deleted, and the call that it had begun")

        site.reports(known, 4.7)
        paused = 'runops_intake_paused{reason="SpendingCapReached"} 1.0'
        eventually(lambda: paused in other.metrics(), "the cap stops the claims")
        eventually(
            lambda: (
                {'runops_spending_usd{window="day"} 5.0', 'runops_spending_cap_usd{window="day"} 5.0'}
                <= set(other.metrics().splitlines())
            ),
            "the metrics tell the sum and the cap",
        )
        assert other.ready()[0] == 200, "a cap is no failure"
        assert other.said("Videos have cost 5.00 USD today")
        third = queue(database)
        eventually(lambda: "runops_queue_rows 1.0" in other.metrics(), "the operator sees a row that waits")
        assert row(database, third)[0] == "queued"
        assert paused in other.metrics()

    refused = [asked for asked in as_the_operator.passed if asked.status in {401, 403}]
    assert refused == [], "what the chart gives is enough"
    used = {of_request(asked.method, asked.path, watch=asked.watch) for asked in as_the_operator.passed} - {None}
    listed = {needed.right for needed in golden()["operator"]}
    assert used <= listed, "nothing else is asked for"
    of_the_record = {right.verb for right in used if right is not None and right.resource == "configmaps"}
    assert {"create", "get", "update"} <= of_the_record


def _who_leads(first: Running, second: Running) -> tuple[Running, Running]:
    eventually(lambda: _leads(first) or _leads(second), "one of them leads")
    return (first, second) if _leads(first) else (second, first)
