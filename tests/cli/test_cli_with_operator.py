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
from tests.forked_operator import forked_operator
from tests.on_cluster import Kubectl

pytestmark = pytest.mark.cluster

Runops = Callable[..., Result]
CRD = Path(__file__).parents[2] / "crds" / "videojob.yaml"


@pytest.fixture
def operator(
    cluster: ClusterInfo, kubectl: Kubectl, namespace: str, stack: StackInfo, tmp_path: Path
) -> Iterator[None]:
    """An operator whose workers never start, because their image does not exist: the tests only read Jobs."""
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
    }
    config.write_text(yaml.safe_dump(settings))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "KUBECONFIG": str(cluster.kubeconfig),
        "RUNOPS_CONFIG": str(config),
        "RUNOPS_SECRETS_DIR": str(secrets),
    }
    process = forked_operator(environment=environment, log=tmp_path / "operator.log")
    yield
    process.kill()


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
    eventually(lambda: "Its pod is gone" in runops("logs", job_id, "-n", namespace).stderr, "no pod is left")

    obeyed("retry", job_id)
    eventually(lambda: len(of_job("metadata", "uid")) == 1, "a Job again")
    assert row() == ("processing", None)
