"""In the sandbox only the recording and the output can be opened. A missing Landlock is reported."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from runops_worker.media.errors import MediaToolFailed, SandboxUnavailable
from runops_worker.media.sandbox.confinement import Confinement, needs_landlock, parse, try_confinement
from runops_worker.media.sandbox.landlock import rights
from runops_worker.media.sandbox.linked_files import linked_files
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool, start
from tests.media import escape

ROOT = Path(__file__).parents[2]
# Containers and Yama refuse these outside the sandbox, too.
ALSO_REFUSED_ELSEWHERE = {
    "start a process with its own user",
    "read the memory of the victim",
    "read the memory of the parent",
}


async def test_no_escape_attempt_succeeds(tmp_path: Path) -> None:
    report = await escape.report(tmp_path)
    assert [name for name, end in report["tries"].items() if end == "done"] == []
    assert len(report["tries"]) > 80
    assert set(report["works"].values()) == {"done"}, report["works"]
    assert report["descriptors"] == [0, 1, 2]
    assert report["environment"] == {}
    assert report["limits"]["DATA"] == [escape.MEMORY] * 2
    assert report["limits"]["FSIZE"] == [escape.FILE_BYTES] * 2
    assert report["limits"]["CORE"] == [0, 0]
    assert (tmp_path / "work/recording").read_text() == "video"
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["output", "recording", "spare"]


def test_the_same_attempts_succeed_outside(tmp_path: Path) -> None:
    with escape.surroundings(tmp_path) as given:
        ran = subprocess.run(
            [sys.executable, "-I", "-S", str(escape.INSIDE), json.dumps({**given, "bare_calls": False})],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    tries = json.loads(ran.stdout)["tries"]
    refused = {name: end for name, end in tries.items() if end != "done"}
    assert set(refused) <= ALSO_REFUSED_ELSEWHERE, f"these show nothing, they fail without a sandbox: {refused}"
    assert len(tries) > 35


@pytest.mark.parametrize("name", ["start a shell", "start itself again"])
async def test_starting_another_program_kills_the_tool(name: str, tmp_path: Path) -> None:
    with escape.surroundings(tmp_path) as given, pytest.raises(MediaToolFailed, match="tried to start another program"):
        await escape.confined({**given, "alone": name})


async def test_a_file_grows_no_further_than_allowed(tmp_path: Path) -> None:
    with escape.surroundings(tmp_path) as given:
        with pytest.raises(MediaToolFailed, match="limit of 1 MiB"):
            await escape.confined({**given, "alone": "write more than allowed"})
        assert Path(given["output"]).stat().st_size <= escape.FILE_BYTES  # noqa: ASYNC240 - local


async def test_processor_time_is_limited_without_a_deadline(tmp_path: Path) -> None:
    python, needed = escape.interpreter()
    with escape.surroundings(tmp_path) as given:
        process = await start(
            [f"execute={python}", *(f"execute={path}" for path in linked_files(python).programs)]
            + [f"read={path}" for path in (*linked_files(python).libraries, *needed, escape.INSIDE)],
            [python, "-I", "-S", str(escape.INSIDE), json.dumps({**given, "alone": "use more time than allowed"})],
            Allowance(seconds=0.1, memory_bytes=escape.MEMORY, file_bytes=0),
        )
        async with asyncio.timeout(120):
            output, errors = await process.communicate()
    assert process.returncode in {-9, -24}, (process.returncode, errors)
    assert output == b""


async def test_a_missing_file_is_named_and_is_not_the_fault_of_the_recording(tmp_path: Path) -> None:
    allowance = Allowance(seconds=10, memory_bytes=escape.MEMORY, file_bytes=0)
    with pytest.raises(MediaToolFailed, match=r"could not be started: No such file or directory \(.*/gone\)"):
        await run_tool([sys.executable], allowance=allowance, reach=Reach(reads=(tmp_path / "gone",)))


async def test_a_tool_that_is_not_a_program_is_named(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    allowance = Allowance(seconds=10, memory_bytes=escape.MEMORY, file_bytes=0)
    with pytest.raises(MediaToolFailed, match="/tool is not a program that runs on this machine"):
        await run_tool([str(tmp_path / "tool")], allowance=allowance, reach=Reach())


async def test_this_machine_confines_by_both() -> None:
    found = await try_confinement()
    assert found.landlock >= 1
    assert str(found) == f"landlock {found.landlock}, seccomp"
    needs_landlock(found)


def without_landlock(code: str) -> subprocess.CompletedProcess[str]:
    begin = "from tests.media.hidden_landlock import hide_landlock\nhide_landlock()\nimport asyncio\n"
    return subprocess.run(
        [sys.executable, "-c", begin + code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_kernel_without_landlock_is_detected() -> None:
    ran = without_landlock(
        "from runops_worker.media.sandbox.confinement import try_confinement\nprint(asyncio.run(try_confinement()))"
    )
    assert ran.stdout == "no landlock, seccomp\n", ran.stderr


@pytest.mark.parametrize(
    ("required", "says"), [("True", "SandboxUnavailable: ffmpeg was not started"), ("False", "ran")]
)
def test_without_landlock_the_tool_runs_only_where_it_is_not_required(required: str, says: str) -> None:
    ran = without_landlock(
        "import sys\n"
        "from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool\n"
        "from runops_worker.media.sandbox.ffmpeg import binary\n"
        f"allowance = Allowance(seconds=20, memory_bytes=2**29, file_bytes=0, require_landlock={required})\n"
        "outcome = asyncio.run(run_tool([binary(), '-version'], allowance=allowance, reach=Reach()))\n"
        "print('ran', outcome.returncode)"
    )
    assert says in ran.stdout + ran.stderr


def test_without_landlock_sockets_and_processes_are_still_refused(tmp_path: Path) -> None:
    ran = without_landlock(
        "import json\nfrom pathlib import Path\nfrom tests.media import escape\n"
        f"print(json.dumps(asyncio.run(escape.report(Path({str(tmp_path)!r})))))"
    )
    assert ran.returncode == 0, ran.stderr
    tries = json.loads(ran.stdout)["tries"]
    done = {name for name, end in tries.items() if end == "done"}
    assert "read the key" in done, "the filter hides no files; this is what Landlock is for"
    words = ("call", "connect", "listen", "send", "talk", "signal", "start", "clone", "raise", "link", "delete")
    assert not {name for name in done if name.startswith(words)}


@pytest.mark.parametrize(
    ("abi", "bits"),
    [
        *((1, (13, 0, 0)), (2, (14, 0, 0)), (3, (15, 0, 0)), (4, (15, 2, 0)), (5, (16, 2, 0))),
        *((6, (16, 2, 2)), (7, (16, 2, 2)), (8, (16, 2, 2)), (9, (17, 2, 2)), (30, (17, 2, 2))),
    ],
)
def test_exactly_the_rights_that_a_kernel_knows_are_given_up(abi: int, bits: tuple[int, int, int]) -> None:
    assert rights(abi) == tuple((1 << count) - 1 for count in bits)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("landlock=7 seccomp=1\n", "landlock 7, seccomp"),
        ("landlock=0 seccomp=1\n", "no landlock, seccomp"),
        ("landlock=3 seccomp=0\n", "landlock 3, no seccomp"),
        ("landlock=0 seccomp=0\n", "no landlock, no seccomp"),
    ],
)
def test_a_confinement_as_text(output: str, text: str) -> None:
    assert str(parse(output)) == text


@pytest.mark.parametrize("output", ["", "landlock=x seccomp=1\n", "Traceback\n", "landlock=7 seccomp=1\nmore"])
def test_other_output_is_not_a_confinement(output: str) -> None:
    assert parse(output) is None


def test_a_confinement_without_landlock_is_refused_with_a_way_out() -> None:
    with pytest.raises(SandboxUnavailable, match=r"no landlock, seccomp only.*Linux 5\.13"):
        needs_landlock(Confinement(0, seccomp=True))
