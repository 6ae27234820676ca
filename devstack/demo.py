"""`make demo`: the whole path on this machine, from a queued recording to a SOP on a Kubernetes cluster.

While the cluster's programs are compiled for the first time, the same recording already goes through `runops work`.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack import cluster as local_cluster
from devstack import images, stack
from devstack.gemini_relay import start_relay, stop_relay
from devstack.operator_runs.installation import Installation, InstallationFailed, install
from devstack.processes import places
from devstack.processes.errors import StackError
from devstack.sample import RECORDING

__all__ = ["main"]

_NAMESPACE = "runops-demo"
_CLUSTER = "demo"
_VIDEO_SECONDS = 600
_BIN = Path(sys.executable).parent


class Demo:
    """One run of the demo, with a clock in front of everything it says."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._speaking = threading.Lock()

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        with self._speaking:
            print(f"[{time.monotonic() - self._started:5.0f} s] {text}", flush=True)

    def heading(self, text: str) -> None:
        """Print a line that stands out."""
        with self._speaking:
            print(f"\n=== {text}", flush=True)


def main(argv: Sequence[str]) -> int:
    """Run the demo; return the exit code. Whatever was started is stopped on Ctrl-C and after an error."""
    parser = argparse.ArgumentParser(
        prog="python -m devstack demo",
        description="Turns the sample recording into a SOP on a Kubernetes cluster of this machine's own.",
    )
    parser.add_argument("--down", action="store_true", help="stop what an earlier demo left running")
    if parser.parse_args(argv).down:
        _stop()
        return 0
    demo = Demo()
    try:
        return _run(demo)
    except KeyboardInterrupt:
        demo.say("stopping everything that was started")
        _stop()
        return 130
    except (InstallationFailed, images.ImageBuildFailed, local_cluster.ClusterUnavailable, StackError) as error:
        demo.say(f"failed: {error}")
        _stop()
        return 1


def _run(demo: Demo) -> int:
    demo.heading("Supabase on this machine: real PostgreSQL and PostgREST, a stand-in for Storage")
    info = stack.up(_directory(), listen="0.0.0.0", progress=demo.say)
    environment = _environment(info)
    real = _gemini_key() is not None
    demo.say(
        "Gemini: the real API, with your key"
        if real
        else "Gemini: a stand-in (set GOOGLE_GEMINI_API_KEY for the real one)"
    )
    building = _Building(demo)
    if building.must_compile():
        demo.heading(
            "The cluster's programs are compiled for the first time; meanwhile: `runops work`, no cluster needed"
        )
        building.start()
        _work_without_cluster(environment)
    building.finish()
    if building.unavailable is not None:
        demo.heading("No cluster can be had on this machine, so this is `runops work`, the same work in one process")
        if not building.was_started:
            _work_without_cluster(environment)
        demo.say(building.unavailable)
        return 0
    demo.heading("A Kubernetes cluster on this machine, and `helm install runops-operator`")
    cluster = local_cluster.up(_CLUSTER, progress=demo.say)
    secret = {**environment, **_for_pods(info, cluster.host_address, real=real)}
    if real:
        demo.say("pods have no way to the internet here: a relay on this machine passes their calls to Gemini on")
    installation = install(cluster, info, namespace=_NAMESPACE, environment=secret, progress=demo.say)
    demo.heading("A recording is uploaded and its row queued: runops submit")
    job = _runops(environment, "submit", str(RECORDING)).strip().splitlines()[-1]
    _follow(demo, installation, job)
    demo.heading(f"runops sop {job}")
    print(_runops(environment, "sop", job))
    _where(demo, installation, info, job)
    return 0


class _Building:
    """Compiles the cluster's programs and builds the images beside the rest."""

    def __init__(self, demo: Demo) -> None:
        self.unavailable: str | None = None
        self.was_started = False
        self._demo = demo
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._build, daemon=True)

    def must_compile(self) -> bool:
        """Whether there can be a cluster here, but something is still to be compiled for it."""
        try:
            return not local_cluster.is_built()
        except local_cluster.ClusterUnavailable as error:
            self.unavailable = str(error)
            return False

    def start(self) -> None:
        """Begin, in the background."""
        self.was_started = True
        self._thread.start()

    def finish(self) -> None:
        """Wait for the build, or do it now."""
        if self.unavailable is not None:
            return
        if self.was_started:
            while self._thread.is_alive():
                self._thread.join(timeout=1)
        else:
            self._build()
        if self._error is not None:
            raise self._error

    def _build(self) -> None:
        try:
            local_cluster.ensure_all(progress=self._say)
            for program in ("operator", "worker"):
                images.build(program, progress=self._say)
        except local_cluster.ClusterUnavailable as error:
            self.unavailable = str(error)
        except Exception as error:  # noqa: BLE001 - it is raised again in the main thread
            self._error = error

    def _say(self, text: str) -> None:
        self._demo.say(f"(cluster) {text}")


def _directory() -> Path:
    return places.default_stack_directory().with_name("demo")


def _gemini_key() -> str | None:
    return os.environ.get("GOOGLE_GEMINI_API_KEY")


def _environment(info: stack.StackInfo) -> dict[str, str]:
    """Return what `runops` needs, with the user's own Gemini key where there is one."""
    environment = dict(info.environment())
    if (key := _gemini_key()) is not None:
        environment["GOOGLE_GEMINI_API_KEY"] = key
        del environment["GOOGLE_GEMINI_BASE_URL"]
    return environment


def _for_pods(info: stack.StackInfo, host: str, *, real: bool) -> dict[str, str]:
    """Return the addresses as pods reach them."""
    seen = info.environment(host)
    gemini = f"http://{host}:{start_relay(_directory()).port}" if real else seen["GOOGLE_GEMINI_BASE_URL"]
    return {"SUPABASE_URL": seen["SUPABASE_URL"], "GOOGLE_GEMINI_BASE_URL": gemini}


def _work_without_cluster(environment: Mapping[str, str]) -> None:
    job = _runops(environment, "submit", str(RECORDING)).strip().splitlines()[-1]
    _runops(environment, "work", "--once", shown=True)
    print(_runops(environment, "sop", job))


def _runops(environment: Mapping[str, str], *arguments: str, shown: bool = False) -> str:
    """Run `runops` as a user would and return what it printed; with `shown` it prints by itself."""
    print(f"$ runops {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [str(_BIN / "runops"), *arguments],
        env={**os.environ, **environment},
        stdout=None if shown else subprocess.PIPE,
        text=True,
        timeout=_VIDEO_SECONDS,
        check=False,
    )
    if done.returncode:
        raise InstallationFailed(f"runops {arguments[0]} ended with {done.returncode}")
    return done.stdout or ""


def _follow(demo: Demo, installation: Installation, job: str) -> None:
    """Show the VideoJob's line each time it changes, as `kubectl get videojobs -w` does, until it has ended."""
    demo.heading("kubectl get videojobs -w")
    print(_line(["NAME", "PHASE", "STAGE", "PROGRESS", "ATTEMPTS"]), flush=True)
    deadline, last = time.monotonic() + _VIDEO_SECONDS, ""
    while time.monotonic() < deadline:
        found = installation.json("get", "videojobs", "--field-selector", f"spec.jobId={job}")["items"]
        status = found[0].get("status", {}) if found else {}
        shown = _line(
            [f"vj-{job}", *(str(status.get(name, "")) for name in ("phase", "stage", "progress", "attempts"))]
        )
        if found and shown != last:
            print(shown, flush=True)
            last = shown
        conditions = {item["type"]: item for item in status.get("conditions", ())}
        if conditions.get("Failed", {}).get("status") == "True":
            raise InstallationFailed(f"the VideoJob failed: {conditions['Failed']['message']}")
        if conditions.get("Complete", {}).get("status") == "True":
            demo.say("Complete")
            return
        time.sleep(0.3)
    raise InstallationFailed(f"the VideoJob vj-{job} did not end within {_VIDEO_SECONDS} s")


def _line(cells: Sequence[str]) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, (42, 11, 17, 10, 8), strict=True)).rstrip()


def _where(demo: Demo, installation: Installation, info: stack.StackInfo, job: str) -> None:
    outputs = installation.json("get", "videojob", f"vj-{job}")["status"].get("outputs", [])
    demo.heading("Where everything lies")
    for output in outputs:
        print(f"  {output['name']:<11} {output['location']}")
    print(f"  rows        jobs, transcripts, sops: psql '{info.database_url}'")
    print(f"  storage     {info.url}/storage/v1 (python -m devstack --directory {info.directory} status)")
    print(f"  cluster     python -m devstack cluster kubectl --name {_CLUSTER} -n {_NAMESPACE} get videojobs -o wide")
    print("\nEverything keeps running, so that you can look around; `make clean` stops it.")


def _stop() -> None:
    local_cluster.down(_CLUSTER)
    stop_relay(_directory())
    stack.down(_directory())
