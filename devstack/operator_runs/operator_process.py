"""A replica of the operator as a process of this machine, which a test can kill and start again."""

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import yaml

from devstack.processes.programs import log_tail

__all__ = ["Replica", "Started", "Starts", "program_starts"]


class Started(Protocol):
    """A process, as `subprocess.Popen` is one."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""

    def kill(self) -> None:
        """Kill -9."""

    def wait(self, timeout: float) -> int:
        """Wait until it has ended."""


class Starts(Protocol):
    """Starts the operator's program with this environment; what it writes is appended to the log."""

    def __call__(self, *, environment: Mapping[str, str], log: Path) -> Started:
        """Return it at once; it does not work yet."""


def program_starts(program: Path) -> Starts:
    """Return what starts `runops-operator` of an environment as a process of its own."""

    def start(*, environment: Mapping[str, str], log: Path) -> Started:
        with log.open("ab") as sink:
            return subprocess.Popen(
                # The kernel ends it with us, however we end.
                ["setpriv", "--pdeathsig", "KILL", str(program)],
                env=dict(environment),
                stderr=sink,
            )

    return start


class Replica:
    """A replica.

    Parameters
    ----------
    name
        Its identity among the replicas.
    settings
        Its configuration, but for the port of its probes.
    environment
        The keys.
    kubeconfig
        Of the cluster.
    folder
        Empty; takes its configuration, keys and log.
    starts
        What starts its program; where None, `runops-operator` of this environment.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: Mapping[str, Any],
        environment: Mapping[str, str],
        kubeconfig: Path,
        folder: Path,
        starts: Starts | None = None,
    ) -> None:
        self.name = name
        self._starts = starts or program_starts(Path(sys.executable).parent / "runops-operator")
        self.kills = 0
        self.ends: Counter[int] = Counter()
        """How often it ended although nobody killed it, by exit code."""
        self._log = folder / "operator.log"
        self._process: Started | None = None
        secrets = folder / "secrets"
        secrets.mkdir(parents=True)
        for key, value in environment.items():
            (secrets / key).write_text(value)
        config, port = folder / "operator.yaml", _free_port()
        config.write_text(yaml.safe_dump({**settings, "health": {"port": port}}))
        self.probes = f"http://127.0.0.1:{port}"
        """Where its probes and metrics are."""
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "KUBECONFIG": str(kubeconfig),
            "RUNOPS_CONFIG": str(config),
            "RUNOPS_SECRETS_DIR": str(secrets),
            "RUNOPS_POD_NAME": name,
            "MALLOC_ARENA_MAX": "1",  # as its image has it
        }

    def start(self) -> None:
        """Start it; it does not run yet."""
        self._process = self._starts(environment=self._environment, log=self._log)

    @property
    def pid(self) -> int:
        """Its process, once it was started."""
        if self._process is None:
            raise RuntimeError(f"the operator {self.name} was not started")
        return self._process.pid

    def log_tail(self) -> str:
        """Return the end of its log."""
        return log_tail(self._log)

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self.kills += 1
            self._process.kill()
            self._process.wait(timeout=120)

    def restart_if_ended(self) -> None:
        """Start it again where it has ended by itself, as Kubernetes does."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            self.ends[code] += 1
            self.start()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
