"""A run of mutants in one pytest session: each gets the verdict that its tests and its types give it."""

import shutil
from pathlib import Path

import pytest

from tests.mutation.mutmut_run import mutmut, results
from tests.mutation.targets import CHECKOUT
from tests.mutation.verdicts import Verdict

CODE = '''\
from functools import cache


def doubled(number: int) -> int:
    """Return twice the number."""
    return number * 2


def kept(number: int) -> int:
    """Return the number."""
    return number or 0


def unreached(number: int) -> int:
    """Return one more."""
    return number + 1


def refused(text: str) -> str:
    """Return the text in capitals."""
    return str.upper(text)


def behind_cache(number: int) -> int:
    """Return four times the number."""
    return number << 2


@cache
def cached(number: int) -> int:
    """Return four times the number."""
    return behind_cache(number)


class Cached:
    """Has a cache, too."""

    @staticmethod
    @cache
    def of(number: int) -> int:
        """Return eight times the number."""
        return behind_method(number)


def behind_method(number: int) -> int:
    """Return eight times the number."""
    return number << 3


def counted_down(number: int) -> int:
    """Return 0."""
    while number > 0:
        number -= 1
    return number
'''
TESTS = """\
import pytest

from runops.code import Cached, cached, counted_down, doubled, kept, refused


@pytest.fixture(scope="module", autouse=True)
def prepared():
    yield


@pytest.mark.parametrize("number", [0, 3])
def test_doubled(number: int) -> None:
    assert doubled(number) == 2 * number


def test_kept() -> None:
    assert kept(3) == 3


def test_refused() -> None:
    assert refused("a") == "A"


def test_cached() -> None:
    assert cached(3) == 12
    assert Cached.of(3) == 24


@pytest.mark.timeout(0.5)
def test_counted_down() -> None:
    assert counted_down(3) == 0
"""
SETTINGS = """\
[tool.mutmut]
source_paths = ["runops"]
only_mutate = ["runops/code.py"]
also_copy = ["tests"]
pytest_add_cli_args = ["-p", "no:randomly", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = ["tests/test_code.py"]
type_check_command = [
    "mypy", "--output", "json", "--config-file", "pyproject.toml", "--cache-dir", "{cache}", "runops/code.py",
]
use_git_change_detection = false

[tool.mypy]
strict = true
disable_error_code = ["unused-ignore", "ignore-without-code"]
"""


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture
def workspace(tmp_path: Path, mypy_cache: Path) -> Path:
    (tmp_path / "runops").mkdir()
    (tmp_path / "runops" / "__init__.py").touch()
    (tmp_path / "runops" / "code.py").write_text(CODE)
    shutil.copytree(CHECKOUT / "tests" / "mutation", tmp_path / "tests" / "mutation")
    (tmp_path / "tests" / "test_code.py").write_text(TESTS)
    (tmp_path / "pyproject.toml").write_text(SETTINGS.format(cache=mypy_cache))
    return tmp_path


def test_each_mutant_gets_its_verdict(workspace: Path) -> None:
    assert mutmut(workspace, ["runops.code.x*"], seconds=240, log=workspace / "log") == 0
    found = {
        (change.where.partition(":")[2], change.added): verdict
        for verdict, change in results(workspace, ["runops/code.py"])
        if change is not None
    }
    assert found == {
        ("kept", ("return number or 1",)): Verdict.SURVIVED,
        ("unreached", ("return number - 1",)): Verdict.NO_TEST,
        ("unreached", ("return number + 2",)): Verdict.NO_TEST,
    }, (workspace / "log").read_text()
    verdicts = [verdict for verdict, _ in results(workspace, ["runops/code.py"])]
    assert verdicts.count(Verdict.TYPES) == 2, "a quotient is no int, and None has no capitals"
    assert Verdict.NOT_RUN not in verdicts
    assert Verdict.KILLED in verdicts, "of doubled, and of counted_down, whose mutants count up or for ever"


def test_a_test_that_fails_without_a_mutant_ends_the_run(workspace: Path) -> None:
    (workspace / "tests" / "test_code.py").write_text(TESTS.replace("== 3", "== 4"))
    assert mutmut(workspace, ["runops.code.x*"], seconds=240, log=workspace / "log") == 1
    assert "test_kept" in (workspace / "log").read_text()
    assert all(verdict is Verdict.NOT_RUN for verdict, _ in results(workspace, ["runops/code.py"]))


def test_a_test_that_fails_only_when_it_is_run_again_ends_the_run(workspace: Path) -> None:
    once = "\nruns = []\n\n\ndef test_once() -> None:\n    runs.append(kept(1))\n    assert len(runs) == 1\n"
    (workspace / "tests" / "test_code.py").write_text(TESTS + once)
    assert mutmut(workspace, ["runops.code.x*"], seconds=240, log=workspace / "log") == 1
    assert "test_once fails without a mutant, when it is run again" in (workspace / "log").read_text()
