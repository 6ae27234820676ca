"""Builds the programs of a cluster from Go modules: locked, resumable, with progress."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Thread

from devstack.cluster.machine.locks import waiting_lock
from devstack.cluster.model import ClusterUnavailable, Progress
from devstack.cluster.programs.modules import MODULES, Module, module_of, program_path
from devstack.cluster.programs.toolchain import find_go, go_environment

_BUILD_DEADLINE = 3600.0
_DOWNLOAD_DEADLINE = 600.0
_REPORT_EVERY = 10.0
_TAIL_LINES = 12


def is_built(tools: Iterable[str]) -> bool:
    """Whether all of the programs are built."""
    return all(program_path(tool).exists() for tool in tools)


def build_tools(tools: Iterable[str], progress: Progress) -> None:
    """Build what is missing of the programs, one `go build` for each module.

    A run that was broken off goes on where it stopped, because the Go build cache keeps every compiled package.

    Raises
    ------
    ClusterUnavailable
        There is no Go to be had, or the build failed.
    """
    wanted = set(tools)
    for tool in wanted:
        module_of(tool)
    for module in MODULES:
        names = tuple(name for name in module.packages if name in wanted)
        if not is_built(names):
            _build_module(module, names, progress)


def sources_of(tool: str) -> Path:
    """Give the folder with the sources of a program, as its module's authors released them.

    Raises
    ------
    ClusterUnavailable
        They cannot be downloaded or built.
    """
    module = module_of(tool)
    if module.pin is None:
        return module.folder
    command = [str(find_go(lambda _line: None)), "mod", "download", "-json", f"{module.pin}@{module.version}"]
    done = subprocess.run(
        command,
        cwd=module.folder,
        env=go_environment(),
        capture_output=True,
        text=True,
        timeout=_DOWNLOAD_DEADLINE,
        check=False,
    )
    if done.returncode != 0:
        raise ClusterUnavailable(
            f"the sources of {tool} cannot be downloaded: {last_lines(done.stdout + done.stderr, 3)}"
        )
    return Path(json.loads(done.stdout)["Dir"])


def _build_module(module: Module, names: tuple[str, ...], progress: Progress) -> None:
    output = module.output()
    lock = output.with_name(f"{output.name}.lock")
    with waiting_lock(lock, deadline=_BUILD_DEADLINE, waiting_for=f"building {module.name}", progress=progress):
        missing = tuple(name for name in names if not (output / name).exists())
        if not missing:
            return
        go = find_go(progress)
        output.mkdir(parents=True, exist_ok=True)
        for leftover in output.glob(".building-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        started = time.monotonic()
        progress(f"building {', '.join(missing)} {module.version} from source")
        with tempfile.TemporaryDirectory(prefix=".building-", dir=output) as fresh:
            _go_build(go, module, missing, Path(fresh), progress)
            for name in missing:
                # A rename is all or nothing: nobody ever runs half a program.
                (Path(fresh) / name).rename(output / name)
        progress(f"built {', '.join(missing)} in {_minutes(time.monotonic() - started)}")


def _go_build(go: Path, module: Module, names: tuple[str, ...], target: Path, progress: Progress) -> None:
    packages = [module.packages[name] for name in names]
    # With one package the file's name is ours (the last word of etcd's package is not its name).
    out = target / names[0] if len(names) == 1 else f"{target}{os.sep}"
    command = [
        str(go),
        "build",
        "-v",
        *module.compiler_flags(),
        "-ldflags",
        module.linker_flags(),
        "-o",
        str(out),
        *packages,
    ]
    environment = go_environment() | {"GOGC": garbage_collection(_memory_gib(), os.cpu_count() or 1)}
    process = subprocess.Popen(
        command,
        cwd=module.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # Its own process group, so that ending this process ends the compilers too.
        start_new_session=True,
    )
    lines: list[str] = []
    reader = Thread(target=_collect, args=(process, lines), daemon=True)
    reader.start()
    try:
        _follow(process, lines, module, progress)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)
        reader.join(timeout=5)
    if process.returncode != 0:
        tail = "\n".join(line for line in lines if "/" not in line or " " in line)
        raise ClusterUnavailable(
            f"`go build` of {', '.join(names)} failed (is the Go module proxy reachable, is there room for 5 GB "
            f"in the caches?):\n{last_lines(tail, _TAIL_LINES)}"
        )


def _collect(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stderr is not None
    with process.stderr as stream:
        # One by one: the follower counts them as they come.
        lines.extend(line.rstrip() for line in stream)


def _follow(process: subprocess.Popen[str], lines: list[str], module: Module, progress: Progress) -> None:
    started = time.monotonic()
    while True:
        try:
            process.wait(timeout=_REPORT_EVERY)
        except subprocess.TimeoutExpired:
            spent = time.monotonic() - started
            if spent > _BUILD_DEADLINE:
                raise ClusterUnavailable(f"building {module.name} took more than an hour; run it again") from None
            progress(f"building {module.name}: {len(lines)} packages compiled, {_minutes(spent)}")
        else:
            return


def garbage_collection(memory_gib: float, processors: int) -> str:
    """Choose GOGC for the compilers: less collecting where there is memory for it.

    Parameters
    ----------
    memory_gib
        The machine's memory in GiB.
    processors
        How many compilers run at once.
    """
    share = memory_gib / processors
    if share >= 6:
        return "off"
    return "400" if share >= 3 else "100"


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def last_lines(text: str, count: int) -> str:
    """Give the last lines of a text."""
    return "\n".join(text.splitlines()[-count:])
