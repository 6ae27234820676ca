"""Starts a node and, when it ends for whatever reason, removes what it leaves outside its namespaces.

It runs apart from the command that started it, so that nothing is left behind when the node's first process is killed.
It holds the lock on the node's index.

Usage: `python -m devstack.cluster.node.keeper STATE`; it reports to its standard output, one JSON object a line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from devstack.cluster.machine.addresses import Addresses
from devstack.cluster.machine.places import MACHINE_LOCKS, NAMESPACES
from devstack.cluster.machine.remains import (
    ProcessId,
    children_of,
    make_cgroups,
    remove_cgroups,
    remove_folder,
    remove_link,
    wait_until,
)
from devstack.cluster.programs.building import last_lines

_TAIL = 15


def start_node(state: Path, addresses: Addresses) -> subprocess.Popen[bytes]:
    """Start the node's first process in new namespaces and connect it with the outside."""
    make_cgroups(addresses.cgroup)
    go, tell_go = os.pipe()
    with (state / "logs" / "node.log").open("wb") as log:
        first = [sys.executable, "-I", "-S", str(Path(__file__).with_name("pid1.py")), str(state / "spec.json")]
        process = subprocess.Popen(
            ["unshare", *NAMESPACES, "--", *first, str(go)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(go,),
            cwd="/",
        )
    os.close(go)
    wait_until(lambda: process.poll() is not None or bool(children_of(process.pid)))
    found = children_of(process.pid)
    if not found:
        raise ChildProcessError("the node's first process did not start")
    _connect(addresses, found[0])
    (state / "running.json").write_text(json.dumps({"node": _identity(found[0]), "keeper": _identity(os.getpid())}))
    os.write(tell_go, b"g")
    os.close(tell_go)
    return process


def _identity(pid: int) -> dict[str, int]:
    process = ProcessId.of(pid)
    if process is None:
        raise ProcessLookupError(f"process {pid} ended early")
    return {"pid": process.pid, "started": process.started}


def _connect(addresses: Addresses, node: int) -> None:
    link = addresses.link
    for command in (
        ["ip", "link", "add", link, "type", "veth", "peer", "name", "node0", "netns", str(node)],
        ["ip", "address", "add", f"{addresses.outside}/30", "dev", link],
        ["ip", "link", "set", link, "up"],
        ["ip", "route", "add", addresses.pod_range, "via", addresses.inside, "dev", link],
    ):
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)


def _report(message: dict[str, Any]) -> None:
    # The process that started this one may have ended; that is no reason to stop.
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def _last_words(state: Path) -> dict[str, str]:
    """Say which component is guilty of the node's end, and what it said last."""
    component, how = "node", "ended"
    with suppress(OSError, ValueError):
        failure = json.loads((state / "failure.json").read_text())
        component, how = failure["component"], f"ended with exit code {failure['exit_code']} again and again"
    try:
        log = (state / "logs" / f"{component}.log").read_text(errors="replace")
    except OSError:
        log = ""
    return {"failed": f"{component} {how}", "log": last_lines(log, _TAIL)}


def _index_of(state: Path) -> int | None:
    """Read whose state folder this is: by now it may be that of a later cluster of the same name."""
    try:
        return int(json.loads((state / "spec.json").read_text())["index"])
    except (OSError, ValueError):
        return None


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def main(arguments: list[str]) -> None:
    """Keep one node."""
    state = Path(arguments[0])
    index = _index_of(state)
    if index is None:
        sys.exit(f"{state} holds no plan of a node")
    addresses = Addresses(index)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process: subprocess.Popen[bytes] | None = None
    try:
        process = start_node(state, addresses)
        _report({"started": True})
        process.wait()
        _report(_last_words(state))
    except (OSError, subprocess.SubprocessError) as failure:
        said = getattr(failure, "stderr", None) or ""
        _report({"failed": f"the node could not be set up: {failure} {said}".strip(), "log": _last_words(state)["log"]})
    finally:
        if process is not None:
            process.kill()
            process.wait()
        remove_link(addresses.link)
        remove_cgroups(addresses.cgroup)
        if _index_of(state) == addresses.index:
            remove_folder(state)
        (MACHINE_LOCKS / f"{addresses.index}.lock").unlink(missing_ok=True)


if __name__ == "__main__":
    main(sys.argv[1:])
