"""The first process of a node: makes its file systems and network, then keeps its components running.

It is pid 1 of its own pid, mount and network namespace. When it dies the kernel ends everything in them.
The file stands alone, with nothing but the standard library: it must work after the node's mounts hid other folders,
and stays in memory as long as the cluster.

Usage: `python -I -S pid1.py SPEC DESCRIPTOR`; a byte on the descriptor says that the link to the outside is there.
"""

from __future__ import annotations

import ctypes
import json
import os
import ssl
import subprocess
import sys
import time
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, NoReturn

_MS_NOSUID = 2
_MS_NODEV = 4
_MS_BIND = 4096
_QUICK_DEATH = 10.0
_QUICK_DEATHS_ALLOWED = 3
_RESTART_AFTER = 1.0
_PAUSE = 0.05
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The programs are written in Go. Collecting garbage four times as seldom saves them a fifth of their CPU seconds.
_ENVIRONMENT = {"PATH": _PATH, "HOME": "/run", "GOGC": "400"}


def mount(source: str, target: str, *, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Call mount(2).

    Raises
    ------
    OSError
        As the kernel says.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def enter_file_systems(spec: dict[str, Any]) -> None:
    """Hide the machine's own run-time folders and show the state and cache folder at short, fixed places."""
    wanted = {place: os.open(folder, os.O_PATH) for place, folder in spec["folders"].items()}
    for hidden in ("/run", "/var/lib", "/var/log"):
        mount("tmpfs", hidden, kind="tmpfs", flags=_MS_NOSUID | _MS_NODEV, data="mode=0755")
    for place, descriptor in wanted.items():
        Path(place).mkdir(parents=True)
        # By descriptor: the folder's own path may be below one that has just been hidden.
        mount(f"/proc/self/fd/{descriptor}", place, flags=_MS_BIND)
        os.close(descriptor)
    for setting, value in spec["kernel_settings"].items():
        shown = Path("/run/kernel") / setting
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text(f"{value}\n")
        mount(str(shown), f"/proc/sys/{setting}", flags=_MS_BIND)


def choose_snapshotter(folder: Path) -> str:
    """Tell whether containerd can stack layers here as overlays, or must copy them."""
    parts = [folder / name for name in ("lower", "upper", "work", "merged")]
    for part in parts:
        part.mkdir(parents=True)
    lower, upper, work, merged = (str(part) for part in parts)
    try:
        mount("overlay", merged, kind="overlay", data=f"lowerdir={lower},upperdir={upper},workdir={work}")
    except OSError:
        return "native"
    subprocess.run(["umount", merged], check=True, timeout=120)
    return "overlayfs"


def run_all(commands: list[list[str]]) -> None:
    """Run commands one after the other."""
    for command in commands:
        subprocess.run(command, check=True, timeout=120, env={"PATH": _PATH})


class Supervisor:
    """Starts components in order of what they need, collects orphans, restarts what ends."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._components: dict[str, dict[str, Any]] = {item["name"]: item for item in spec["components"]}
        self._logs = Path(spec["logs"])
        self._failure = Path(spec["failure"])
        self._authority: str = spec["authority"]
        self._running: dict[int, str] = {}
        self._started: dict[str, float] = {}
        self._quick_deaths: dict[str, int] = {}
        self._not_before: dict[str, float] = dict.fromkeys(self._components, 0.0)

    def run(self) -> NoReturn:
        """Go on until the process is killed or a component does not come up."""
        while True:
            # One question for all: a server that hangs must not delay the rest by its time-out again and again.
            waiting = any(self._components[name]["needs_api"] for name in self._not_before)
            api = waiting and self._api_answers()
            for name in list(self._not_before):
                if self._may_start(name, api=api):
                    self._start(name)
            while self._collect(wait=not self._not_before):
                pass
            if self._not_before:
                time.sleep(_PAUSE)

    def _may_start(self, name: str, *, api: bool) -> bool:
        component = self._components[name]
        if time.monotonic() < self._not_before[name]:
            return False
        if component["needs_socket"] and not Path(component["needs_socket"]).exists():
            return False
        return api or not component["needs_api"]

    def _api_answers(self) -> bool:
        context = ssl.create_default_context(cafile=self._authority)
        connection = HTTPSConnection("127.0.0.1", 443, timeout=1, context=context)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _start(self, name: str) -> None:
        log = str(self._logs / f"{name}.log")
        argv = self._components[name]["argv"]
        output = (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        pid = os.posix_spawnp(
            argv[0],
            argv,
            _ENVIRONMENT,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                output,
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        self._running[pid] = name
        self._started[name] = time.monotonic()
        del self._not_before[name]

    def _collect(self, *, wait: bool) -> bool:
        """Take note of a process that ended; False when there is none (any more)."""
        try:
            pid, status = os.waitpid(-1, 0 if wait else os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return False
        name = self._running.pop(pid, None)
        if name is not None:
            self._ended(name, os.waitstatus_to_exitcode(status))
        return not wait

    def _ended(self, name: str, exit_code: int) -> None:
        now = time.monotonic()
        quick = now - self._started[name] < _QUICK_DEATH
        self._quick_deaths[name] = self._quick_deaths.get(name, 0) + 1 if quick else 0
        if self._quick_deaths[name] >= _QUICK_DEATHS_ALLOWED:
            self._failure.write_text(json.dumps({"component": name, "exit_code": exit_code}))
            sys.exit(1)
        self._not_before[name] = now + _RESTART_AFTER


def main(arguments: list[str]) -> NoReturn:
    """Be the node."""
    spec = json.loads(Path(arguments[0]).read_text())
    link_made = int(arguments[1])
    os.chdir("/")
    enter_file_systems(spec)
    run_all(spec["network_before_link"])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    snapshotter = choose_snapshotter(Path(spec["logs"]).parent / "overlay-trial")
    configuration = Path(spec["containerd_config"])
    if snapshotter != "overlayfs" and configuration.exists():
        configuration.write_text(configuration.read_text().replace('"overlayfs"', f'"{snapshotter}"'))
    if os.read(link_made, 1) == b"":
        sys.exit("the keeper ended before the node was connected")
    os.close(link_made)
    run_all(spec["network_after_link"])
    Supervisor(spec).run()


if __name__ == "__main__":
    main(sys.argv[1:])
