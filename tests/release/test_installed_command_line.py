"""The wheel in an environment of its own, as `uv tool install` and `pipx install` make it: `runops` starts there."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 300
SETTINGS = ("SUPABASE", "NEXT_PUBLIC_SUPABASE", "GOOGLE", "GEMINI", "RUNOPS", "KUBECONFIG", "VIRTUAL_ENV", "PYTHON")
PIPX = "pipx>=1.7,<2"
VERSION = metadata.version("runops-operator")

# Each command in a process of its own, which is the fork of one that has imported the program.
_HELP = """
import os, sys
import typer.rich_utils
from runops_cli.main import run
for name in sys.argv[1:]:
    process = os.fork()
    if process == 0:
        sys.argv = ["runops", name, "--help"]
        run()
        sys.exit("run() came back")
    print("ended:", name, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""

pytestmark = pytest.mark.slow("it builds the wheel and installs it with its libraries into an empty environment")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, timeout=SECONDS, capture_output=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


def _installation(installer: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command of an installer, and the environment that keeps it to a folder."""
    uv = str(Path(sys.executable).with_name("uv"))
    if installer == "uv":
        return [uv, "tool"], {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    places = {"PIPX_HOME": folder / "pipx", "PIPX_BIN_DIR": folder / "bin", "PIPX_MAN_DIR": folder / "man"}
    # Like uv, pip leaves it to Python to compile what is imported.
    environment = {"PIP_NO_COMPILE": "1"} | {name: str(place) for name, place in places.items()}
    return [uv, "tool", "run", "--from", PIPX, "pipx"], environment


@pytest.fixture(scope="module", params=["uv", "pipx"])
def runops(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command as `uv tool install` and `pipx install` put it on PATH, in an empty folder."""
    folder = tmp_path_factory.mktemp("tool")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(SETTINGS)}
    command, places = _installation(request.param, folder)
    environment |= places
    installed = subprocess.run(
        [*command, "install", "--python", sys.executable, f"runops-operator[cli] @ {wheel.as_uri()}"],
        env=environment, cwd=folder, timeout=SECONDS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    empty = folder / "empty"
    empty.mkdir()
    environment["PATH"] = f"{folder / 'bin'}:/usr/bin:/bin"
    # The Python of the environment, as the first line of the program names it.
    python = (folder / "bin" / "runops").read_text("utf-8").partition("\n")[0].removeprefix("#!").split()[0]

    def run(*arguments: str, program: str = "runops", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python if program == "python" else program, *arguments],
            env=environment | more, cwd=empty, timeout=SECONDS, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_the_command_starts_and_knows_its_version(runops: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    version = runops("version")
    assert (version.returncode, VERSION in version.stdout) == (0, True), version.stderr
    shown = runops("--help")
    assert shown.returncode == 0, shown.stderr
    assert all(name in shown.stdout for name in ("submit", "list", "get", "why", "retry", "init"))
    assert runops("version", program="kubectl-runops").returncode == 0
    assert runops("--version").stdout == version.stdout


def test_the_shell_completes_commands(runops: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    completed = runops(_RUNOPS_COMPLETE="complete_bash", COMP_WORDS="runops re", COMP_CWORD="1")
    assert completed.stdout.split() == ["retry", "resume"], completed.stderr


def test_every_command_has_its_help_without_the_workers_libraries(
    runops: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    names = ("list", "get", "why", "cancel", "retry", "submit", "sop", "init", "check", "work", "logs")
    shown = runops("-c", _HELP, *names, program="python")
    assert (shown.returncode, shown.stderr) == (0, "")
    ended = [line for line in shown.stdout.splitlines() if line.startswith("ended: ")]
    assert ended == [f"ended: {name} 0" for name in names]
    assert [f"Usage: runops {name} " in shown.stdout for name in names] == [True] * len(names)


def test_what_is_missing_is_one_sentence(runops: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    listed = runops("list")
    assert (listed.returncode, listed.stdout) == (2, "")
    assert "SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY are not set." in " ".join(listed.stderr.split())
    worked = runops("work", "--once")
    assert worked.returncode == 2
    assert "Traceback" not in worked.stderr


def test_the_wheel_has_the_programs_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {"runops", "runops_cli", "runops_worker", "runops_operator"} <= tops
    assert not tops & {"tests", "devstack", "benchmarks"}
