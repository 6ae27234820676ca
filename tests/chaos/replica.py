"""One replica of the operator as a process of this machine, that can be killed and started again."""

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from devstack.fake_kubelet import FakeKubelet
from devstack.processes import log_tail

__all__ = ["Replica", "operator_settings", "running_replicas"]


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
    program
        `runops-operator` of an environment; of this one where None.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: Mapping[str, Any],
        environment: Mapping[str, str],
        kubeconfig: Path,
        folder: Path,
        program: Path | None = None,
    ) -> None:
        self.name = name
        self._program = program or Path(sys.executable).parent / "runops-operator"
        self.kills = 0
        self.ends: Counter[int] = Counter()
        """How often it ended although nobody killed it, by exit code."""
        self._log = folder / "operator.log"
        self._process: subprocess.Popen[bytes] | None = None
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
        with self._log.open("ab") as sink:
            self._process = subprocess.Popen(
                # The kernel ends it with us, however we end.
                ["setpriv", "--pdeathsig", "KILL", str(self._program)],
                env=self._environment,
                stderr=sink,
            )

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
            self._process.wait(timeout=30)

    def restart_if_ended(self) -> None:
        """Start it again where it has ended by itself, as Kubernetes does: one that loses its Lease ends."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            self.ends[code] += 1
            self.start()


@contextmanager
def running_replicas(
    count: int, *, settings: Mapping[str, Any], environment: Mapping[str, str], kubeconfig: Path, folder: Path
) -> Iterator[list[Replica]]:
    """Give running replicas for the time of the block. Parameters as for `Replica`."""
    replicas = [
        Replica(
            f"replica-{number}",
            settings=settings,
            environment=environment,
            kubeconfig=kubeconfig,
            folder=folder / f"replica-{number}",
        )
        for number in range(count)
    ]
    with ExitStack() as stack:
        for replica in replicas:
            replica.start()
            stack.callback(replica.kill)
        yield replicas


def operator_settings(
    namespace: str, kubelet: FakeKubelet, *, replicas: int, max_concurrent: int, no_progress_seconds: float
) -> dict[str, Any]:
    """Return the configuration of an operator whose workers land on a stand-in kubelet.

    Everything that is waited for is short: what a crash left behind must show while the scenario looks on.
    """
    return {
        "installation": f"chaos/{namespace}",
        "namespace": namespace,
        "maxConcurrent": max_concurrent,
        "retryLimit": 10,
        "activeDeadlineSeconds": 900,
        "prompts": {"configMap": "prompts"},
        "poll": {"busySeconds": 0.5, "idleSeconds": 0.5},
        "resyncSeconds": 10,
        "rowsSeconds": 2,
        "deadlines": {"noProgressSeconds": no_progress_seconds, "cancellingSeconds": 20},
        "leaderElection": {"enabled": replicas > 1, "leaseSeconds": 4, "retrySeconds": 0.5},
        "worker": {
            "image": "runops.invalid/light-worker:1",
            "serviceAccountName": "default",
            "secretName": "keys",
            "nodeSelector": kubelet.node_selector,
            "tolerations": [kubelet.toleration],
        },
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
