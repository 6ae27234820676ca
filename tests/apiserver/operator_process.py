"""The operator as a process of its own: how it is started, asked and waited for."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import yaml

from tests.fork_server import ForkedProcess
from tests.forked_operator import forked_operator

Tables = psycopg.Connection[tuple[Any, ...]]
Start = Callable[..., Any]
"""Starts an operator with changes to its settings and to its environment; see `starter`."""


class Running:
    """An operator that runs, and what it has said so far."""

    def __init__(self, process: "subprocess.Popen[bytes] | ForkedProcess", log: Path, port: int) -> None:
        self.process = process
        self._log = log
        self._port = port

    def lines(self) -> list[dict[str, Any]]:
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]

    def said(self, words: str) -> bool:
        return any(words in line["msg"] for line in self.lines())

    def ready(self) -> tuple[int, str]:
        return self._asked("readyz")

    def metrics(self) -> str:
        return self._asked("metrics")[1]

    def _asked(self, path: str) -> tuple[int, str]:
        # An httpx client of its own for each question costs 40 times as much, and tests ask five times a second.
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            try:
                connection.request("GET", f"/{path}")
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except (OSError, HTTPException):
                return 0, ""


def starter(folder: Path, *, namespace: str, kubeconfig: Path, keys: Mapping[str, str]) -> Start:
    """Return a function that starts an operator and ends it with its `with` block.

    The function takes `settings` (changes to the configuration file), `kubeconfig`, `ahead` (seconds by which its clock
    is wrong), `speed` (how much faster its timers run), `forked` (whether it is a fork of a process that has imported
    it), `pod` (the name of its pod), and by keyword the environment's names.
    """
    numbers = count(1)

    @contextmanager
    def start(
        settings: Mapping[str, Any] | None = None,
        *,
        through: Path = kubeconfig,
        ahead: float = 0.0,
        speed: float = 1.0,
        forked: bool = True,
        pod: str | None = None,
        **environment: str,
    ) -> Iterator[Running]:
        number = next(numbers)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = folder / f"operator-{number}.yaml"
        config.write_text(yaml.safe_dump({**_config(namespace, port), **(settings or {})}))
        secrets = folder / "secrets"
        secrets.mkdir(exist_ok=True)
        for name, value in {**keys, **environment}.items():
            (secrets / name).write_text(value)
        log = folder / f"operator-{number}.log"
        surroundings = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "KUBECONFIG": str(through),
            "RUNOPS_CONFIG": str(config),
            "RUNOPS_SECRETS_DIR": str(secrets),
            **({} if pod is None else {"RUNOPS_POD_NAME": pod}),
        }
        process: subprocess.Popen[bytes] | ForkedProcess
        if forked:
            process = forked_operator(environment=surroundings, log=log, ahead=ahead, speed=speed)
        else:
            with log.open("w") as sink:
                program = Path(sys.executable).parent / "runops-operator"
                # The kernel ends it with us, however we end.
                command = ["setpriv", "--pdeathsig", "KILL", str(program)]
                process = subprocess.Popen(command, env=surroundings, stderr=sink)
        try:
            yield Running(process, log, port)
        finally:
            process.kill()
            process.wait(60)

    return start


def _config(namespace: str, port: int) -> Mapping[str, Any]:
    return {
        "installation": f"test/{namespace}",
        "namespace": namespace,
        "maxConcurrent": 2,
        "prompts": {"configMap": "prompts"},
        "poll": {"busySeconds": 0.3, "idleSeconds": 0.3},
        "worker": {"image": "runops.invalid/none:1", "serviceAccountName": "default", "secretName": "keys"},
        "health": {"port": port},
    }


def queue(tables: Tables, metadata: Any = None) -> str:
    """Insert a row as the app does, and return its job_id."""
    job_id = str(uuid4())
    tables.execute("insert into public.jobs (job_id, metadata) values (%s, %s)", (job_id, json.dumps(metadata)))
    return job_id


def row(tables: Tables, job_id: str) -> tuple[Any, ...]:
    """Return status and error of a row."""
    found = tables.execute("select status, error from public.jobs where job_id = %s", (job_id,)).fetchone()
    assert found is not None
    return found
