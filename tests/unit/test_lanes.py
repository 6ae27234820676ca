"""How the tests with a cluster share it: tests/lanes.py in a pytest of its own."""

import subprocess
import sys
from pathlib import Path

_CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def cluster():
    print("<cluster starts>")
    yield
    print("<cluster stops>")

@pytest.fixture(scope="session")
def release(cluster):
    yield
    print("<release is removed>")
"""
_TESTS = {
    "tests/lifecycle/test_first.py": "def test_it(release): print('<first>')",
    "tests/lifecycle/test_second.py": "def test_it(release): print('<second>')",
    "tests/other/test_third.py": "def test_it(): print('<third>')",
    "tests/apiserver/test_fourth.py": "def test_it(cluster): print('<fourth>')",
}


def test_the_cluster_of_a_lane_stops_after_its_last_test_with_all_that_stands_on_it(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = cluster\n    slow\n")
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    for name, text in _TESTS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    options = (
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.lanes",
        "-s",
        "-q",
        "--import-mode=importlib",
    )
    checkout = Path(__file__).parents[2]
    command = [
        sys.executable,
        "-m",
        "pytest",
        *options,
        f"--rootdir={tmp_path}",
        *(str(tmp_path / name) for name in _TESTS),
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = [part.split(">")[0] for part in done.stdout.split("<")[1:]]
    assert said == [
        *("cluster starts", "first", "second", "release is removed", "cluster stops", "third"),
        *("cluster starts", "fourth", "cluster stops"),
    ]
