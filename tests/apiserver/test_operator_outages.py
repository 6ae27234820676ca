"""What becomes of rows, VideoJobs and Jobs while Supabase, the API server, a clock or a replica fails: nothing bad."""

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from devstack.cluster import ClusterInfo
from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, mint_jwt
from runops.standstill import CONDITION
from runops.supabase.probe import Finding
from runops_cli.checks.claims import check_claims
from runops_cli.cluster.kubectl import Kubectl as KubectlOfRunops
from tests.apiserver.api_proxy import ApiProxy, Trouble, running_proxy
from tests.apiserver.operator_process import Running, Start, Tables, queue, row
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually
from tests.on_cluster import Kubectl

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.usefixtures("definition"),
    pytest.mark.slow(
        "an operator process lives through an outage and has to recover; its backoff decides how long that takes"
    ),
]

_QUICK = {"resyncSeconds": 2, "rowsSeconds": 0.5}
_LEASE_SECONDS = 6.0
_STALE_SECONDS = 400.0
"""Longer than a test takes on a busy machine, shorter than the 600 s by which clocks are wrong."""
_SPEED = 8.0
"""How much faster the operator's clock goes where an outage has to outlast all that it tries."""
_SPOILT = 4
"""How many requests meet an outage before it ends."""
_READINGS = 6
"""After so many readings of the table the operator has seen each of its rows more than once."""
_HTML = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
_STARTING = (
    '{"code":"PGRST002","details":null,"hint":null,"message":"Could not query the database for the schema cache."}'
)


class Cluster:
    """What is in the test's namespace."""

    def __init__(self, kubectl: Kubectl, namespace: str, objects: ClusterObjects) -> None:
        self.kubectl = kubectl
        self.namespace = namespace
        self.objects = objects

    def uids(self, kind: str) -> dict[str, str]:
        """Uids by job_id of those that nobody has asked to go."""
        return {
            item["metadata"]["name"].removeprefix("vj-"): item["metadata"]["uid"]
            for item in self.objects(kind)
            if "deletionTimestamp" not in item["metadata"]
        }

    def has_job(self, job_id: str) -> bool:
        return job_id in self.uids("jobs")

    def lives_on(self, job_id: str) -> bool:
        """Whether a Job or a pod of a row is there that was not asked to go."""
        pods = [
            item
            for item in self.objects("pods")
            if item["metadata"]["labels"].get("runops.dev/job-id") == job_id
            and "deletionTimestamp" not in item["metadata"]
        ]
        return bool(pods) or self.has_job(job_id)

    def lease_renewed_at(self) -> datetime:
        (lease,) = self.objects("leases")
        return datetime.fromisoformat(lease["spec"]["renewTime"])

    def delete_videojob(self, job_id: str) -> None:
        told = self.kubectl("-n", self.namespace, "delete", "videojob", f"vj-{job_id}", "--wait=false")
        assert told.returncode == 0, told.stderr


@pytest.fixture
def inside(kubectl: Kubectl, namespace: str, objects: ClusterObjects) -> Cluster:
    return Cluster(kubectl, namespace, objects)


@pytest.fixture
def changes(database: Tables) -> Iterator[Callable[[str], list[str]]]:
    """Tells every status that a row had, in order: a trigger keeps them."""
    database.execute("create table public.seen_by_test (id serial, job_id uuid, status text)")
    database.execute(
        "create function public.note_for_test() returns trigger language plpgsql security definer as $$ begin "
        "if tg_op = 'INSERT' or new.status is distinct from old.status then "
        "insert into public.seen_by_test (job_id, status) values (new.job_id, new.status); end if; return new; end $$"
    )
    database.execute(
        "create trigger note_for_test after insert or update on public.jobs "
        "for each row execute function public.note_for_test()"
    )

    def told(job_id: str) -> list[str]:
        found = database.execute("select status from public.seen_by_test where job_id = %s order by id", (job_id,))
        return [status for (status,) in found.fetchall()]

    yield told
    database.execute("drop trigger note_for_test on public.jobs")
    database.execute("drop function public.note_for_test")
    database.execute("drop table public.seen_by_test")


@pytest.fixture
def proxy(cluster: ClusterInfo) -> Iterator[ApiProxy]:
    with running_proxy(cluster.kubeconfig) as running:
        yield running


def _works(operator: Running) -> None:
    assert operator.process.poll() is None, f"the operator ended: {operator.lines()[-3:]}"


def _status_is(database: Tables, job_id: str, status: str) -> Callable[[], bool]:
    return lambda: bool(row(database, job_id)[0] == status)


_HTML_200 = Fault(kind="status", status=200, body=_HTML, headers={"Content-Type": "text/html"})
_CUT_OFF, _ANSWER_LOST, _HANG = Fault(kind="truncate"), Fault(kind="drop_after"), Fault(kind="hang", seconds=1.0)


def _spoilt(faults: FaultControl) -> int:
    return sum(request.fault is not None for request in faults.requests())


def _readings_of_the_table(faults: FaultControl) -> int:
    return sum(
        request.method == "GET" and request.path.startswith("/rest/v1/jobs") and request.fault is None
        for request in faults.requests()
    )


def _until_it_has_read_the_table_again(faults: FaultControl) -> None:
    """Give the operator the time to do what it should not do: it reads the table before it does anything to a row."""
    before = _readings_of_the_table(faults)
    eventually(lambda: _readings_of_the_table(faults) >= before + _READINGS, "the operator reads the table")


@pytest.mark.parametrize(
    ("fault", "method"),
    [
        pytest.param(
            Fault(kind="status", status=502, body=_HTML, headers={"Content-Type": "text/html"}), "*", id="html-502"
        ),
        pytest.param(Fault(kind="status", status=503, body=_STARTING), "*", id="PGRST002"),
        pytest.param(_HTML_200, "*", id="html-200"),
        pytest.param(Fault(kind="status", status=200, body='{"ok": true}'), "*", id="json-of-another-sort"),
        pytest.param(_CUT_OFF, "*", id="cut-off"),
        pytest.param(_ANSWER_LOST, "*", id="answer-lost"),
        pytest.param(_HANG, "*", id="hang"),
        # Where only writes meet it, what they did stays open.
        pytest.param(_HTML_200, "PATCH", id="html-200-to-writes"),
        pytest.param(_CUT_OFF, "PATCH", id="writes-cut-off"),
        pytest.param(_ANSWER_LOST, "PATCH", id="writes-answers-lost"),
    ],
)
def test_while_supabase_talks_nonsense_nothing_is_claimed_twice_and_afterwards_all_goes_on(
    *,
    start: Start,
    inside: Cluster,
    database: Tables,
    faults: FaultControl,
    changes: Callable[[str], list[str]],
    fault: Fault,
    method: str,
) -> None:
    with start(_QUICK) as operator:
        eventually(lambda: operator.ready()[0] == 200, "ready")
        faults.set(fault.model_copy(update={"method": method, "path": "/rest/v1/", "times": None}))
        ids = [queue(database) for _ in range(2)]
        # A write is tried again after a long pause only.
        enough = _SPOILT if method == "*" else 1
        eventually(lambda: _spoilt(faults) >= enough, "the operator meets the outage")
        assert {row(database, job_id)[0] for job_id in ids} <= {"queued", "processing"}, "no row is ended by an outage"
        faults.clear()
        eventually(lambda: set(ids) <= inside.uids("jobs").keys(), "both rows have a Job")
        jobs, videojobs = inside.uids("jobs"), inside.uids("videojobs")
        _until_it_has_read_the_table_again(faults)
        _works(operator)
        assert (inside.uids("jobs"), inside.uids("videojobs")) == (jobs, videojobs), "they stay the very same"
        assert jobs.keys() == videojobs.keys() == set(ids)
        assert [changes(job_id) for job_id in ids] == [["queued", "processing"]] * 2, "claimed once"


def _refusal_of(stack: StackInfo, key: str) -> Fault:
    """What PostgREST answers to a key, as a fault that makes it answer so to every key."""
    answer = httpx.get(
        f"{stack.url}/rest/v1/jobs?limit=0", headers={"apikey": key, "Authorization": f"Bearer {key}"}, timeout=60
    )
    assert answer.status_code == 401, answer.text
    headers = {name: answer.headers[name] for name in ("Content-Type", "WWW-Authenticate") if name in answer.headers}
    return Fault(kind="status", status=401, body=answer.text, headers=headers, path="/(rest|storage)/", times=None)


def test_a_key_that_runs_out_in_the_middle_of_work_pauses_the_intake_and_loses_nothing(
    *, start: Start, inside: Cluster, stack: StackInfo, database: Tables, faults: FaultControl, tmp_path: Path
) -> None:
    short = mint_jwt(stack, role="service_role", expires_in=-60)
    refused = _refusal_of(stack, short)
    first = queue(database)
    with start(_QUICK, SUPABASE_SERVICE_ROLE_KEY=stack.service_role_jwt) as operator:
        eventually(lambda: inside.has_job(first), "the first row's Job")
        job = inside.uids("jobs")[first]
        faults.set(refused)
        eventually(lambda: 'runops_intake_paused{reason="KeyRejected"} 1.0' in operator.metrics(), "the intake pauses")
        second = queue(database)
        eventually(lambda: operator.said("the key was rejected"), "and says why")
        before = _spoilt(faults)
        eventually(lambda: _spoilt(faults) >= before + _SPOILT, "the operator goes on asking")
        _works(operator)
        assert row(database, second)[0] == "queued"
        assert row(database, first)[0] == "processing"
        assert inside.uids("jobs") == {first: job}, "what runs goes on"
    faults.clear()
    with start(_QUICK, SUPABASE_SERVICE_ROLE_KEY=short) as operator:
        eventually(lambda: operator.ready()[0] == 503 and "the key was rejected" in operator.ready()[1], "says so")
        (tmp_path / "secrets" / "SUPABASE_SERVICE_ROLE_KEY").write_text(stack.service_role_jwt)
        assert operator.process.wait(240) == 0, "it ends, and Kubernetes restarts it"
    with start(_QUICK) as operator:
        eventually(lambda: inside.has_job(second), "the row that waited is claimed")
        assert inside.uids("jobs")[first] == job, "the other one's Job is the very same"
        assert row(database, first) == ("processing", None)
        eventually(lambda: operator.ready()[0] == 200, "ready again")
        eventually(lambda: "runops_intake_paused{" not in operator.metrics(), "the intake goes on")


def test_the_pod_of_the_operator_and_runops_check_say_why_nothing_is_claimed(
    *,
    start: Start,
    inside: Cluster,
    cluster: ClusterInfo,
    stack: StackInfo,
    faults: FaultControl,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = {"app.kubernetes.io/part-of": "runops", "app.kubernetes.io/instance": "ours"}
    config = {"operator.yaml": json.dumps({"leaderElection": {"lease": "none"}})}
    labels = release | {"app.kubernetes.io/component": "operator"}
    objects = [
        {"kind": "ConfigMap", "metadata": {"name": "ours", "labels": release}, "data": config},
        {
            "kind": "Pod",
            "metadata": {"name": "operator-1", "labels": labels},
            "spec": {"nodeSelector": {"is": "nowhere"}, "containers": [{"name": "operator", "image": "none:1"}]},
        },
    ]
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", **one} for one in objects]})
    applied = inside.kubectl("apply", "-n", inside.namespace, "-f", "-", given=given)
    assert applied.returncode == 0, applied.stderr
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    monkeypatch.setenv("PATH", str(cluster.kubectl.parent), prepend=":")

    def condition() -> dict[str, Any]:
        pod = inside.objects.named("pods", "operator-1") or {}
        by_type: dict[str, dict[str, Any]] = {one["type"]: one for one in pod["status"].get("conditions") or []}
        return by_type.get(CONDITION, {})

    def reasons_of_events() -> set[str]:
        events = inside.objects("events")
        return {item["reason"] for item in events if item["involvedObject"]["name"] == "operator-1"}

    def checked() -> Finding:
        (found,) = asyncio.run(check_claims(KubectlOfRunops(namespace=inside.namespace)))
        return found

    short = mint_jwt(stack, role="service_role", expires_in=-60)
    with start(_QUICK, pod="operator-1", SUPABASE_SERVICE_ROLE_KEY=stack.service_role_jwt):
        eventually(lambda: condition().get("status") == "True", "rows are claimed")
        assert checked().detail == "rows are claimed when a slot is free"
        faults.set(_refusal_of(stack, short))
        eventually(lambda: condition().get("reason") == "KeyRejected", "the pod says that nothing is claimed")
        assert "No rows are claimed since" in condition()["message"]
        found = checked()
        assert (found.name, found.ok) == ("claims", False)
        assert found.detail.startswith("KeyRejected: ")
        faults.clear()
        eventually(lambda: condition().get("status") == "True", "the condition is cleared")
        # The condition is written first, the event after it.
        eventually(lambda: {"KeyRejected", "ClaimsResumed"} <= reasons_of_events(), "events tell of both")


@pytest.mark.parametrize(
    ("trouble", "passes"),
    [
        pytest.param(Trouble(away=True), True, id="away"),
        pytest.param(Trouble(status=429, headers={"Retry-After": "1"}, body="slow down"), True, id="429"),
        pytest.param(Trouble(status=500, body=_HTML), True, id="html-500"),
        pytest.param(Trouble(delay_seconds=2.0), False, id="2-s-per-answer"),
        pytest.param(Trouble(watches="cut"), False, id="watches-cut"),
        pytest.param(Trouble(watches="silent"), False, id="watches-silent"),
        pytest.param(Trouble(watches="gone"), False, id="watches-410"),
    ],
)
def test_rows_and_videojobs_find_each_other_while_the_api_server_or_its_watches_fail(
    *,
    start: Start,
    inside: Cluster,
    proxy: ApiProxy,
    tmp_path: Path,
    database: Tables,
    changes: Callable[[str], list[str]],
    trouble: Trouble,
    passes: bool,
) -> None:
    first = queue(database)
    with start(_QUICK, through=proxy.kubeconfig(tmp_path)) as operator:
        eventually(lambda: inside.has_job(first), "a row before the trouble")
        job = inside.uids("jobs")[first]
        proxy.seen.clear()
        proxy.trouble = trouble
        began = time.monotonic()
        second = queue(database)
        if passes:
            eventually(lambda: proxy.seen.total() >= _SPOILT, "the operator meets the outage")
            assert row(database, first)[0] == "processing", "an outage cancels nothing"
            assert inside.uids("jobs").get(first) == job
            inside.delete_videojob(first)
            met = proxy.seen.total()
            eventually(lambda: proxy.seen.total() > met, "the outage goes on")
            proxy.trouble = Trouble()
        eventually(lambda: inside.has_job(second), "the second row's Job")
        if not passes:
            assert row(database, first)[0] == "processing"
            inside.delete_videojob(first)
        eventually(_status_is(database, first, "error"), "a deleted VideoJob cancels its row")
        assert row(database, first)[1] == "Cancelled: the VideoJob was deleted."
        database.execute("update public.jobs set status = 'cancelled' where job_id = %s", (second,))
        eventually(lambda: not inside.has_job(second), "a row that is moved away ends its Job")
        watches = proxy.seen["watch"] / (time.monotonic() - began)
        _works(operator)
        assert changes(first) == ["queued", "processing", "error"]
        assert changes(second) == ["queued", "processing", "cancelled"]
        print(f"watches opened: {watches:.1f} a second; requests: {dict(proxy.seen)}")  # noqa: T201 - the figures
        # One that is cut kopf starts again at once, without listing; it has no setting for a pause there.
        assert watches < 5 or trouble.watches == "cut", "a watch that fails is not started again without a pause"


def test_pages_in_place_of_the_api_servers_answers_cancel_nothing_and_the_watches_begin_anew(
    *,
    start: Start,
    inside: Cluster,
    proxy: ApiProxy,
    tmp_path: Path,
    database: Tables,
    changes: Callable[[str], list[str]],
) -> None:
    first = queue(database)
    through = proxy.kubeconfig(tmp_path)
    with start(_QUICK, through=through) as operator:
        eventually(lambda: inside.has_job(first), "a row before the trouble")
        job = inside.uids("jobs")[first]
        proxy.trouble = Trouble(status=200, body=_HTML, spares_watches=True)
        second = queue(database)
        eventually(lambda: operator.said("Resync:"), "the listing is refused, not taken for an empty one")
        # kopf's watchers end at what is not JSON.
        proxy.trouble = Trouble(status=200, body=_HTML)
        eventually(lambda: operator.said("kopf starts again"), "the watches end and start again")
        assert row(database, first)[0] == "processing", "what is not listed on a page is not gone"
        _works(operator)
        proxy.trouble = Trouble()
        eventually(lambda: inside.has_job(second), "it goes on")
        _works(operator)
        assert inside.uids("jobs")[first] == job, "the very same Job"
    assert [changes(job_id) for job_id in (first, second)] == [["queued", "processing"]] * 2


def test_an_api_server_away_for_longer_than_a_minute_does_not_end_the_operator(
    start: Start, inside: Cluster, proxy: ApiProxy, tmp_path: Path, database: Tables
) -> None:
    first = queue(database)
    with start(_QUICK, through=proxy.kubeconfig(tmp_path), speed=_SPEED) as operator:
        eventually(lambda: inside.has_job(first), "a row before the outage")
        job = inside.uids("jobs")
        proxy.trouble = Trouble(status=503, body=_HTML)
        time.sleep(65 / _SPEED)
        _works(operator)
        proxy.trouble = Trouble()
        second = queue(database)
        eventually(lambda: inside.has_job(second), "it goes on")
        assert inside.uids("jobs")[first] == job[first]


def _held(database: Tables, *, by: str, seconds_ago: float, not_before: datetime | None = None) -> str:
    job_id = str(uuid4())
    claim = {"claim": str(uuid4()), "by": by, "attempt": 1}
    if not_before is not None:
        claim |= {"not_before": not_before.isoformat(), "failures": 1, "reason": "Evicted"}
    database.execute(
        "insert into public.jobs (job_id, status, metadata, updated_at) "
        "values (%s, 'processing', %s, now() - make_interval(secs => %s))",
        (job_id, json.dumps({"runops": claim}), seconds_ago),
    )
    return job_id


@pytest.mark.parametrize("ahead", [600.0, -600.0])
def test_a_clock_that_is_ten_minutes_wrong_takes_nothing_that_is_alive_and_leaves_nothing_that_is_stale(
    *, start: Start, inside: Cluster, namespace: str, database: Tables, faults: FaultControl, ahead: float
) -> None:
    alive = _held(database, by="somebody/else", seconds_ago=1)
    stale = _held(database, by="somebody/else", seconds_ago=2 * _STALE_SECONDS)
    # The pause of one row is over, the other one's is not, by the operator's clock alone: the database's is ahead or
    # behind by more than these 300 s.
    clock = _now(database) + timedelta(seconds=ahead)
    pausing = _held(database, by=f"test/{namespace}", seconds_ago=1, not_before=clock + timedelta(seconds=300))
    paused = _held(database, by=f"test/{namespace}", seconds_ago=1, not_before=clock - timedelta(seconds=300))
    fresh = queue(database)
    settings = {**_QUICK, "staleAfterSeconds": _STALE_SECONDS, "maxConcurrent": 10}
    with start(settings, ahead=ahead) as operator:
        expected = {stale, fresh, paused}
        eventually(lambda: expected <= inside.uids("jobs").keys(), "stale, queued and paused row have Jobs")
        _until_it_has_read_the_table_again(faults)
        _works(operator)
        assert pausing not in inside.uids("jobs"), "its next attempt may not start yet"
        _pause_until(database, pausing, clock)
        eventually(lambda: inside.has_job(pausing), "the pause ends")
        _works(operator)
    assert inside.uids("videojobs").keys() == {*expected, pausing}
    assert row(database, alive)[0] == "processing"
    holder = database.execute(
        "select metadata->'runops'->>'by' from public.jobs where job_id = %s", (alive,)
    ).fetchone()
    assert holder == ("somebody/else",)


def _pause_until(database: Tables, job_id: str, moment: datetime) -> None:
    database.execute(
        "update public.jobs set metadata = jsonb_set(metadata, '{runops,not_before}', to_jsonb(%s::text)) "
        "where job_id = %s",
        (moment.isoformat(), job_id),
    )


def _now(database: Tables) -> datetime:
    found = database.execute("select now()").fetchone()
    assert found is not None
    now: datetime = found[0]
    return now


@pytest.mark.parametrize("ahead", [600.0, -600.0])
def test_a_server_whose_clock_is_ten_minutes_wrong_is_believed_about_its_own_rows(
    start: Start, inside: Cluster, database: Tables, faults: FaultControl, ahead: float
) -> None:
    faults.skew_clock(ahead)
    # The database's clock as its gateway's: what it would have written so many seconds ago.
    alive = _held(database, by="somebody/else", seconds_ago=1 - ahead)
    stale = _held(database, by="somebody/else", seconds_ago=2 * _STALE_SECONDS - ahead)
    with start({**_QUICK, "staleAfterSeconds": _STALE_SECONDS}) as operator:
        eventually(lambda: inside.has_job(stale), "the stale row is taken over")
        _until_it_has_read_the_table_again(faults)
        _works(operator)
    assert inside.uids("jobs").keys() == {stale}
    assert row(database, alive)[0] == "processing"


def _leads(operator: Running) -> bool:
    return "runops_leader 1.0" in operator.metrics()


def _replicas() -> dict[str, Any]:
    election = {"enabled": True, "leaseSeconds": _LEASE_SECONDS, "retrySeconds": 0.5}
    return {**_QUICK, "leaderElection": election, "maxConcurrent": 5}


def test_of_two_replicas_one_works_and_after_kill_9_the_other_one(
    start: Start, inside: Cluster, database: Tables, changes: Callable[[str], list[str]]
) -> None:
    with start(_replicas()) as one, start(_replicas()) as two:
        eventually(lambda: _leads(one) or _leads(two), "one leads")
        leader, other = (one, two) if _leads(one) else (two, one)
        first = queue(database)
        eventually(lambda: inside.has_job(first), "the leader works")
        begun = inside.lease_renewed_at()
        eventually(lambda: inside.lease_renewed_at() > begun + timedelta(seconds=_LEASE_SECONDS), "it renews its lease")
        assert (_leads(leader), _leads(other)) == (True, False), "and goes on leading"
        assert not other.said("row claimed")
        assert other.ready()[0] == 200, "a replica that stands by is ready"
        second = queue(database)
        leader.process.kill()
        third = queue(database)
        eventually(lambda: _leads(other), "the other one leads")
        ids = [first, second, third]
        eventually(lambda: set(ids) <= inside.uids("jobs").keys(), "no row is lost")
        assert [changes(job_id) for job_id in ids] == [["queued", "processing"]] * 3, "none was claimed twice"


def test_a_leader_that_stood_still_for_longer_than_its_lease_does_no_harm(
    start: Start, inside: Cluster, database: Tables, changes: Callable[[str], list[str]]
) -> None:
    with start(_replicas()) as one, start(_replicas()) as two:
        eventually(lambda: _leads(one) or _leads(two), "one leads")
        leader, other = (one, two) if _leads(one) else (two, one)
        ids = [queue(database) for _ in range(2)]
        # In the midst of its work.
        eventually(lambda: leader.said("row claimed"), "the leader claims")
        leader.process.send_signal(signal.SIGSTOP)
        ids += [queue(database) for _ in range(2)]
        try:
            eventually(lambda: _leads(other), "the other one leads")
            eventually(lambda: set(ids) <= inside.uids("jobs").keys(), "no row is lost")
            jobs = inside.uids("jobs")
            inside.delete_videojob(ids[0])
            eventually(_status_is(database, ids[0], "error"), "the new leader works")
        finally:
            leader.process.send_signal(signal.SIGCONT)
        ids.append(queue(database))
        eventually(lambda: leader.said("the Lease is lost"), "it sees that its time is over")
        eventually(lambda: not _leads(leader) and leader.ready()[0] == 200, "it stands by, in the same process")
        _works(leader)
        eventually(lambda: inside.has_job(ids[-1]), "the new leader goes on")
        del jobs[ids[0]]
        assert {job_id: uid for job_id, uid in inside.uids("jobs").items() if job_id in jobs} == jobs, "the very same"
        assert inside.uids("jobs").keys() == set(ids[1:]), "exactly one Job per row"
        assert changes(ids[0]) == ["queued", "processing", "error"], "it ended once"
        assert [changes(job_id) for job_id in ids[1:]] == [["queued", "processing"]] * 4


@pytest.mark.parametrize("how", ["videojob deleted", "row moved away", "row deleted"])
def test_a_cancel_asks_job_and_pods_to_go(start: Start, inside: Cluster, database: Tables, how: str) -> None:
    job_id = queue(database)
    with start(_QUICK) as operator:
        eventually(lambda: any(inside.objects("pods")), "the worker's pod")
        if how == "videojob deleted":
            inside.delete_videojob(job_id)
        elif how == "row moved away":
            database.execute("update public.jobs set status = 'cancelled' where job_id = %s", (job_id,))
        else:
            database.execute("delete from public.jobs where job_id = %s", (job_id,))
        # How soon is measured by `benchmarks/cancel.py`.
        eventually(lambda: not inside.lives_on(job_id), "Job and pods are asked to go")
        if how != "videojob deleted":
            # There Kubernetes' garbage collector may be first. That the operator deletes the Job, too, is a row of the
            # table in tests/operator/planning.
            eventually(lambda: operator.said("Kubernetes Job deleted"), "the operator itself deletes the Job")
        if how == "videojob deleted":
            eventually(_status_is(database, job_id, "error"), "the row is told")
            assert row(database, job_id)[1] == "Cancelled: the VideoJob was deleted."
        _works(operator)
