"""How results are obtained: what is kept, what is asked, what goes on where it was stopped."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.running.kept_results import KeptResults, key_of
from runops_evaluation.running.program import commit, sources_digest
from runops_evaluation.running.run import Estimate, estimate, obtain_results
from runops_evaluation.running.run_record import Made, RunRecord, read_run
from runops_evaluation.running.source import NotMade, Stopped
from tests.evaluation.gold_set import all_gold, contents_of, perfect

NAMES = [gold.name for gold in all_gold()]


@dataclass
class Source:
    """Makes results without a fault, unless told otherwise."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    version: str = "1"

    def made_with(self) -> Made:
        return Made(source="test", program=self.version)

    def key(self, gold: GoldRecording) -> str | None:
        return key_of({"name": gold.name, "version": self.version})

    def cost(self, gold: GoldRecording) -> tuple[Decimal | None, tuple[str, ...]]:
        return (Decimal("0.25"), ()) if gold.name != NAMES[2] else (None, ("gemini-99",))

    async def make(self, gold: GoldRecording) -> dict[str, Any]:
        self.asked.append(gold.name)
        answer = self.answers.get(gold.name, contents_of(perfect(gold)))
        if isinstance(answer, BaseException):
            raise answer
        return dict(answer)


@pytest.fixture
def obtain(tmp_path: Path) -> Callable[..., RunRecord]:
    def run(source: Source, **options: Any) -> RunRecord:
        return asyncio.run(
            obtain_results(
                all_gold(), source, tmp_path / "run", kept=KeptResults(tmp_path / "kept"), say=lambda _: None, **options
            )
        )

    return run


def states(record: RunRecord) -> list[str]:
    assert list(record.recordings) == NAMES
    return [outcome.state for outcome in record.recordings.values()]


def test_what_was_made_is_not_made_again(obtain: Callable[..., RunRecord]) -> None:
    source = Source()
    assert states(obtain(source)) == ["made", "made", "made"]
    assert states(obtain(source)) == ["reused", "reused", "reused"]
    assert source.asked == NAMES


def test_another_program_makes_all_anew(obtain: Callable[..., RunRecord]) -> None:
    obtain(Source())
    other = Source(version="2")
    assert states(obtain(other)) == ["made", "made", "made"]
    # And the results of the first one are still there.
    assert states(obtain(Source())) == ["reused", "reused", "reused"]


def test_results_can_be_made_again(obtain: Callable[..., RunRecord]) -> None:
    source = Source()
    obtain(source)
    assert states(obtain(source, reuse=False)) == ["made", "made", "made"]


def test_a_run_goes_on_where_it_was_stopped(obtain: Callable[..., RunRecord], tmp_path: Path) -> None:
    stopped = Source(answers={NAMES[1]: Stopped("The key was rejected.")})
    with pytest.raises(Stopped):
        obtain(stopped)
    assert list(read_run(tmp_path / "run").recordings) == NAMES[:1]
    source = Source()
    assert states(obtain(source)) == ["reused", "made", "made"]
    assert source.asked == NAMES[1:]


def test_one_recording_without_a_result_does_not_stop_the_others(obtain: Callable[..., RunRecord]) -> None:
    record = obtain(Source(answers={NAMES[0]: NotMade("Storage was away.")}))
    assert states(record) == ["missing", "made", "made"]
    assert record.recordings[NAMES[0]].message == "Storage was away."


def test_a_failure_is_not_kept(obtain: Callable[..., RunRecord]) -> None:
    record = obtain(Source(answers={NAMES[0]: {"failed": {"message": "Blocked."}}}))
    assert states(record) == ["failed", "made", "made"]
    assert record.recordings[NAMES[0]].message == "Blocked."
    assert states(obtain(Source())) == ["made", "reused", "reused"]


def test_a_damaged_result_is_made_again(obtain: Callable[..., RunRecord], tmp_path: Path) -> None:
    obtain(Source())
    for path in (tmp_path / "kept").rglob("result.sop.json"):
        path.write_text("{")
    assert states(obtain(Source())) == ["made", "made", "made"]


def test_the_estimate_counts_what_is_not_kept(obtain: Callable[..., RunRecord], tmp_path: Path) -> None:
    source = Source()
    assert estimate(all_gold(), source, None) == Estimate(Decimal("0.50"), 3, ("gemini-99",))
    obtain(Source(answers={NAMES[1]: NotMade("Not now."), NAMES[2]: NotMade("Not now.")}))
    left = estimate(all_gold(), source, KeptResults(tmp_path / "kept"))
    assert left == Estimate(Decimal("0.25"), 2, ("gemini-99",))
    assert left.sentence() == (
        "2 recordings to work on, for about 0.25 US dollars, plus the calls to gemini-99, whose price is not known."
    )


def test_a_key_depends_on_each_part_and_not_on_their_order() -> None:
    parts = {"recording": "a", "prompts": ["b"], "models": ["c"]}
    assert key_of(parts) == key_of(dict(reversed(parts.items())))
    for name in parts:
        assert key_of({**parts, name: "other"}) != key_of(parts)


def test_the_program_is_known_by_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "some_program"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("one = 1\n")
    before = sources_digest(["some_program"])
    (package / "note.md").write_text("A page changes nothing.")
    assert sources_digest(["some_program"]) == before
    (package / "part.py").write_text("one = 2\n")
    assert sources_digest(["some_program"]) != before
    assert len(sources_digest()) == 64


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    assert commit(tmp_path) is None
