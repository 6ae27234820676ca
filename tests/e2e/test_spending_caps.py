"""A cap per day on a release with real pods: it stops the claims with its figures, and a raise lets them go on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from devstack.cluster import ensure
from devstack.gemini.behaviour import Behaviour, CallRecord
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation
from runops.spending_record import KEY_IN_RECORD, read_record
from runops_worker.model.prices import cost
from runops_worker.model.protocol import CallUsage
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("three videos on real pods, one after the other; the chart is upgraded twice"),
]

Tables = psycopg.Connection[tuple[Any, ...]]
_CHART = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator"
_RECORD = "runops-operator-spending"
_OPERATORS = "app.kubernetes.io/component=operator"
_OF_THE_INTAKE = ("runops_intake_", "runops_leader", "runops_queue_", "runops_spending_")
_LONGEST = 600.0


class Capped:
    """The release, with a cap per day."""

    def __init__(self, release: Installation, inside: ClusterObjects) -> None:
        self.release = release
        self.inside = inside

    def at(self, dollars: Decimal | None) -> None:
        """Set the cap as docs/cost.md says; None removes it."""
        shown = "0" if dollars is None else str(dollars)
        self.release.helm(
            *("upgrade", self.release.release, str(_CHART), "--reuse-values", "--set", f"cost.maxPerDayUsd={shown}"),
            *("--wait", "--timeout", "300s"),
        )
        eventually(
            self.is_rolled_out, "the pods of before the upgrade are gone, and one of the new ones leads", seconds=300
        )

    def is_rolled_out(self) -> bool:
        """Tell whether only pods of the present Deployment are left. Helm does not wait for others, which may lead."""
        deployment = self._one("deployments", "runops-operator")
        pods = [pod["metadata"]["name"] for pod in self.inside("pods", labels=_OPERATORS)]
        return len(pods) == deployment["spec"]["replicas"] and self.leader() in pods

    def spent(self) -> Decimal | None:
        """Return what is in the operator's record of today, in US dollars; None while there is none."""
        record = self.inside.named("configmaps", _RECORD)
        return None if record is None else Decimal(read_record(record["data"][KEY_IN_RECORD]).of_day) / 1_000_000

    def leader(self) -> str:
        """Return the name of the pod that leads."""
        return str(self._one("leases", "runops-operator")["spec"].get("holderIdentity"))

    def conditions(self) -> dict[str, dict[str, Any]]:
        """Return the condition in each operator's pod that has it."""
        return {
            pod["metadata"]["name"]: condition
            for pod in self.inside("pods", labels=_OPERATORS)
            for condition in pod["status"].get("conditions") or []
            if condition["type"] == "runops.dev/Claiming"
        }

    def claiming(self) -> dict[str, Any]:
        """Return the condition in the leader's pod; empty while it has none."""
        return self.conditions().get(self.leader(), {})

    def stopped(self) -> bool:
        return self.claiming().get("status") == "False"

    def metrics(self) -> str:
        """Return what the leader exposes."""
        pod = self._one("pods", self.leader())
        return httpx.get(f"http://{pod['status']['podIP']}:8080/metrics", timeout=60, trust_env=False).text

    def usage(self, job_id: str) -> dict[str, Any]:
        """Return what a video has used; empty while nothing is known."""
        videojob = self.inside.named("videojobs", f"vj-{job_id}") or {}
        found: dict[str, Any] = videojob.get("status", {}).get("usage", {})
        return found

    def has_succeeded(self, job_id: str) -> bool:
        """Tell whether the operator knows that the worker is done: its last report came before."""
        videojob = self.inside.named("videojobs", f"vj-{job_id}") or {}
        return bool(videojob.get("status", {}).get("phase") == "Succeeded")

    def price(self, job_id: str) -> Decimal:
        """Wait for the end of a video, which comes after that of its row, and return what it cost in US dollars."""
        eventually(lambda: self.has_succeeded(job_id), "the VideoJob has ended, too")
        usage = self.usage(job_id)
        assert usage["underWay"] == []
        return Decimal(usage["costUsd"])

    def _one(self, kind: str, name: str) -> dict[str, Any]:
        found = self.inside.named(kind, name)
        assert found is not None, f"{kind} {name} is not there"
        return found


@pytest.fixture
def capped(release: Installation, inside: ClusterObjects, model_without_faults: None) -> Iterator[Capped]:  # noqa: ARG001 - one bill for each call
    """The release without VideoJobs of other tests, which have cost something today."""
    release.kubectl("delete", "videojobs", "--all", "--wait=true", seconds=240)
    release.kubectl("delete", "configmap", _RECORD, "--ignore-not-found")
    capped = Capped(release, inside)
    yield capped
    capped.at(None)


def _billed(calls: list[CallRecord]) -> Decimal:
    """Return the dollars of calls by what the stand-in says of them; cached tokens and kinds are priced alike here."""
    today = datetime.now(UTC).date()
    bills = [
        cost(CallUsage(call.model, call.prompt_tokens, call.output_tokens + call.thoughts_tokens), today)
        for call in calls
        if call.status == 200
    ]
    return sum((bill for bill in bills if bill is not None), Decimal(0))


def _checked(release: Installation) -> list[dict[str, Any]]:
    """Return what `runops check` finds on the cluster."""
    environment = {**os.environ, "KUBECONFIG": str(release.cluster.kubeconfig)}
    environment["PATH"] = f"{Path(release.cluster.kubectl).parent}:{environment['PATH']}"
    command = [str(Path(sys.executable).parent / "runops"), "check", "-n", release.namespace, "-o", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _status(tables: Tables, job_id: str) -> str:
    found = tables.execute("select status from public.jobs where job_id = %s", (job_id,)).fetchone()
    assert found is not None
    return str(found[0])


def test_a_cap_stops_the_claims_and_a_raise_lets_them_go_on(
    *,
    capped: Capped,
    tables: Tables,
    submit: Callable[..., str],
    ended: Callable[..., dict[str, str]],
    model: GeminiControl,
    tmp_path: Path,
) -> None:
    release = capped.release
    first = submit()
    ended(first)
    price = capped.price(first)
    # The second video brings the day above this, whatever it costs more or less than the first.
    cap = round(price * Decimal("1.5"), 6)
    capped.at(cap)
    # So that a call is met under way.
    model.behave(Behaviour(latency_seconds=4.0))
    second, third = submit(), submit()
    eventually(lambda: _is_under_way(capped, second), "a call is reported before it is made", seconds=_LONGEST)
    eventually(capped.stopped, "the leader's pod says that nothing is claimed", seconds=_LONGEST)
    assert ended(second) == {second: "completed"}

    # A leader dies as by kill -9, whatever it was about to write.
    release.kubectl("delete", "pod", capped.leader(), "--grace-period=0", "--force")
    both = price + capped.price(second)
    eventually(lambda: capped.stopped() and capped.spent() == both, "the next leader counts the same", seconds=_LONGEST)
    others = {name: one["status"] for name, one in capped.conditions().items() if name != capped.leader()}
    assert set(others.values()) <= {"Unknown"}, others
    condition = capped.claiming()
    assert condition["reason"] == "SpendingCapReached"
    assert f"{both:.2f} USD today" in condition["message"]
    assert "cost.maxPerDayUsd" in condition["message"]
    assert _status(tables, third) == "queued", "no further row is claimed"
    eventually(lambda: _told(capped, "SpendingCapReached"), "an event of the pod comes after its condition")
    assert abs(_billed(model.calls()) - both) <= Decimal("0.000001") * len(model.calls()), "as it was billed"
    eventually(lambda: _metrics_tell(capped.metrics(), spent=both, cap=cap), "the metrics tell of cap and sum")
    _check_alert(capped, tmp_path)
    shown = {one["name"]: one for one in _checked(release)}
    assert shown["cap per day"]["warns"], shown
    assert "cost.maxPerDayUsd" in shown["cap per day"]["remedy"]
    assert shown["spending"]["detail"].startswith(f"{both:.2f} USD today")

    capped.at(cap * 10)
    assert ended(third) == {third: "completed"}
    eventually(lambda: capped.claiming().get("status") == "True", "the condition is gone")
    whole = both + capped.price(third)
    eventually(lambda: capped.spent() == whole, "all three are counted")
    assert abs(_billed(model.calls()) - whole) <= Decimal("0.000001") * len(model.calls())


def _is_under_way(capped: Capped, job_id: str) -> bool:
    return any(Decimal(day["costUsd"]) > 0 for day in capped.usage(job_id).get("underWay", []))


def _told(capped: Capped, reason: str) -> bool:
    return any(
        event["reason"] == reason and event["involvedObject"]["kind"] == "Pod" for event in capped.inside("events")
    )


def _metrics_tell(text: str, *, spent: Decimal, cap: Decimal) -> bool:
    shown = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("runops_"))
    expected = {
        'runops_intake_paused{reason="SpendingCapReached"}': 1.0,
        'runops_spending_cap_usd{window="day"}': float(cap),
        'runops_spending_usd{window="day"}': float(spent),
        'runops_spending_usd{window="month"}': float(spent),
    }
    return all(float(shown.get(name, "nan")) == pytest.approx(value) for name, value in expected.items())


def _check_alert(capped: Capped, folder: Path) -> None:
    """Let Prometheus' rule engine look at what the leader exposes: the alert fires."""
    rules = _rules(capped.release)
    lines = [line.rsplit(" ", 1) for line in capped.metrics().splitlines() if line.startswith(_OF_THE_INTAKE)]
    series = [
        {"series": _of_namespace(name, capped.release.namespace), "values": f"{value}x60"} for name, value in lines
    ]
    alert = next(
        one for group in rules["groups"] for one in group["rules"] if one["alert"] == "RunopsSpendingCapReached"
    )
    expected = {
        "exp_labels": {"namespace": capped.release.namespace, **alert["labels"]},
        "exp_annotations": {
            name: text.replace("{{ $labels.namespace }}", capped.release.namespace)
            for name, text in alert["annotations"].items()
        },
    }
    case = {
        "interval": "1m",
        "input_series": series,
        "alert_rule_test": [{"eval_time": "1h", "alertname": alert["alert"], "exp_alerts": [expected]}],
    }
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules), "utf-8")
    (folder / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": [case]}), "utf-8")
    command = [str(ensure("promtool")), "test", "rules", str(folder / "test.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _of_namespace(series: str, namespace: str) -> str:
    name, _, labels = series.partition("{")
    return f'{name}{{namespace="{namespace}"' + (f",{labels}" if labels else "}")


def _rules(release: Installation) -> Any:
    shown = release.helm(
        *("template", release.release, str(_CHART), "--show-only", "templates/prometheusrule.yaml"),
        *("--set", "existingSecret=k,metrics.prometheusRule.enabled=true"),
        *("--set", "metrics.prometheusRule.renderMode=alwaysRender"),
    )
    return yaml.safe_load(shown)["spec"]
