"""A flat copy of packages and tests in which mutmut can work.

mutmut takes a module's name from its path, so the packages have to stand side by side: `runops_operator/`, not
`operator/runops_operator/`. The copy is kept between runs, with the verdicts on functions that have not changed.
"""

import hashlib
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

from tests.mutation.targets import CHECKOUT, PACKAGES, fast_test_paths

__all__ = ["WORKSPACE_OF_SAMPLE", "prepare", "workspace_of"]

_WORKSPACES = CHECKOUT / "build" / "mutants"
_MYPY_CACHE = CHECKOUT / "build" / "mutants-mypy"
"""Shared by all workspaces, for the libraries that they all import. Two mypy in one cache break each other."""
_MYPY_LOCK = CHECKOUT / "build" / "mutants-mypy.lock"
WORKSPACE_OF_SAMPLE = CHECKOUT / "build" / "mutants-sample"
_ALSO_NEEDED = ("crds", "devstack", "prompts", "tests")
_LOG_CALLS = [r"_log\.\w+\(", r"_LOG\.\w+\("]
_JUNK = shutil.ignore_patterns("__pycache__", ".pytest_cache", "node_modules")


def workspace_of(files: list[str]) -> Path:
    """Return where these files are mutated. Each selection has its own place.

    mutmut does not notice that a file has come to be mutated, and mypy needs minutes for the mutants of all files.
    """
    return _WORKSPACES / hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest()[:12]


def prepare(workspace: Path, files: list[str], tests: list[str] | None = None) -> Path:
    """Copy what a run needs and write the configuration.

    Parameters
    ----------
    workspace
        Where to.
    files
        What is mutated, relative to the packages' parent.
    tests
        Folders and files with the tests to run, relative to the checkout; all fast tests of the packages where None.

    Returns
    -------
    Path
        The workspace.
    """
    workspace.mkdir(parents=True, exist_ok=True)
    for name in _ALSO_NEEDED:
        # mutmut copies over what it copied before, so a test that is gone would run on.
        shutil.rmtree(workspace / "mutants" / name, ignore_errors=True)
    # mutmut names new tests on pytest's command line, which refuses some names. Without its file it runs all tests.
    (workspace / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    for name, source in {**PACKAGES, **{name: Path(name) for name in _ALSO_NEEDED}}.items():
        target = workspace / name
        shutil.rmtree(target, ignore_errors=True)
        # Links are followed: the worker's prompts are one.
        shutil.copytree(CHECKOUT / source, target, ignore=_JUNK)
    (workspace / "pyproject.toml").write_text(_configuration(files, tests or fast_test_paths(files)))
    return workspace


def _configuration(files: list[str], tests: list[str]) -> str:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    pytest_options: dict[str, Any] = project["tool"]["pytest"]["ini_options"]
    mutmut = {
        "source_paths": list(PACKAGES),
        "only_mutate": files,
        "also_copy": list(_ALSO_NEEDED),
        # A log line is wording. What a decision depends on must not be in one.
        "do_not_mutate_patterns": _LOG_CALLS,
        "pytest_add_cli_args": [
            *("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "tests.mutation.fast_tests"),
            # A fork inherits open sockets and loops of the tests before it, which are not the mutant's fault.
            *("-p", "no:unraisableexception", "-o", "filterwarnings="),
            # This limit is for the run without mutants. It only ends what hangs: a busy machine must not fail the run.
            *("-o", "timeout=600", "--hypothesis-profile=mutants"),
        ],
        "pytest_add_cli_args_test_selection": tests,
        "type_check_command": [
            # The wait ends at the latest with the time limit of the run.
            *("flock", str(_MYPY_LOCK), "mypy"),
            *("--output", "json", "--config-file", "pyproject.toml", "--cache-dir", str(_MYPY_CACHE), *files),
        ],
        # A test that hangs fails at a time limit of its own (`time_limits.py`). mutmut's limit is longer, so that it
        # does not take a test that is slow because the machine is busy for a hang.
        "timeout_constant": 6,
        "track_dependencies": False,
        "use_git_change_detection": False,
    }
    mypy = {
        "strict": True,
        "ignore_missing_imports": True,
        "plugins": ["pydantic.mypy"],
        # mutmut marks its own lines with bare `type: ignore` comments.
        "disable_error_code": ["unused-ignore", "ignore-without-code"],
    }
    tables = {"pytest.ini_options": pytest_options, "mutmut": mutmut, "mypy": mypy}
    return "".join(_as_toml(f"tool.{name}", values) for name, values in tables.items())


def _as_toml(table: str, values: dict[str, Any]) -> str:
    lines = [f"{key} = {_as_value(value)}" for key, value in values.items()]
    return "\n".join([f"[{table}]", *lines, "", ""])


def _as_value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_as_value(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    # A JSON string or number is written the same in TOML.
    return json.dumps(value)
