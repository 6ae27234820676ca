"""Tries mutants in forks of one pytest session. `mutmut_run` starts it in a workspace.

mutmut starts pytest for each mutant. Collecting the tests takes longer than running nearly all of them, so here they
are collected once. Everything else is mutmut's: the mutants, the check of their types, the forks with their time
limits, and the files that keep the verdicts.
"""

import argparse
import contextlib
import io
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from mutmut.__main__ import collect_source_file_mutation_data, create_mutants
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.file_mutation import filter_mutants_with_type_checker
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.runners.harness import TestRunner
from mutmut.state import state
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, setup_source_paths
from mutmut.utils.format_utils import mangled_name_from_mutant_name
from mutmut.workers.isolation import ForkRunner

from tests.mutation.caches import clear_caches
from tests.mutation.time_limits import clock_seconds, limited_processor_time, processor_seconds

_NO_TEST, _REFUSED = 33, 37
"""Exit codes as mutmut writes them: no test reaches the mutant, mypy refuses it."""
_CLEAN_RUN_SECONDS = 600
_SHOWN_EVERY = 50


def main() -> int:
    """Make the mutants, collect the tests, and try the mutants that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, required=True, help="mutants tried at the same time")
    parser.add_argument("names", nargs="+", help="names of mutants, or patterns of names")
    arguments = parser.parse_args()
    set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    setup_source_paths()
    with contextlib.redirect_stdout(io.StringIO()):
        create_mutants(arguments.processes)
    refused = frozenset(filter_mutants_with_type_checker())
    chosen, _ = collect_source_file_mutation_data(mutant_names=arguments.names)
    session = MutantSession({name: data for data, name, _ in chosen}, refused, processes=arguments.processes)
    # The settings are read once, from the folder above.
    options, tests = config().pytest_add_cli_args, config().pytest_add_cli_args_test_selection
    os.chdir("mutants")
    return int(pytest.main(["--rootdir=.", "-q", "-x", "--capture=no", *options, *tests], plugins=[session]))


class MutantSession(TestRunner):
    """A pytest plugin: runs each test once, to learn what it reaches, then tries the mutants.

    Parameters
    ----------
    mutants
        What is tried: the data of its file by the name of each mutant.
    refused
        Names of the mutants that mypy refuses.
    processes
        How many are tried at the same time.
    """

    def __init__(
        self, mutants: Mapping[str, SourceFileMutationData], refused: frozenset[str], *, processes: int
    ) -> None:
        self._mutants = mutants
        self._refused = refused
        self._runner = ForkRunner(processes, self)
        self._items: dict[str, pytest.Item] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._failed: str | None = None
        self._unsaved: dict[str, SourceFileMutationData] = {}
        self._tried = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note failures, and how long each test takes."""
        self._seconds[report.nodeid] += report.duration
        if report.failed:
            self._failed = report.nodeid

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's own loop over the tests."""
        if session.testsfailed:
            raise session.Interrupted("some tests could not be collected")
        self._items = {item.nodeid: item for item in session.items}
        self._learn(session)
        reaching = {name: self._reaching(name) for name in self._mutants}
        if not any(reaching.values()):
            raise session.Failed("no test reaches any of these mutants")
        self._runner.startup()
        self._run_without_mutant(session, set().union(*reaching.values()))
        self._try_all(reaching)
        return True

    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        """Run tests until one fails, in a fork. Return 1 where one failed."""
        output = os.open(os.devnull, os.O_WRONLY)
        os.dup2(output, 1)
        if mutant_name:
            os.dup2(output, 2)
        self._failed = None
        clear_caches({Path(path).name for path in config().source_paths})
        order = list(tests)
        for test, following in zip(order, [*order[1:], None], strict=True):
            # Read before the run, which adds to it.
            with limited_processor_time(processor_seconds(self._seconds[test])):
                self._run_one(test, following)
            if self._failed is not None:
                if not mutant_name:
                    os.write(2, f"{self._failed} fails without a mutant, when it is run again\n".encode())
                return 1
        return 0

    def _run_one(self, test: str, following: str | None) -> None:
        item = self._items[test]
        after = None if following is None else self._items[following]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)

    def _learn(self, session: pytest.Session) -> None:
        """Run all tests, and note which functions each of them reaches."""
        set_mutant_under_test("stats")
        known = state()
        order = list(self._items)
        for test, following in zip(order, [*order[1:], None], strict=True):
            known._stats.clear()
            self._run_one(test, following)
            if self._failed is not None:
                raise session.Failed(f"{self._failed} fails without a mutant")
            for function in known._stats:
                known.tests_by_mangled_function_name[function].add(test)
        known.duration_by_test.update(self._seconds)
        for test, item in self._items.items():
            item.add_marker(pytest.mark.timeout(clock_seconds(self._seconds[test])))

    def _reaching(self, mutant: str) -> set[str]:
        return state().tests_by_mangled_function_name.get(mangled_name_from_mutant_name(mutant), set())

    def _run_without_mutant(self, session: pytest.Session, tests: set[str]) -> None:
        """Run the tests once in a fork: what fails there would seem to kill every mutant."""
        self._runner.submit("", list(tests), _CLEAN_RUN_SECONDS, _CLEAN_RUN_SECONDS)
        if self._runner.wait_for_result().exit_code:
            raise session.Failed("a test fails in a fork without any mutant")

    def _try_all(self, reaching: Mapping[str, set[str]]) -> None:
        for mutant, tests in sorted(reaching.items(), key=lambda pair: self._estimate(pair[1])):
            if not tests:
                self._note(mutant, _NO_TEST)
            elif mutant in self._refused:
                self._note(mutant, _REFUSED)
            else:
                while not self._runner.has_capacity():
                    self._wait()
                seconds, settings = self._estimate(tests), config()
                limit = (seconds + settings.timeout_constant) * settings.timeout_multiplier
                # The quick tests first: a mutant that one of them kills does not wait for the slow ones.
                quick_first = sorted(tests, key=lambda test: (self._seconds[test], test))
                self._runner.submit(mutant, quick_first, round(2 * limit), seconds)
        while self._runner.pending_count():
            self._wait()
        self._save()

    def _estimate(self, tests: set[str]) -> float:
        return sum(self._seconds[test] for test in tests)

    def _wait(self) -> None:
        result = self._runner.wait_for_result()
        self._note(result.mutant_name, result.exit_code)
        self._save()

    def _note(self, mutant: str, exit_code: int) -> None:
        data = self._mutants[mutant]
        data.exit_code_by_key[mutant] = exit_code
        self._unsaved[str(data.path)] = data
        self._tried += 1
        if self._tried % _SHOWN_EVERY == 0 or self._tried == len(self._mutants):
            sys.stdout.write(f"{self._tried} of {len(self._mutants)} mutants tried\n")

    def _save(self) -> None:
        # The files are named from the workspace's folder, and tests run in a folder below it.
        with contextlib.chdir(".."):
            for data in self._unsaved.values():
                data.save()
        self._unsaved.clear()


if __name__ == "__main__":
    raise SystemExit(main())
