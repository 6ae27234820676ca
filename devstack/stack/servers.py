"""Starts the Python servers of a stack and finds the port of each."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path

import httpx

from devstack.processes import programs
from devstack.processes.errors import StackError
from devstack.processes.private_files import write_private
from devstack.processes.programs import Program
from devstack.stack.state import StackState
from devstack.supabase import postgres, postgrest

START_SECONDS = 180.0
"""How long a server may take until it listens."""

_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "XDG_CACHE_HOME")


def environment() -> dict[str, str]:
    """Return the environment of the servers: the path to their code, and none of the caller's secrets."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}


def gateway_settings(directory: Path) -> Path:
    """Return the file the gateway reads its keys from."""
    return directory / "gateway.json"


def start_gateway(directory: Path, known: StackState) -> Program:
    """Start the gateway on the port it had before, or on a free one."""
    settings = {
        "jwt_secret": known.jwt_secret,
        "anon_key": known.anon_key,
        "service_role_jwt": known.service_role_jwt,
        "publishable_key": known.publishable_key,
        "secret_key": known.secret_key,
        "postgrest_socket": str(postgrest.socket_path(known.sockets)),
        "database_url": postgres.database_url(known.sockets),
        "storage": str(directory / "storage"),
    }
    write_private(gateway_settings(directory), json.dumps(settings))
    return _start(
        directory,
        "gateway",
        "devstack.supabase.gateway",
        ["--host", known.listen, "--port", str(known.port), "--settings", str(gateway_settings(directory))],
    )


def start_gemini(directory: Path, known: StackState) -> Program:
    """Start the Gemini stand-in on the port it had before, or on a free one."""
    port = known.gemini_port if _is_free(known.listen, known.gemini_port) else 0
    arguments = ["--host", known.listen, "--port", str(port), "--api-key", known.gemini_api_key]
    return _start(directory, "gemini", "devstack.gemini", [*arguments, "--state-dir", str(directory / "gemini")])


def wait_for_port(directory: Path, name: str, program: Program) -> int:
    """Return the port a server listens on, as it announced.

    Raises
    ------
    StackError
        If it ends, or does not listen within `START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    announcement = _announcement(directory, name)
    while not announcement.exists():
        log = programs.log_tail(_log(directory, name))
        if not programs.is_alive(program):
            raise StackError(f"The {name} ended while starting. The end of its log:\n{log}")
        if time.monotonic() > deadline:
            raise StackError(f"The {name} does not listen after {START_SECONDS:.0f} s. The end of its log:\n{log}")
        time.sleep(0.03)
    return int(json.loads(announcement.read_text())["port"])


def wait_for_rest(directory: Path, known: StackState) -> None:
    """Return once a query through the gateway reaches the database.

    Raises
    ------
    StackError
        If it does not within `START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    url = f"{known.info(directory).url}/rest/v1/jobs?limit=0"
    answer = "no answer"
    with httpx.Client(headers={"apikey": known.secret_key}, timeout=5, trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                response = client.get(url)
            except httpx.HTTPError as error:
                answer = repr(error)
            else:
                if response.status_code == 200:
                    return
                answer = f"{response.status_code} {response.text}"
            time.sleep(0.05)
    log = programs.log_tail(_log(directory, "postgrest"))
    raise StackError(f"PostgREST is not ready after {START_SECONDS:.0f} s: {answer}\n{log}")


def _is_free(host: str, port: int) -> bool:
    try:
        socket.create_server((host, port)).close()
    except OSError:
        return False
    return True


def _start(directory: Path, name: str, module: str, arguments: list[str]) -> Program:
    announcement = _announcement(directory, name)
    announcement.parent.mkdir(mode=0o700, exist_ok=True)
    announcement.unlink(missing_ok=True)
    command = [sys.executable, "-m", module, *arguments, "--announce", str(announcement)]
    return programs.start(command, log=_log(directory, name), environment=environment())


def _announcement(directory: Path, name: str) -> Path:
    return directory / "announce" / f"{name}.json"


def _log(directory: Path, name: str) -> Path:
    return directory / "logs" / f"{name}.log"
