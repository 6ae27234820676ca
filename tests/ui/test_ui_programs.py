"""`runops ui` and `runops-ui` as processes: what they refuse, what they reach, how they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from devstack.stack import StackInfo
from tests.ui.filled import fill, job, manifests_of

_SECONDS = 120.0
_COMMAND = (sys.executable, "-c", "from runops_cli.main import run; run()", "ui")
_PROGRAM = (sys.executable, "-c", "from runops_ui.main import run; run()")
_KUBECTL = """#!{python}
import json, sys
arguments = [one for one in sys.argv[1:] if not one.startswith(("--request-timeout", "--context", "--namespace"))]
if arguments[:2] == ["config", "current-context"]:
    print("here")
elif arguments[:2] == ["config", "view"]:
    print("runops")
elif arguments[:2] == ["get", "--raw"]:
    found = json.load(open({manifests!r})).get(arguments[2].partition("?")[0])
    if found is None and "configmaps" not in arguments[2]:
        sys.exit("Error from server (NotFound): not found")
    print(json.dumps(found or {{"items": []}}))
elif arguments[0] == "patch":
    open({patched!r}, "a").write(" ".join(arguments) + "\\n")
else:
    sys.exit("what: " + " ".join(arguments))
"""


def _environment(stack: StackInfo, tmp_path: Path, **more: str) -> dict[str, str]:
    (tmp_path / "bin").mkdir(exist_ok=True)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    return {**stack.environment(), "PATH": path, "HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "none"), **more}


def _free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@contextmanager
def _running(command: tuple[str, ...], environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=_SECONDS)


def _answer(url: str) -> httpx.Response:
    """Ask until the page answers."""
    until = time.monotonic() + _SECONDS
    while True:
        try:
            return httpx.get(url, timeout=_SECONDS, trust_env=False)
        except httpx.ConnectError:
            assert time.monotonic() < until, "the page does not answer"
            time.sleep(0.05)


def _ended(command: tuple[str, ...], environment: dict[str, str], folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    return done.returncode, " ".join(done.stderr.split())


def test_the_command_serves_the_tables_until_it_is_interrupted(
    stack: StackInfo, database: psycopg.Connection, tmp_path: Path
) -> None:
    fill(database)
    port = _free_port()
    with _running((*_COMMAND, "--port", port), _environment(stack, tmp_path), tmp_path) as process:
        assert str(job(0)) in _answer(f"http://127.0.0.1:{port}/").text
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=_SECONDS)
        assert process.returncode == 130
    assert f"http://127.0.0.1:{port}/ shows the tables alone: kubectl has no cluster. It only reads" in said
    assert stack.secret_key not in said


def test_the_command_reaches_the_cluster_that_kubectl_has(
    stack: StackInfo, database: psycopg.Connection, tmp_path: Path
) -> None:
    fill(database)
    environment = _environment(stack, tmp_path)
    (tmp_path / "manifests.json").write_text(json.dumps(manifests_of()))
    kubectl = tmp_path / "bin" / "kubectl"
    patched = tmp_path / "patched"
    kubectl.write_text(
        _KUBECTL.format(python=sys.executable, manifests=str(tmp_path / "manifests.json"), patched=str(patched))
    )
    kubectl.chmod(0o755)
    port = _free_port()
    with _running((*_COMMAND, "--port", port, "--allow-actions"), environment, tmp_path):
        text = _answer(f"http://127.0.0.1:{port}/").text
        assert "0.118 USD" in text
        text = _answer(f"http://127.0.0.1:{port}/jobs/{job(12)}").text
        assert "worker-3" in text
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_SECONDS, trust_env=False) as client:
            text = client.get(f"/actions/pause?job={job(12)}").text
            form = {
                name: text.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("order", "form_token")
            }
            headers = {"Origin": f"http://127.0.0.1:{port}"}
            place = client.post("/actions", data=form, headers=headers).headers["Location"]
            until = time.monotonic() + _SECONDS
            while "<b>1</b> paused" not in client.get(place).text:
                assert time.monotonic() < until
    assert f'patch videojobs.runops.dev vj-{job(12)} --type=merge --patch={{"spec": {{"suspend": true}}}}' in (
        patched.read_text()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "On 0.0.0.0 others reach the page too, so it needs a token."),
        (("--token-file", "short"), "The token has fewer than 16 characters."),
    ],
)
def test_the_command_refuses_what_would_show_the_page_to_others(
    stack: StackInfo, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "short").write_text("a token\n")
    code, told = _ended((*_COMMAND, *arguments), _environment(stack, tmp_path, COLUMNS="400"), tmp_path)
    assert code == 2
    assert said in told


def test_a_port_that_is_taken_is_named(stack: StackInfo, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, told = _ended((*_COMMAND, "--port", port), _environment(stack, tmp_path), tmp_path)
    assert code == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in told
    assert "Choose another --port." in told


def test_the_deployments_program_serves_until_it_is_told_to_stop(
    stack: StackInfo, database: psycopg.Connection, tmp_path: Path
) -> None:
    fill(database)
    (tmp_path / "token").write_text("a token of more than sixteen characters\n")
    port = _free_port()
    # As the chart sets it: pods have addresses of IPv4, of IPv6, or of both.
    more = {
        "RUNOPS_UI_HOST": "::",
        "RUNOPS_UI_PORT": port,
        "RUNOPS_UI_TOKEN_FILE": str(tmp_path / "token"),
    }
    with _running(_PROGRAM, _environment(stack, tmp_path, **more), tmp_path) as process:
        if socket.has_dualstack_ipv6():
            assert _answer(f"http://[::1]:{port}/healthz").text == "ok\n"
        assert _answer(f"http://127.0.0.1:{port}/healthz").text == "ok\n"
        assert _answer(f"http://127.0.0.1:{port}/").status_code == 303
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=_SECONDS)
        assert process.returncode == 0
    assert "a token of more" not in said
    assert stack.secret_key not in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"RUNOPS_UI_HOST": "::"}, "it needs a token"),
        ({"RUNOPS_UI_TOKEN_FILE": "/nothing"}, "The file of RUNOPS_UI_TOKEN_FILE cannot be read"),
        ({"RUNOPS_UI_TOKEN_FILE": "/dev/null"}, "The file of RUNOPS_UI_TOKEN_FILE is empty."),
        ({"RUNOPS_UI_PORT": "http"}, "RUNOPS_UI_PORT is 'http', which is no port."),
        ({"SUPABASE_URL": ""}, "SUPABASE_URL is not set."),
    ],
)
def test_the_deployments_program_names_the_setting_that_is_wrong(
    stack: StackInfo, tmp_path: Path, more: dict[str, str], said: str
) -> None:
    code, told = _ended(_PROGRAM, _environment(stack, tmp_path, **more), tmp_path)
    assert code == 78
    assert said in told
