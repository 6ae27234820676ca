"""What the operator does on the orders of `runops`: both real, with a real API server and a real table between them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import yaml
from typer.testing import Result

from devstack.cluster import ClusterInfo
from devstack.stack import StackInfo
from runops.videojob import JOB_ID_LABEL
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually
from tests.fork_server import ForkedProcess
from tests.forked_operator import forked_operator
from tests.on_cluster import Kubectl

pytestmark = pytest.mark.cluster

Runops = Callable[..., Result]
CRD = Path(__file__).parents[2] / "crds" / "videojob.yaml"


@pytest.fixture
def operator(
    cluster: ClusterInfo, kubectl: Kubectl, namespace: str, stack: StackInfo, tmp_path: Path
) -> Iterator[Callable[[], None]]:
    """An operator whose workers never start, because their image does not exist: the tests only read Jobs.

    Gives a function that kills it and starts another one.
    """
    assert kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRD)).returncode == 0
    config, secrets = tmp_path / "operator.yaml", tmp_path / "secrets"
    secrets.mkdir()
    for name, value in stack.environment().items():
        (secrets / name).write_text(value)
    settings = {
        "installation": f"test/{namespace}",
        "namespace": namespace,
        "prompts": {"configMap": "prompts"},
        "poll": {"busySeconds": 0.3, "idleSeconds": 0.3},
        "worker": {"image": "runops.invalid/none:1", "serviceAccountName": "default", "secretName": "keys"},
        "health": {"port": 0},
        "drainConfigMap": "ours-drain",
    }
    config.write_text(yaml.safe_dump(settings))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "KUBECONFIG": str(cluster.kubeconfig),
        "RUNOPS_CONFIG": str(config),
        "RUNOPS_SECRETS_DIR": str(secrets),
    }
    # What the chart would make of it.
    for name, keys in (("ours", (f"--from-file=operator.yaml={config}",)), ("ours-drain", ())):
        assert kubectl("-n", namespace, "create", "configmap", name, *keys).returncode == 0
        labels = ("app.kubernetes.io/part-of=runops", "app.kubernetes.io/instance=ours")
        assert kubectl("-n", namespace, "label", "configmap", name, *labels).returncode == 0

    def started() -> ForkedProcess:
        return forked_operator(environment=environment, log=tmp_path / "operator.log")

    running = [started()]

    def restart() -> None:
        running.pop().kill()
        running.append(started())

    yield restart
    running.pop().kill()


@pytest.mark.usefixtures("operator")
def test_the_operator_acts_on_the_commands(
    *,
    runops: Runops,
    environment: dict[str, str],
    kubectl: Kubectl,
    objects: ClusterObjects,
    cluster: ClusterInfo,
    namespace: str,
    database: psycopg.Connection,
) -> None:
    environment["KUBECONFIG"] = str(cluster.kubeconfig)
    environment["PATH"] = f"{Path(cluster.kubectl).parent}:{environment['PATH']}"
    job_id = str(uuid4())
    database.execute("insert into jobs (job_id, metadata) values (%s, '{}')", [job_id])

    def of_job(part: str, field: str) -> list[object]:
        return [job[part].get(field) for job in objects("jobs", labels=f"{JOB_ID_LABEL}={job_id}")]

    def row() -> tuple[str, str | None]:
        found = database.execute("select status, error from jobs where job_id = %s", [job_id]).fetchone()
        assert found is not None
        return found[0], found[1]

    def obeyed(*arguments: str) -> None:
        result = runops(*arguments)
        assert result.exit_code == 0, result.output

    eventually(lambda: len(of_job("metadata", "uid")) == 1, "a Job")
    obeyed("pause", job_id, "-n", namespace)
    eventually(lambda: of_job("spec", "suspend") == [True], "the Job is suspended")
    assert row() == ("processing", None)
    obeyed("resume", job_id, "-n", namespace)
    eventually(lambda: of_job("spec", "suspend") == [False], "the Job goes on")

    (first,) = of_job("metadata", "uid")
    obeyed("retry", job_id, "--force")
    eventually(lambda: of_job("metadata", "uid") not in ([], [first]), "another Job in place of the first")
    assert row() == ("processing", None)

    obeyed("cancel", job_id)
    eventually(lambda: of_job("metadata", "uid") == [], "the Job goes")
    assert row() == ("error", "Cancelled by `runops cancel`.")
    name = f"vj-{job_id}"
    assert kubectl("-n", namespace, "wait", "vjob", name, "--for=condition=Finished", "--timeout=180s").returncode == 0
    assert runops("pause", job_id, "-n", namespace).exit_code == 1
    eventually(lambda: "and its log with it" in runops("logs", job_id, "-n", namespace).stderr, "no pod is left")

    obeyed("retry", job_id)
    eventually(lambda: len(of_job("metadata", "uid")) == 1, "a Job again")
    assert row() == ("processing", None)


def test_a_drain_finishes_what_runs_claims_nothing_and_survives_a_restart(
    *,
    runops: Runops,
    environment: dict[str, str],
    operator: Callable[[], None],
    objects: ClusterObjects,
    cluster: ClusterInfo,
    namespace: str,
    database: psycopg.Connection,
    tmp_path: Path,
) -> None:
    environment["KUBECONFIG"] = str(cluster.kubeconfig)
    environment["PATH"] = f"{Path(cluster.kubectl).parent}:{environment['PATH']}"
    running, waiting, ended = (str(uuid4()) for _ in range(3))

    def queue(job_id: str, status: str = "queued") -> None:
        database.execute("insert into jobs (job_id, status, metadata) values (%s, %s, '{}')", [job_id, status])

    def status(job_id: str) -> str:
        found = database.execute("select status from jobs where job_id = %s", [job_id]).fetchone()
        assert found is not None
        return str(found[0])

    queue(running)
    eventually(lambda: len(objects("jobs", labels=f"{JOB_ID_LABEL}={running}")) == 1, "a Job")
    result = runops("drain", "-n", namespace, "--why", "the database moves")
    assert result.exit_code == 0, result.output
    assert "ours drains: nothing new is claimed. 1 video runs." in result.stderr

    queue(waiting)
    operator()
    queue(ended, "error")
    result = runops("retry", ended, "-n", namespace)
    assert (result.exit_code, status(ended)) == (0, "queued")
    assert "ours drains and claims nothing until `runops undrain`." in result.stderr
    assert "the database moves" in runops("list", "-n", namespace).stderr
    log = tmp_path / "operator.log"
    eventually(lambda: log.read_text().count("No rows are claimed: Drained since") == 2, "the new process says it too")
    result = runops("drain", "-n", namespace, "--wait", "--timeout", "1")
    assert (result.exit_code, status(waiting)) == (4, "queued")

    # A cancel is served, and then nothing runs any more.
    assert runops("cancel", running).exit_code == 0
    result = runops("drain", "-n", namespace, "--wait")
    assert (result.exit_code, status(waiting), status(ended)) == (0, "queued", "queued")
    assert "Nothing runs any more." in result.stderr
    assert not objects("jobs", labels=f"{JOB_ID_LABEL}={waiting}")

    assert runops("undrain", "-n", namespace).exit_code == 0
    eventually(lambda: {status(waiting), status(ended)} == {"processing"}, "the rows that waited are claimed")
