"""What a person sees of a row for which the model answers badly: end to end, from the row."""

from pathlib import Path
from typing import Any, Final

import pytest

from devstack.gemini.behaviour import Outcome, Turn
from devstack.stack import StackInfo
from runops.failures import Reason
from runops_cli.terminal.options import DEFAULT_MODELS
from tests.bad_input.batch import GOOD, Case, Worked, assert_no_secret, assert_reads_well, is_whole_mp4, worked_off
from tests.bad_input.recordings import corpus

pytestmark = pytest.mark.slow(
    "the first test runs a batch of videos with bad answers through `runops work` for all of them"
)

_SEES: Final = DEFAULT_MODELS.transcribe
_WRITES: Final = DEFAULT_MODELS.sop
_ANOTHER: Final = "Run it again, or choose another model."


def _turn(outcome: str, kind: str, *, times: int | None = None, **fields: Any) -> Turn:
    return Turn.model_validate({"outcome": Outcome(outcome), "kind": kind, "times": times, **fields})


def _case(name: str, turn: Turn, reason: Reason | None, says: str, way_out: str, *, calls: int) -> Case:
    return Case(name=name, turns=(turn,), reason=reason, says=(says,), way_out=way_out, calls=calls)


_UNREPAIRED = "did not have the agreed form, even after one repair:"
_CASES = (
    _case(
        "transcript cut off",
        _turn("max_tokens", "transcribe", keep_share=0),
        Reason.OUTPUT_CUT_OFF,
        f"The transcript that {_SEES} gave of the recording was cut off, however short the part asked for was.",
        "Run it again, split the recording, or choose another model.",
        calls=1,
    ),
    _case(
        "SOP cut off",
        _turn("max_tokens", "sop"),
        Reason.OUTPUT_CUT_OFF,
        f"The SOP that {_WRITES} gave was cut off, 2 times.",
        "Split the recording, or choose another model.",
        calls=3,
    ),
    _case(
        "transcript empty",
        _turn("empty_text", "transcribe"),
        Reason.MODEL_EMPTY_ANSWER,
        f"{_SEES} gave an empty answer about the recording",
        "Run it again.",
        calls=3,
    ),
    _case(
        "no candidate",
        _turn("empty_candidates", "transcribe"),
        Reason.MODEL_EMPTY_ANSWER,
        f"{_SEES} gave an empty answer about the recording",
        "Run it again.",
        calls=3,
    ),
    _case(
        "nothing seen",
        _turn("text", "transcribe", text="[]"),
        Reason.MODEL_EMPTY_ANSWER,
        f"{_SEES} gave an empty answer about the recording.",
        "Run it again.",
        calls=2,
    ),
    _case(
        "prompt blocked",
        _turn("prompt_blocked", "transcribe"),
        Reason.BLOCKED,
        f"{_SEES} refused the recording for its content (PROHIBITED_CONTENT).",
        "Remove the content in question from the recording.",
        calls=1,
    ),
    _case(
        "candidate blocked",
        _turn("no_content", "transcribe", finish_reason="SAFETY"),
        Reason.BLOCKED,
        f"{_SEES} refused the recording for its content (SAFETY).",
        "Remove the content in question from the recording.",
        calls=2,
    ),
    _case(
        "transcript not JSON",
        _turn("prose", "transcribe"),
        Reason.INVALID_OUTPUT,
        f"The transcript that {_SEES} gave of the recording could not be used:",
        _ANOTHER,
        calls=2,
    ),
    _case(
        "SOP not JSON",
        _turn("prose", "sop"),
        Reason.INVALID_OUTPUT,
        f"The SOP of {_WRITES} {_UNREPAIRED} The answer is not JSON",
        _ANOTHER,
        calls=3,
    ),
    _case(
        "transcript of wrong shape",
        _turn("wrong_shape", "transcribe"),
        Reason.INVALID_OUTPUT,
        f"The transcript that {_SEES} gave of the recording could not be used:",
        _ANOTHER,
        calls=2,
    ),
    _case(
        "SOP of wrong shape",
        _turn("wrong_shape", "sop"),
        Reason.INVALID_OUTPUT,
        f"The SOP of {_WRITES} {_UNREPAIRED} The answer must be one JSON object",
        _ANOTHER,
        calls=3,
    ),
)
CASES = {case.name: case for case in _CASES}
REPAIRED = {
    case.name: case
    for case in (
        _case("hole in the graph", _turn("dangling_edge", "sop", times=2), None, "", "", calls=2),
        _case("two ends", _turn("two_ends", "sop", times=2), None, "", "", calls=2),
        _case("node out of reach twice", _turn("unreachable_node", "sop", times=2), None, "", "", calls=3),
        _case("transcript not JSON once", _turn("prose", "transcribe", times=1), None, "", "", calls=3),
        _case("SOP cut off once", _turn("max_tokens", "sop", times=1), None, "", "", calls=4),
    )
}


@pytest.fixture(scope="module")
def worked(stack: StackInfo, recordings_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Worked:
    small = corpus(recordings_folder, "plain")
    cases = [
        Case(name=case.name, file=small, reason=case.reason, turns=case.turns)
        for case in (*CASES.values(), *REPAIRED.values())
    ]
    return worked_off(stack, cases, good=small, folder=tmp_path_factory.mktemp("answers"))


@pytest.mark.parametrize("name", CASES)
def test_the_row_ends_in_error_with_its_reason_and_the_figures(worked: Worked, name: str) -> None:
    case, found = CASES[name], worked.rows[name]
    assert (found.row["status"], found.reason) == ("error", case.reason)
    assert case.says[0] in found.row["error"]
    assert found.calls == case.calls
    assert f"{found.job_id}  error: {found.row['error']}" in worked.output


@pytest.mark.parametrize("name", CASES)
def test_the_row_says_what_to_do(worked: Worked, name: str) -> None:
    assert CASES[name].way_out in worked.rows[name].row["error"]


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_reads_well(worked: Worked, name: str) -> None:
    assert_reads_well(worked.rows[name].row["error"])


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_lost_and_nothing_half_done_is_left(worked: Worked, name: str) -> None:
    found = worked.rows[name]
    assert found.raw == found.uploaded
    assert (found.transcripts, found.sops) == (0, 0)
    assert found.slim is not None
    assert is_whole_mp4(found.slim)
    assert found.row["completed_at"] is None
    assert found.model_files == []


@pytest.mark.parametrize("name", [*REPAIRED, GOOD])
def test_an_answer_that_is_mended_and_the_good_row_behind_them_are_completed(worked: Worked, name: str) -> None:
    found = worked.rows[name]
    assert (found.row["status"], found.row["error"]) == ("completed", None)
    assert (found.transcripts, found.sops) == (1, 1)
    assert found.calls == (2 if name == GOOD else REPAIRED[name].calls)
    assert worked.scratch == []
    assert worked.took_up == [found.job_id for found in worked.rows.values()], "in the order of the queue"


def test_no_key_is_in_a_row_or_in_the_output(worked: Worked, stack: StackInfo) -> None:
    assert_no_secret(stack, worked.output)
    for found in worked.rows.values():
        assert_no_secret(stack, str(found.row))
