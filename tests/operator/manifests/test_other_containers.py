"""Containers beside the worker: which run, and which keep the worker from starting."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_operator.manifests.observed_pod import parse_pod
from runops_operator.manifests.other_containers import hindrance_of, running_beside

RUNNING: dict[str, Any] = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
TURN: dict[str, Any] = {"waiting": {"reason": "PodInitializing"}}


def container(name: str, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, **more}


def ended(code: int, message: str | None = None) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": "Error", **({"message": message} if message else {})}}


def status(*beside: dict[str, Any], before: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "phase": "Pending",
        "initContainerStatuses": list(before),
        "containerStatuses": [container("worker", TURN), *beside],
    }


@pytest.mark.parametrize(
    ("beside", "before", "words"),
    [
        pytest.param((), (), None, id="alone"),
        pytest.param((container("proxy", RUNNING, ready=True),), (), None, id="a ready sidecar"),
        pytest.param((container("proxy", TURN),), (), None, id="a sidecar that waits as the worker does"),
        pytest.param((container("proxy", {}),), (), None, id="nothing is known yet"),
        pytest.param(
            (container("istio-proxy", RUNNING, ready=False),),
            (),
            "Container istio-proxy, which runs beside the worker, is not ready.",
            id="a mesh holds the worker until its proxy is ready",
        ),
        pytest.param(
            (container("proxy", {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off\n  pulling"}}),),
            (),
            "Container proxy, which runs beside the worker, does not run: ImagePullBackOff (Back-off pulling).",
            id="the image of a sidecar",
        ),
        pytest.param(
            (container("proxy", ended(2)),),
            (),
            "Container proxy, which runs beside the worker, ended with exit code 2.",
            id="a sidecar that ended before the worker began",
        ),
        pytest.param(
            (),
            (container("vault-agent-init", ended(1, "permission denied")),),
            "Container vault-agent-init, which starts before the worker, ended with exit code 1 (permission denied).",
            id="an init container failed",
        ),
        pytest.param((), (container("init", ended(0)),), None, id="an init container succeeded"),
        pytest.param(
            (),
            (container("init", ended(0)), container("second", RUNNING, started=False)),
            "Container second, which starts before the worker, still holds it back.",
            id="an init container still runs",
        ),
        pytest.param((), (container("mesh", RUNNING, started=True),), None, id="a native sidecar has started"),
        pytest.param(
            (),
            (container("mesh", {"waiting": {"reason": "CrashLoopBackOff"}}, started=False),),
            "Container mesh, which starts before the worker, does not run: CrashLoopBackOff.",
            id="a native sidecar fails again and again",
        ),
        pytest.param(
            (container("proxy", RUNNING, ready=False),),
            (container("init", ended(3)),),
            "Container init, which starts before the worker, ended with exit code 3.",
            id="what comes first counts",
        ),
    ],
)
def test_which_container_keeps_the_worker_from_starting(
    beside: tuple[dict[str, Any], ...], before: tuple[dict[str, Any], ...], words: str | None
) -> None:
    assert hindrance_of(status(*beside, before=before)) == words


def test_long_words_are_cut() -> None:
    told = hindrance_of(status(container("proxy", ended(1, "x" * 500))))
    assert told is not None
    assert told.endswith(f"({'x' * 200}).")


@pytest.mark.parametrize(
    ("beside", "before", "names"),
    [
        ((), (), ()),
        ((container("proxy", RUNNING),), (container("mesh", RUNNING),), ("mesh", "proxy")),
        ((container("proxy", ended(1)), container("other", TURN)), (container("init", ended(0)),), ()),
    ],
)
def test_which_containers_run_beside_the_worker(
    beside: tuple[dict[str, Any], ...], before: tuple[dict[str, Any], ...], names: tuple[str, ...]
) -> None:
    assert running_beside(status(*beside, before=before)) == names


def test_the_worker_is_no_container_beside_itself() -> None:
    assert running_beside({"containerStatuses": [container("worker", RUNNING)]}) == ()


_LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_ANY = st.recursive(
    _LEAF,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "state", "running", "waiting", "terminated", "exitCode", "reason", "message"]),
            inner,
            max_size=4,
        )
    ),
)


@given(st.fixed_dictionaries({}, optional={"initContainerStatuses": _ANY, "containerStatuses": _ANY}))
def test_any_status_is_read(found: dict[str, Any]) -> None:
    assert isinstance(running_beside(found), tuple)
    assert hindrance_of(found) is None or isinstance(hindrance_of(found), str)


@pytest.mark.parametrize("state", [RUNNING, ended(104)])
def test_nothing_keeps_a_worker_from_starting_that_has_started(state: dict[str, Any]) -> None:
    found = {
        "phase": "Running",
        "containerStatuses": [container("proxy", RUNNING, ready=False), container("worker", state)],
    }
    view = parse_pod({"metadata": {"name": "pod-1"}, "status": found})
    assert (view.hindrance, view.beside) == (None, ("proxy",))


@pytest.mark.parametrize(
    ("terminated", "cannot"),
    [
        pytest.param(
            {
                "exitCode": 128,
                "reason": "StartError",
                "message": "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
                'runc create failed: unable to start container process: exec: "/opt/runops/bin/runops-worker": exec '
                "format error: unknown",
            },
            True,
            id="containerd does not start it",
        ),
        pytest.param(
            {"exitCode": 255, "reason": "Error", "message": "exec /opt/runops/bin/runops-worker: exec format error\n"},
            True,
            id="runc writes it into the log",
        ),
        pytest.param(
            {"exitCode": 1, "message": "standard_init_linux.go:228: exec user process caused: exec format error"},
            True,
            id="an older runc",
        ),
        pytest.param(
            {"exitCode": 1, "message": '{"msg":"exec container process `/w`: Exec format error","level":"error"}'},
            True,
            id="crun",
        ),
        pytest.param({"exitCode": 255, "message": "out of luck"}, False, id="another end"),
        pytest.param({"exitCode": 255}, False, id="no words"),
        pytest.param({"exitCode": 0, "message": '{"message": "exec format error"}'}, False, id="a success"),
        pytest.param(
            {"exitCode": 111, "message": '{"reason": "MediaToolFailed", "message": "ffmpeg: Exec format error"}'},
            False,
            id="a worker that runs and says so",
        ),
    ],
)
def test_a_node_that_cannot_execute_the_image(terminated: dict[str, Any], cannot: bool) -> None:
    found = {"phase": "Failed", "containerStatuses": [container("worker", {"terminated": terminated})]}
    assert parse_pod({"metadata": {"name": "pod-1"}, "status": found}).cannot_execute is cannot
