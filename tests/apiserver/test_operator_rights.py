"""The operator with the token of its own service account: what the chart gives is enough, and no more is asked for."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.cluster import ClusterInfo, ensure
from tests.apiserver.api_proxy import ApiProxy, running_proxy
from tests.apiserver.operator_process import Start, Tables, queue, row
from tests.chart.right import Right, golden, of_request
from tests.eventually import eventually
from tests.on_cluster import Kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("definition")]

_CHART = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator"
_ROLES = ("--show-only", "templates/accounts.yaml", "--show-only", "templates/rbac.yaml")


def _give_roles(kubectl: Kubectl, namespace: str, *values: str) -> None:
    command = [str(ensure("helm")), "template", "runops-operator", str(_CHART), "--namespace", namespace, *_ROLES]
    roles = subprocess.run([*command, *values], capture_output=True, text=True, timeout=240, check=True).stdout
    applied = kubectl("apply", "-f", "-", given=roles)
    assert applied.returncode == 0, applied.stderr


@pytest.fixture
def as_the_operator(cluster: ClusterInfo, kubectl: Kubectl, namespace: str) -> Iterator[ApiProxy]:
    """A way to the API server, on which whoever goes it has the rights that the chart gives the operator."""
    _give_roles(kubectl, namespace)
    token = kubectl("create", "token", "runops-operator", "--namespace", namespace).stdout.strip()
    with running_proxy(cluster.kubeconfig, token=token) as proxy:
        yield proxy


def claimed_by(database: Tables, job_id: str) -> object:
    """Return the name in the claim of a row."""
    path = "metadata->'runops'->>'by'"
    found = database.execute(f"select {path} from public.jobs where job_id = %s", (job_id,)).fetchone()  # noqa: S608 - a constant
    return found and found[0]


def test_it_lives_by_its_own_rights(
    *,
    start: Start,
    as_the_operator: ApiProxy,
    kubectl: Kubectl,
    namespace: str,
    database: Tables,
    tmp_path: Path,
) -> None:
    first, second = queue(database), queue(database)
    of_namespace = ("-n", namespace)

    def job(job_id: str, path: str) -> str:
        return kubectl(*of_namespace, "get", "job", f"vj-{job_id}", "-o", f"jsonpath={path}").stdout

    elected = {"leaderElection": {"enabled": True}, "resyncSeconds": 2, "rowsSeconds": 0.5}
    elected |= {"installation": "", "release": "runops-operator"}
    with start(elected, through=as_the_operator.kubeconfig(tmp_path)) as operator:
        eventually(lambda: bool(job(first, "{.metadata.uid}") and job(second, "{.metadata.uid}")), "two Jobs")
        uid = kubectl("get", "namespace", namespace, "-o", "jsonpath={.metadata.uid}").stdout
        assert claimed_by(database, first) == f"{namespace}/runops-operator@{uid}"
        kubectl(*of_namespace, "patch", "videojob", f"vj-{first}", "--type=merge", "-p", '{"spec":{"suspend":true}}')
        eventually(lambda: job(first, "{.spec.suspend}") == "true", "the Job is suspended")
        kubectl(*of_namespace, "delete", "videojob", f"vj-{second}")
        eventually(lambda: row(database, second)[0] == "error", "the row is told")
        eventually(lambda: "Claimed" in kubectl(*of_namespace, "get", "events").stdout, "an event")
        operator.process.send_signal(signal.SIGTERM)
        operator.process.wait(240)

    refused = [asked for asked in as_the_operator.passed if asked.status in {401, 403}]
    assert refused == [], "what the chart gives is enough"
    used = {of_request(asked.method, asked.path, watch=asked.watch) for asked in as_the_operator.passed} - {None}
    listed = {needed.right for needed in golden(namespace)["operator"]}
    assert used <= listed, "nothing else is asked for"
    assert {right for right in listed if right.verb == "watch"} <= used
    assert Right("", "events", "create") in used


def test_without_the_right_to_read_its_namespace_it_claims_nothing_and_goes_on_once_it_has_it(
    *,
    start: Start,
    as_the_operator: ApiProxy,
    kubectl: Kubectl,
    namespace: str,
    database: Tables,
    tmp_path: Path,
) -> None:
    _give_roles(kubectl, namespace, "--set", "installation=chosen")
    account = f"--as=system:serviceaccount:{namespace}:runops-operator"
    asked = ("auth", "can-i", "get", f"namespaces/{namespace}", "-n", namespace, account)
    eventually(lambda: kubectl(*asked).stdout.strip() == "no", "the API server has noticed")
    job_id = queue(database)
    by_default = {"installation": "", "release": "runops-operator"}
    with start(by_default, through=as_the_operator.kubeconfig(tmp_path)) as operator:
        eventually(lambda: "The identity of the cluster cannot be read" in operator.ready()[1], "the probe says so")
        code, words = operator.ready()
        assert code == 503
        assert f'namespaces "{namespace}" is forbidden' in words
        assert "set the value installation" in words
        assert row(database, job_id)[0] == "queued"
        _give_roles(kubectl, namespace)
        eventually(lambda: row(database, job_id)[0] == "processing", "the row is claimed")
