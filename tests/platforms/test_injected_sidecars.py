"""Meshes and agents put containers of their own into workers' pods: only the container `worker` tells how it ended."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.faults import Fault, FaultControl
from tests.eventually import eventually
from tests.platforms.admission import in_force, mutating, of_a_pod
from tests.platforms.site import Site

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("installs the chart, and runs real pods with the whole worker"),
]

NAMESPACE = "with-sidecars"
_FOR_EVER = "import time; time.sleep(99999)"
_FAILS_WHEN_STOPPED = "import signal, sys; signal.signal(15, lambda *_: sys.exit(1)); signal.pause()"
_FAILS_AT_ONCE = "raise SystemExit('vault: permission denied')"
_WORKERS = {"app.kubernetes.io/name": "runops-worker"}
_OF_WORKERS = "object.metadata.?labels['app.kubernetes.io/name'].orValue('') == 'runops-worker'"


def _injected(program: str, *, into: str = "containers", restart: str | None = None) -> str:
    of = f"Object.spec.{into}"
    policy = f', restartPolicy: "{restart}"' if restart else ""
    path = f"/spec/{into}" + ("/-" if into == "containers" else "")
    item = f"""{of}{{name: "proxy", image: object.spec.containers[0].image{policy},
      command: ["/opt/runops/bin/python", "-c", {json.dumps(program)}],
      securityContext: {of}.securityContext{{allowPrivilegeEscalation: false,
        capabilities: {of}.securityContext.capabilities{{drop: ["ALL"]}}}}}}"""
    value = item if into == "containers" else f"[{item}]"
    return f'[JSONPatch{{op: "add", path: "{path}", value: {value}}}]'


def _is_injected(answer: httpx.Response) -> bool:
    spec = answer.json().get("spec", {}) if answer.is_success else {}
    return any(item["name"] == "proxy" for kind in ("containers", "initContainers") for item in spec.get(kind, ()))


Injecting = Callable[..., Any]


@pytest.fixture(scope="module")
def site(make_namespace: Callable[[str], None], installed: Callable[..., Any]) -> Iterator[Site]:
    make_namespace(NAMESPACE)
    with installed(NAMESPACE, {}) as site:
        yield site


@pytest.fixture
def injecting(api_server: httpx.Client) -> Injecting:
    """Has a container injected into each worker's pod."""

    @contextmanager
    def inject(program: str, **how: Any) -> Iterator[None]:
        tried = of_a_pod(NAMESPACE, labels=_WORKERS)
        policies = mutating("sidecar", NAMESPACE, _injected(program, **how), only=_OF_WORKERS)
        with in_force(api_server, policies, tried, _is_injected):
            yield

    return inject


@pytest.mark.parametrize(
    ("program", "how"),
    [
        pytest.param(_FOR_EVER, {}, id="never ends and ignores SIGTERM"),
        pytest.param(_FAILS_WHEN_STOPPED, {}, id="fails when it is stopped"),
        pytest.param(
            _FAILS_WHEN_STOPPED, {"into": "initContainers", "restart": "Always"}, id="native, fails at its end"
        ),
    ],
)
def test_a_video_is_done_when_its_worker_is(
    program: str, how: dict[str, str], site: Site, injecting: Injecting
) -> None:
    with injecting(program, **how):
        job_id = site.submit()
        assert site.ended(job_id) == ("completed", None)
        # A sidecar that ignores SIGTERM is killed 30 s after its Job was deleted.
        site.seconds_until_nothing_runs(job_id)
        status = site.status(job_id)
        assert (status["phase"], status["attempts"]) == ("Succeeded", 1)


@pytest.fixture
def rejected_key(site: Site) -> Iterator[FaultControl]:
    """Has Gemini reject the key until it is cleared."""
    reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    error = {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid.", "details": [reason]}
    answer = {"headers": {"content-type": "application/json"}, "body": json.dumps({"error": error})}
    with closing(FaultControl(site.outside.gemini_url)) as faults:
        faults.set(Fault(kind="status", status=400, times=None, **answer))
        yield faults
        faults.clear()


def test_the_workers_exit_code_decides_on_the_next_attempt(
    site: Site, injecting: Injecting, rejected_key: FaultControl
) -> None:
    with injecting(_FOR_EVER):
        job_id = site.submit()
        eventually(lambda: site.status(job_id).get("reason") == "ModelKeyRejected", "the attempt has failed")
        first = {pod["metadata"]["uid"] for pod in site.of(job_id, "pods")}
        rejected_key.clear()
        eventually(
            lambda: any(pod["metadata"]["uid"] not in first for pod in site.of(job_id, "pods")),
            "the next attempt has a pod",
        )
        assert site.ended(job_id) == ("completed", None)


def test_a_final_failure_ends_the_job(site: Site, injecting: Injecting, tmp_path: Path) -> None:
    notes = tmp_path / "notes.mp4"
    notes.write_bytes(b"\0These are my notes of the meeting.\n" * 100)
    with injecting(_FOR_EVER):
        job_id = site.submit(notes)
        status, error = site.ended(job_id)
        assert status == "error"
        assert "not a video" in (error or "")
        site.seconds_until_nothing_runs(job_id)


def test_an_init_container_that_fails_is_told_by_its_name(site: Site, injecting: Injecting) -> None:
    with injecting(_FAILS_AT_ONCE, into="initContainers"):
        job_id = site.submit()
        eventually(lambda: site.status(job_id).get("reason") == "SidecarFailed", "the container is told")
        status = site.status(job_id)
        assert "Container proxy, which starts before the worker, ended with exit code 1" in status["message"]
        assert site.row(job_id)[0] == "processing"
    assert site.ended(job_id) == ("completed", None)
    assert site.status(job_id)["attempts"] == 1
