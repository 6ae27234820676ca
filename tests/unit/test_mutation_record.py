"""The record of mutation runs, and the page that is made from it."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devstack.cluster.machine.locks import FileLock
from tests.mutation.listed import read_listed, survivors_as_toml
from tests.mutation.record import FileRecord, digest_of, file_record, overall, read_record, record_as_toml
from tests.mutation.score_page import PAGE, page
from tests.mutation.verdicts import Change, Score, Verdict
from tests.mutation.write_record import RecordPaths, write_record

LOWEST_FILE = 90.0
LOWEST_OVERALL = 95.0
SURVIVOR = Change("runops.retry_policy:after_failure", ("if left < 1:",), ("if left <= 1:",))
OTHER_SURVIVOR = Change("runops.job_row:read_row", ("return row",), ("return None",))
FOUND = Score(by_verdict={Verdict.KILLED: 9, Verdict.SURVIVED: 1}, survivors=[SURVIVOR])


def record(file: str, *, killed: int = 9, survived: int = 1) -> FileRecord:
    return FileRecord(
        file=file, code="0", tests=killed, types=0, timeouts=0, survived=survived, equivalent=0, wording=0
    )


def test_the_page_is_made_from_the_record() -> None:
    assert PAGE.read_text() == page(read_record().values()), "run `python -m tests.mutation.score_page` again"


def test_every_recorded_file_and_all_together_reach_the_score_that_is_asked_for() -> None:
    records = read_record()
    assert {file: one.percent for file, one in records.items() if one.percent < LOWEST_FILE} == {}
    assert overall(records.values()) >= LOWEST_OVERALL


def test_the_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "record.toml"
    path.write_text(record_as_toml([record("b.py"), record("a.py", killed=3)]))
    assert list(read_record(path).values()) == [record("a.py", killed=3), record("b.py")]


def test_a_record_counts_what_the_run_found() -> None:
    counted = Score(
        by_verdict={Verdict.KILLED: 5, Verdict.TYPES: 2, Verdict.TIMEOUT: 1, Verdict.NO_TEST: 1},
        wording=3,
        equivalent=4,
        survivors=[SURVIVOR],
    )
    found = file_record("runops/retry_policy.py", counted)
    assert found is not None
    assert (found.tests, found.types, found.timeouts, found.survived) == (5, 2, 1, 1)
    assert (found.equivalent, found.wording, found.killed) == (4, 3, 8)
    assert found.percent == pytest.approx(100 * 8 / 9)


def test_a_file_has_no_record_while_one_of_its_mutants_was_not_tried() -> None:
    assert file_record("runops/retry_policy.py", Score(by_verdict={Verdict.KILLED: 5, Verdict.NOT_RUN: 1})) is None


def test_all_mutants_count_the_same_in_the_overall_score() -> None:
    assert overall([record("a.py", killed=98, survived=0), record("b.py", killed=0, survived=2)]) == 98.0


@pytest.mark.parametrize(
    ("code", "same"),
    [("x = 1  # why\n", True), ("x = (\n    1\n)\n", True), ("x = 2\n", False), ("y = 1\n", False)],
)
def test_only_code_changes_the_digest(code: str, same: bool) -> None:
    assert (digest_of(code) == digest_of("x = 1\n")) is same


def test_the_page_shows_the_lowest_score_first() -> None:
    shown = page([record("a.py", killed=10, survived=0), record("b.py", killed=3, survived=1)])
    rows = [line for line in shown.splitlines() if line.startswith("| `")]
    assert rows == [
        "| `b.py` | 3 | 0 | 0 | 1 | 0 | 0 | 75.0 % |",
        "| `a.py` | 10 | 0 | 0 | 0 | 0 | 0 | 100.0 % |",
    ]
    assert "**Overall: 92.9 %** of 14 mutants in 2 files." in shown


@pytest.fixture
def paths(tmp_path: Path) -> RecordPaths:
    there = RecordPaths(tmp_path / "survivors", tmp_path / "record", tmp_path / "page.md", tmp_path / "lock")
    there.survivors.touch()
    there.record.touch()
    return there


def test_a_run_replaces_what_is_known_of_its_files_only(paths: RecordPaths) -> None:
    gone = Change("runops.retry_policy:after_failure", ("left = 1",), ("left = 2",))
    of_no_file = Change("runops.no_such_file:f", ("left = 1",), ("left = 2",))
    before = {gone: "no test notices it yet", OTHER_SURVIVOR: "rare", of_no_file: "no test notices it yet"}
    paths.survivors.write_text(survivors_as_toml(before))
    files = ("runops/job_row.py", "runops/no_such_file.py", "runops/retry_policy.py")
    paths.record.write_text(record_as_toml(record(file) for file in files))
    assert write_record({"runops/retry_policy.py": FOUND}, paths) == []
    assert read_listed(paths.survivors) == {SURVIVOR: "no test notices it yet", OTHER_SURVIVOR: "rare"}
    assert [*read_record(paths.record)] == ["runops/job_row.py", "runops/retry_policy.py"]
    assert paths.page.read_text() == page(read_record(paths.record).values())


def test_a_file_that_was_not_tried_wholly_loses_its_record_and_its_survivors(paths: RecordPaths) -> None:
    write_record({"runops/retry_policy.py": FOUND}, paths)
    broken_off = Score(by_verdict={Verdict.NOT_RUN: 3, Verdict.SURVIVED: 1}, survivors=[SURVIVOR])
    assert write_record({"runops/retry_policy.py": broken_off}, paths) == ["runops/retry_policy.py"]
    assert (read_record(paths.record), read_listed(paths.survivors)) == ({}, {})


def test_a_run_writes_onto_what_another_run_wrote_while_it_waited(paths: RecordPaths) -> None:
    lock = FileLock.try_take(paths.lock)
    assert lock is not None
    with ThreadPoolExecutor(1) as pool:
        try:
            waiting = pool.submit(write_record, {"runops/retry_policy.py": FOUND}, paths)
            time.sleep(0.3)
            paths.survivors.write_text(survivors_as_toml({OTHER_SURVIVOR: "rare"}))
            paths.record.write_text(record_as_toml([record("runops/job_row.py")]))
        finally:
            lock.release()
        waiting.result(timeout=30)
    assert read_listed(paths.survivors) == {SURVIVOR: "no test notices it yet", OTHER_SURVIVOR: "rare"}
    assert [*read_record(paths.record)] == ["runops/job_row.py", "runops/retry_policy.py"]
