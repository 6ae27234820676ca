"""A stack's life: up, twice, kept, crashed, taken down, orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devstack import __main__ as command
from devstack.stack import (
    StackError,
    StackInfo,
    down,
    pause_postgrest,
    resume_postgrest,
    running_stack,
    start_postgres,
    state,
    status,
    stop_postgres,
    up,
)

pytestmark = pytest.mark.slow("starts and ends whole stacks: PostgreSQL, PostgREST and two stand-ins, 2 to 5 s each")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A directory for a stack that is taken down whatever happens."""
    directory = tmp_path / "stack"
    yield directory
    down(directory, keep=False)


def start(directory: Path, *, keep: bool = False) -> StackInfo:
    return up(directory, keep=keep, progress=lambda _step: None)


def ask(info: StackInfo, path: str, timeout: float = 10) -> httpx.Response:
    return httpx.get(f"{info.url}{path}", headers={"apikey": info.secret_key}, timeout=timeout)


def pids(directory: Path) -> list[int]:
    known = state.load(directory)
    assert known is not None
    return [program.pid for program in known.programs.values()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_until(condition: str, check: object, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    assert callable(check)
    while not check():
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


def test_up_again_returns_the_same_stack_and_down_leaves_nothing(home: Path) -> None:
    first = start(home)
    processes = pids(home)
    data = state.load(home)
    assert start(home) == first == status(home)
    down(home)
    assert status(home) is None
    assert not any(alive(pid) for pid in processes)
    assert not home.exists()
    assert data is not None
    assert not data.data.exists()
    assert not data.sockets.exists()


def test_a_kept_stack_comes_back_with_keys_port_rows_and_objects(home: Path) -> None:
    first = start(home, keep=True)
    headers = {"apikey": first.secret_key}
    httpx.post(f"{first.url}/rest/v1/jobs", json={"job_id": "4ef85fd3-7edb-47e4-9ecd-f72be6303013"}, headers=headers)
    httpx.post(f"{first.url}/storage/v1/object/videos/a", content=b"kept", headers=headers)
    down(home)
    assert status(home) is None
    orphan = home / "storage" / "objects" / "orphan"
    orphan.touch()
    second = start(home, keep=True)
    assert not orphan.exists()
    assert (second.url, second.secret_key) == (first.url, first.secret_key)
    assert ask(second, "/rest/v1/jobs?select=id").json() == [{"id": 1}]
    assert ask(second, "/storage/v1/object/videos/a").content == b"kept"


def test_two_stacks_do_not_know_each_other(stack: StackInfo, tmp_path: Path) -> None:
    with running_stack(tmp_path / "other") as other:
        assert other.url != stack.url
        assert ask(other, "/rest/v1/jobs?limit=0").status_code == 200
        stranger = httpx.get(f"{other.url}/rest/v1/jobs", headers={"apikey": stack.secret_key})
        assert stranger.status_code == 401


def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path) -> None:
    directory = tmp_path / "orphan"
    program = (
        "import sys, time, pathlib; from devstack.stack import running_stack\n"
        "with running_stack(pathlib.Path(sys.argv[1])):\n    print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(directory)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        processes = pids(directory)
        known = state.load(directory)
        owner.send_signal(signal.SIGKILL)
    assert known is not None
    wait_until("programs still run", lambda: not any(alive(pid) for pid in processes))
    wait_until("files are left", lambda: not directory.exists())
    assert not known.data.exists()
    assert not known.sockets.exists()


def test_a_database_crash_is_an_outage_that_ends_and_loses_no_commit(home: Path) -> None:
    info = start(home)
    headers = {"apikey": info.secret_key}
    httpx.post(f"{info.url}/rest/v1/jobs", json={"job_id": "4ef85fd3-7edb-47e4-9ecd-f72be6303013"}, headers=headers)
    stop_postgres(info)
    # PostgREST passes on the last words of a connection it had open (57P02, crash_shutdown), and as HTTP 400. Where it
    # has closed that connection by then, as on a busy machine, it cannot open another.
    first = ask(info, "/rest/v1/jobs?select=id")
    away = {(503, f"PGRST00{number}") for number in range(3)}
    assert (first.status_code, first.json()["code"]) in {(400, "57P02"), *away}
    wait_until("no outage", lambda: ask(info, "/rest/v1/jobs?select=id").status_code == 503)
    start_postgres(info)
    wait_until("no recovery", lambda: ask(info, "/rest/v1/jobs?select=id").status_code == 200)
    assert ask(info, "/rest/v1/jobs?select=id").json() == [{"id": 1}]


def test_a_frozen_postgrest_hangs_until_it_goes_on(stack: StackInfo) -> None:
    pause_postgrest(stack)
    try:
        with pytest.raises(httpx.ReadTimeout):
            ask(stack, "/rest/v1/jobs?limit=0", timeout=0.3)
    finally:
        resume_postgrest(stack)
    assert ask(stack, "/rest/v1/jobs?limit=0").status_code == 200


def test_up_repairs_a_stack_of_which_a_part_died(home: Path) -> None:
    first = start(home)
    known = state.load(home)
    assert known is not None
    os.kill(known.programs["gateway"].pid, signal.SIGKILL)
    wait_until("gateway still runs", lambda: status(home) is None)
    second = start(home)
    assert (second.secret_key, ask(second, "/rest/v1/jobs?limit=0").status_code) == (first.secret_key, 200)


def test_a_part_that_cannot_start_is_named_and_nothing_is_left(home: Path) -> None:
    with pytest.raises(StackError, match="gateway"):
        up(home, listen="192.0.2.1", progress=lambda _step: None)
    assert not home.exists()


def test_the_environment_names_the_host_a_pod_can_reach(stack: StackInfo) -> None:
    environment = stack.environment("10.1.2.3")
    assert environment["SUPABASE_URL"] == f"http://10.1.2.3:{stack.port}"
    assert environment["GOOGLE_GEMINI_BASE_URL"] == f"http://10.1.2.3:{stack.gemini_port}"
    assert environment["SUPABASE_SERVICE_ROLE_KEY"] == stack.secret_key


def test_the_command_line_shows_and_exports_a_stack(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--directory", str(home)]
    assert command.main([*where, "status"]) == 1
    assert command.main([*where, "env"]) == 1
    assert command.main([*where, "up"]) == 0
    assert (info := status(home)) is not None
    assert info.secret_key not in capsys.readouterr().out
    assert command.main([*where, "env"]) == 0
    assert f"export SUPABASE_URL={info.url}" in capsys.readouterr().out
    assert command.main([*where, "status"]) == 0
    assert "postgrest   running" in capsys.readouterr().out
    assert command.main([*where, "down"]) == 0
    assert not home.exists()
