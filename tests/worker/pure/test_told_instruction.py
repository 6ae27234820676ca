"""An answer does not tell the instruction of its question."""

import pytest

from runops_worker.model.told_instruction import HIDDEN, without_instruction
from runops_worker.prompts import load_prompt
from tests.worker.pure.sops import line, task

INSTRUCTION = " ".join(f"word{number}" for number in range(60))
NOTHING: frozenset[str] = frozenset()


def words(first: int, last: int) -> str:
    return " ".join(f"word{number}" for number in range(first, last))


def test_what_is_told_is_hidden_and_what_is_around_it_stays() -> None:
    told = f"Before, {words(0, 45)}. After."
    hidden, count = without_instruction({"label": told}, INSTRUCTION, keep=NOTHING)
    assert hidden == {"label": f"Before, {HIDDEN}. After."}
    assert count == 1


def test_case_and_lines_make_no_difference() -> None:
    told = words(0, 45).upper().replace(" ", "\n- ")
    assert without_instruction([told], INSTRUCTION, keep=NOTHING) == ([HIDDEN], 1)


def test_what_is_told_in_many_places_is_hidden_in_all() -> None:
    value = [words(at, at + 10) for at in range(0, 50, 10)]
    assert without_instruction(value, INSTRUCTION, keep=NOTHING) == ([HIDDEN] * 5, 5)


def test_a_sentence_that_the_instruction_demands_stays() -> None:
    assert without_instruction([words(0, 39)], INSTRUCTION, keep=NOTHING) == ([words(0, 39)], 0)
    assert without_instruction([words(0, 40)], INSTRUCTION, keep=NOTHING) == ([HIDDEN], 1)


def test_seven_words_in_a_row_are_a_coincidence() -> None:
    value = [f"{words(at, at + 7)}." for at in range(0, 50, 7)]
    assert without_instruction(value, INSTRUCTION, keep=NOTHING) == (value, 0)


def test_keys_to_keep_are_kept() -> None:
    value = {"id": words(0, 50), "label": words(0, 50)}
    assert without_instruction(value, INSTRUCTION, keep=frozenset({"id"})) == ({**value, "label": HIDDEN}, 1)


def test_signs_of_a_script_without_spaces_count_as_words() -> None:
    instruction = "".join(chr(0x4E00 + number) for number in range(80))
    assert without_instruction([instruction[5:60]], instruction, keep=NOTHING) == ([HIDDEN], 1)


@pytest.mark.parametrize("name", ["sop_parser_v0.8.md", "transcription_prompt_v2.md"])
def test_an_honest_sop_tells_nothing_of_a_prompt(name: str) -> None:
    sop = line(
        task("a", "Open the list of orders", intent="So that the open orders can be told.", context="At 00:00:07."),
        task("b", "Write the reminder to {borrower}", context="The list of overdue loans is shown."),
    ).dump()
    assert without_instruction(sop, load_prompt(name).text, keep=NOTHING) == (sop, 0)
