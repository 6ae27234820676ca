"""The steps of `make demo`.

While the cluster's programs are compiled for the first time, the same recording already runs through `runops work`.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack import cluster as local_cluster
from devstack import images, stack
from devstack.demo.background_build import BackgroundBuild
from devstack.demo.console import Console
from devstack.demo.env_file import commands_to_try, write_env_file
from devstack.demo.videojob_progress import follow_videojob
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.gemini_reading import environment as reading
from devstack.gemini_relay import start_relay, stop_relay
from devstack.operator_runs.installation import Installation, InstallationFailed, install
from devstack.processes import places
from devstack.processes.errors import StackError
from devstack.processes.next_command import next_command
from devstack.sample import RECORDING

__all__ = ["main"]

_NAMESPACE = "runops-demo"
_CLUSTER = "demo"
_VIDEO_SECONDS = 600
_BIN = Path(sys.executable).parent


def main(argv: Sequence[str]) -> int:
    """Run the demo; return the exit code. After Ctrl-C or an error it stops everything it started."""
    parser = argparse.ArgumentParser(
        prog="python -m devstack demo",
        description="Turn the sample recording into a SOP, on a Kubernetes cluster on this machine.",
    )
    parser.add_argument("--down", action="store_true", help="stop what an earlier demo left running")
    if parser.parse_args(argv).down:
        _stop()
        return 0
    console = Console()
    try:
        return _run(console)
    except KeyboardInterrupt:
        console.step("stopping everything")
        _stop()
        return 130
    except (InstallationFailed, images.ImageBuildFailed, local_cluster.ClusterUnavailable, StackError) as error:
        console.step(f"failed: {error}")
        _stop()
        return 1


def _run(console: Console) -> int:
    console.heading("Supabase on this machine: real PostgreSQL and PostgREST, a stand-in for Storage")
    info = stack.up(_directory(), listen="0.0.0.0", progress=console.step)
    environment = _environment(info)
    build = BackgroundBuild(lambda text: console.step(f"(cluster) {text}"))
    if build.must_compile():
        console.heading(
            "The cluster's programs are compiled for the first time. Meanwhile: `runops work`, without a cluster"
        )
        build.start()
    _choose_model(console, info)
    job = _work_without_cluster(environment) if build.started else None
    build.finish()
    if build.unavailable is None:
        job = _work_on_cluster(console, info, environment)
        _print_commands(console, environment, job)
        return 0
    console.heading("This machine cannot run a cluster. `runops work` does the same in one process")
    job = job or _work_without_cluster(environment)
    console.step(build.unavailable)
    _print_commands(console, environment, job)
    return 0


def _choose_model(console: Console, info: stack.StackInfo) -> None:
    """Say which model answers; without a key, a stand-in that reads the recording, or only measures it."""
    if _gemini_key() is not None:
        console.step("Gemini: the real API, with your key")
        return
    told = "Gemini: a stand-in that {} (set GOOGLE_GEMINI_API_KEY for the real one)"
    try:
        reading.install(console.step)
    except reading.ReadingUnavailableError as error:
        console.step(f"{error}. {told.format('only measures the recording')}")
        return
    with GeminiControl(info.gemini_url) as control:
        control.behave(Behaviour(reading=True))
    console.step(told.format("reads the letters and hears the speech of the recording"))


def _work_without_cluster(environment: Mapping[str, str]) -> str:
    job = _submit(environment)
    _runops(environment, "work", "--once", shown=True)
    print(_runops(environment, "sop", job))
    return job


def _work_on_cluster(console: Console, info: stack.StackInfo, environment: Mapping[str, str]) -> str:
    console.heading("A Kubernetes cluster on this machine, and `helm install runops-operator`")
    cluster = local_cluster.up(_CLUSTER, progress=console.step)
    if _gemini_key() is not None:
        console.step("pods here cannot reach the internet: a relay on this machine forwards their calls to Gemini")
    secret = {**environment, **_addresses_for_pods(info, cluster.host_address)}
    installation = install(cluster, info, namespace=_NAMESPACE, environment=secret, progress=console.step)
    console.heading("Upload a recording and queue its row: runops submit")
    job = _submit(environment)
    console.heading("kubectl get videojobs -w")
    follow_videojob(installation, job, seconds=_VIDEO_SECONDS)
    console.step("the VideoJob is complete")
    console.heading(f"runops sop {job}")
    print(_runops(environment, "sop", job))
    _print_places(console, installation, info, job)
    return job


def _directory() -> Path:
    return places.default_stack_directory().with_name("demo")


def _gemini_key() -> str | None:
    return os.environ.get("GOOGLE_GEMINI_API_KEY")


def _environment(info: stack.StackInfo) -> dict[str, str]:
    """Return the settings of `runops`, with the user's own Gemini key if there is one."""
    environment = dict(info.environment())
    if (key := _gemini_key()) is not None:
        environment["GOOGLE_GEMINI_API_KEY"] = key
        del environment["GOOGLE_GEMINI_BASE_URL"]
    return environment


def _addresses_for_pods(info: stack.StackInfo, host: str) -> dict[str, str]:
    seen = info.environment(host)
    relay = None if _gemini_key() is None else f"http://{host}:{start_relay(_directory()).port}"
    return {"SUPABASE_URL": seen["SUPABASE_URL"], "GOOGLE_GEMINI_BASE_URL": relay or seen["GOOGLE_GEMINI_BASE_URL"]}


def _submit(environment: Mapping[str, str]) -> str:
    return _runops(environment, "submit", str(RECORDING)).strip().splitlines()[-1]


def _runops(environment: Mapping[str, str], *arguments: str, shown: bool = False) -> str:
    """Run `runops` as a user would and return its output; with `shown`, its output goes to the terminal."""
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
        raise InstallationFailed(
            f"`runops {arguments[0]}` failed with exit code {done.returncode}; see its output above"
        )
    return done.stdout or ""


def _print_places(console: Console, installation: Installation, info: stack.StackInfo, job: str) -> None:
    outputs = installation.json("get", "videojob", f"vj-{job}")["status"].get("outputs", [])
    console.heading("Where everything is")
    for output in outputs:
        print(f"  {output['name']:<11} {output['location']}")
    print(f"  rows        jobs, transcripts, sops: psql '{info.database_url}'")
    print(f"  storage     {info.url}/storage/v1 ({next_command('status', directory=info.directory)})")
    kubectl = next_command("cluster", "kubectl", "--name", _CLUSTER, "-n", _NAMESPACE)
    print(f"  cluster     {kubectl} get videojobs -o wide")


def _print_commands(console: Console, environment: Mapping[str, str], job: str) -> None:
    env_file = write_env_file(_directory(), environment, own_gemini_key=_gemini_key() is not None)
    console.heading("Try runops yourself: it finds the demo's settings in a file")
    for command in commands_to_try(_BIN / "runops", env_file, job, cwd=Path.cwd()):
        print(f"  {command}")
    print("\nEverything keeps running, so you can look around. `make clean` stops it.")


def _stop() -> None:
    local_cluster.down(_CLUSTER)
    stop_relay(_directory())
    stack.down(_directory())
