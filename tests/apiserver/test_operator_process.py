"""The operator as a process of its own, against a real API server and a real table."""

import json
import signal
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, mint_jwt
from tests.apiserver.operator_process import Start, Tables, queue, row
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually
from tests.on_cluster import Kubectl
from tests.schema_cache import read_anew

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.usefixtures("definition"),
    pytest.mark.slow("one operator process per test, with its first lists"),
]


def test_a_row_becomes_a_videojob_and_a_job_and_no_more_than_the_limit(
    start: Start, objects: ClusterObjects, database: Tables
) -> None:
    ids = [queue(database) for _ in range(3)]
    with start(forked=False) as operator:
        eventually(lambda: len(objects("jobs")) == 2, "two Jobs")
        time.sleep(1.5)
        assert len(objects("videojobs")) == 2
        assert [row(database, job_id)[0] for job_id in ids] == ["processing", "processing", "queued"]
        assert operator.ready()[0] == 200
        claimed = [line for line in operator.lines() if line["msg"] == "row claimed"]
        assert {line["job_id"] for line in claimed} == set(ids[:2]), "each line names its job"


def _status(objects: ClusterObjects, field: str) -> str:
    """A field of the only VideoJob's status; empty where there is none."""
    return "".join(str(item.get("status", {}).get(field, "")) for item in objects("videojobs"))


def test_why_no_worker_runs_is_shown(
    *, start: Start, kubectl: Kubectl, objects: ClusterObjects, namespace: str, database: Tables
) -> None:
    job_id = queue(database)
    kubectl("-n", namespace, "create", "secret", "generic", "keys")
    kubectl("-n", namespace, "create", "configmap", "prompts")
    with start():
        eventually(lambda: _status(objects, "reason") == "ImagePullFailed", "the reason of an image that is not there")
    wide = kubectl("-n", namespace, "get", "videojobs", "-o", "wide").stdout
    assert "ImagePullFailed" in wide
    assert row(database, job_id)[0] == "processing", "waiting for an image ends nothing"


def test_a_quota_on_pods_is_shown_in_its_own_words_and_costs_no_attempt(
    *, start: Start, kubectl: Kubectl, objects: ClusterObjects, namespace: str, database: Tables
) -> None:
    job_id = queue(database)
    kubectl("-n", namespace, "create", "quota", "none", "--hard=pods=0")
    with start():
        eventually(lambda: _status(objects, "reason") == "JobRefused", "the reason of a pod that is not made")
        assert "exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0" in _status(objects, "message")
        assert (row(database, job_id)[0], _status(objects, "attempts")) == ("processing", "0")
        kubectl("-n", namespace, "delete", "quota", "none")
        eventually(lambda: _status(objects, "reason") not in {"JobRefused", "Pending"}, "the pod is made in the end")
        assert _status(objects, "attempts") in {"0", "1"}


def test_deleting_a_videojob_tells_the_row(
    *, start: Start, kubectl: Kubectl, objects: ClusterObjects, namespace: str, database: Tables
) -> None:
    job_id = queue(database)
    with start():
        eventually(lambda: len(objects("jobs")) == 1, "the Job")
        kubectl("-n", namespace, "delete", "videojob", f"vj-{job_id}")
        eventually(lambda: row(database, job_id)[0] == "error", "the row is told")
        assert row(database, job_id)[1] == "Cancelled: the VideoJob was deleted."
        eventually(lambda: objects("jobs") == [], "the Job goes")


def test_kill_9_and_a_start_lose_nothing(start: Start, objects: ClusterObjects, database: Tables) -> None:
    ids = [queue(database) for _ in range(2)]
    with start() as operator:
        eventually(lambda: operator.said("row claimed"), "the first claim")
    with start():
        eventually(lambda: len(objects("jobs")) == 2, "two Jobs")
    assert [row(database, job_id)[0] for job_id in ids] == ["processing", "processing"]


@pytest.mark.usefixtures("database")
def test_sigterm_ends_it_soon_and_cleanly(start: Start) -> None:
    with start(forked=False) as operator:
        eventually(lambda: operator.ready()[0] == 200, "ready")
        time.sleep(1)
        operator.process.send_signal(signal.SIGTERM)
        assert operator.process.wait(240) == 0
        assert operator.said("operator stopped")


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ({"role": "anon", "expires_in": 3600}, "is the wrong key (anon JWT)"),
        ({"role": "service_role", "expires_in": -60}, "the key was rejected"),
    ],
)
def test_a_key_that_will_not_do_is_said_and_claims_nothing(
    start: Start, stack: StackInfo, database: Tables, token: dict[str, Any], sentence: str
) -> None:
    job_id = queue(database)
    key = mint_jwt(stack, **token)
    with start(SUPABASE_SERVICE_ROLE_KEY=key) as operator:
        eventually(lambda: operator.said("No rows are claimed:") and operator.said(sentence), sentence)
        eventually(lambda: operator.ready()[0] == 503 and sentence in operator.ready()[1], "not ready, and why")
        assert operator.process.poll() is None, "it keeps trying"
        assert row(database, job_id)[0] == "queued"
        assert key not in json.dumps(operator.lines())


@pytest.mark.usefixtures("database")
def test_a_key_put_right_is_taken_up(start: Start, stack: StackInfo, tmp_path: Path) -> None:
    with start(SUPABASE_SERVICE_ROLE_KEY="sb_secret_of-another-project") as operator:
        eventually(lambda: operator.said("the key was rejected"), "the wrong key is said")
        (tmp_path / "secrets" / "SUPABASE_SERVICE_ROLE_KEY").write_text(stack.secret_key)
        assert operator.process.wait(240) == 0, "it ends, and Kubernetes starts it with the new key"


@pytest.mark.parametrize(
    ("broken", "mended", "sentence"),
    [
        (
            "alter table public.jobs rename to jobs_away",
            "alter table public.jobs_away rename to jobs",
            "the table public.jobs does not exist",
        ),
        (
            "alter table public.jobs rename column metadata to extra",
            "alter table public.jobs rename column extra to metadata",
            "the table jobs has no column metadata",
        ),
        (
            "revoke all on public.jobs from service_role",
            "grant all on public.jobs to service_role",
            "grant select, insert, update, delete on table public.jobs to service_role",
        ),
    ],
)
def test_a_schema_that_will_not_do_is_said_and_waited_for(
    *, start: Start, stack: StackInfo, database: Tables, broken: str, mended: str, sentence: str
) -> None:
    job_id = queue(database)
    database.execute(broken)
    try:
        read_anew(database, stack)
        with start() as operator:
            eventually(lambda: operator.said(sentence), sentence)
            database.execute(mended)
            mended = "select 1"
            read_anew(database, stack)
            eventually(lambda: row(database, job_id)[0] == "processing", "it goes on when the schema is there")
    finally:
        database.execute(mended)
        read_anew(database, stack)


def test_an_unreachable_supabase_is_said_and_waited_for(start: Start, database: Tables, faults: FaultControl) -> None:
    job_id = queue(database)
    faults.set(Fault(kind="drop_before", path="/rest/v1/", times=None))
    with start() as operator:
        eventually(lambda: operator.said("Supabase could not be reached"), "unreachable is said")
        faults.clear()
        eventually(lambda: row(database, job_id)[0] == "processing", "it goes on when Supabase is back")


def test_a_row_with_a_malformed_user_gets_its_sentence(start: Start, database: Tables) -> None:
    job_id = queue(database, {"user_id": "nobody in particular"})
    with start():
        eventually(lambda: row(database, job_id)[0] == "error", "the row ends")
    assert "'nobody in particular', which is not a UUID" in row(database, job_id)[1]


@pytest.mark.usefixtures("database")
def test_a_videojob_made_by_hand_for_no_row_says_so(start: Start, kubectl: Kubectl, namespace: str) -> None:
    job_id = str(uuid4())
    manifest = {
        "apiVersion": "runops.dev/v1alpha1",
        "kind": "VideoJob",
        "metadata": {"name": f"vj-{job_id}"},
        "spec": {"jobId": job_id},
    }
    with start():
        kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(manifest))
        waited = kubectl("-n", namespace, "wait", "--for=condition=Finished", f"videojob/vj-{job_id}", "--timeout=180s")
        assert waited.returncode == 0, waited.stderr
    shown = kubectl("-n", namespace, "get", "videojob", f"vj-{job_id}", "-o", "jsonpath={.status.message}").stdout
    assert shown == f"There is no row in jobs with job_id {job_id}."
