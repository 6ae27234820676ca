"""What counts as a killed mutant, and what as wording."""

from pathlib import Path

import pytest

from tests.mutation.listed import read_listed
from tests.mutation.targets import fast_test_paths, source_files
from tests.mutation.verdicts import Change, Verdict, score, verdict_of

COMPARISON = Change("runops.retry_policy:after_failure", ("if left < 1:",), ("if left <= 1:",))


def changed(before: str, after: str) -> Change:
    return Change("module:function", (before,), (after,))


@pytest.mark.parametrize(
    ("exit_code", "verdict"),
    [
        (None, Verdict.NOT_RUN),
        (0, Verdict.SURVIVED),
        (1, Verdict.KILLED),
        (3, Verdict.KILLED),
        (33, Verdict.NO_TEST),
        (37, Verdict.TYPES),
        (-24, Verdict.TIMEOUT),
    ],
)
def test_exit_codes_of_mutmut(exit_code: int | None, verdict: Verdict) -> None:
    assert verdict_of(exit_code) is verdict


@pytest.mark.parametrize(
    ("before", "after", "is_wording"),
    [
        ('raise Failed("The row is gone.")', 'raise Failed("XXThe row is gone.XX")', True),
        ('patch = {"stage": None}', 'patch = {"XXstageXX": None}', False),
        ('say("A b.", 1)', 'say("A b.", 2)', False),
        ('say("A b.", "key")', 'say("A b.", "KEY")', False),
        ("if a and b:", "if a or b:", False),
    ],
)
def test_only_the_text_of_a_sentence_is_wording(before: str, after: str, is_wording: bool) -> None:
    assert changed(before, after).is_wording is is_wording


def test_a_mutant_that_no_test_reaches_counts_against_the_score() -> None:
    counted = score([(Verdict.KILLED, None), (Verdict.NO_TEST, COMPARISON)], equivalent=frozenset())
    assert (counted.killed, counted.survivors, counted.percent) == (1, [COMPARISON], 50.0)


def test_a_mutant_that_was_not_run_and_an_equivalent_one_count_for_nothing() -> None:
    counted = score(
        [(Verdict.KILLED, None), (Verdict.NOT_RUN, COMPARISON), (Verdict.SURVIVED, COMPARISON)],
        equivalent=frozenset({COMPARISON}),
    )
    assert (counted.percent, counted.equivalent, counted.argued) == (100.0, 1, {COMPARISON})


def test_each_listed_mutant_needs_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_text('[[mutant]]\nwhere = "a:b"\nremoved = ["x"]\nadded = ["y"]\nwhy = "  "\n')
    with pytest.raises(ValueError, match="no reason"):
        read_listed(path)


def test_targets_that_have_moved_are_noticed() -> None:
    assert "runops/retry_policy.py" in source_files()
    with pytest.raises(LookupError, match="names no file"):
        source_files(("runops/no_such_module.py",))


def test_only_tests_that_can_notice_a_change_are_run() -> None:
    operator, worker = "runops_operator/planning/plan.py", "runops_worker/sop/read_sop.py"
    assert fast_test_paths([operator]) == ["tests/operator"]
    assert "tests/worker/pure" in fast_test_paths([worker])
    assert "tests/operator" not in fast_test_paths([worker])
    assert set(fast_test_paths([operator, worker])) < set(fast_test_paths(["runops/transcript.py"]))


@pytest.mark.parametrize("name", ["equivalent_mutants.toml", "known_survivors.toml"])
def test_the_lists_can_be_read_and_name_code_that_exists(name: str) -> None:
    listed = read_listed(Path(__file__).parents[1] / "mutation" / name)
    modules = {file.removesuffix(".py").replace("/", ".") for file in source_files()}
    assert {change.where.partition(":")[0] for change in listed} <= modules
