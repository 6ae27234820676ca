"""The tables of what the worker itself writes into a SOP."""

import re
from pathlib import Path
from string import Formatter

import pytest

from runops_worker.sop.evidence.literals import literals
from runops_worker.sop.wording.choose import recognised
from runops_worker.sop.wording.sentences import ENGLISH, LANGUAGES, Wording, read_wording

OTHERS = [wording for wording in LANGUAGES.values() if wording is not ENGLISH]
QUOTING = {"unsupported_step", "step_named"}
"""What these have in quotation marks has been compared with the recording before."""
SAME_IN_SEVERAL = {"list_more", "answer_means"}


def parts_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("wording", OTHERS, ids=lambda wording: wording.name)
def test_every_language_has_every_sentence_and_no_other(wording: Wording) -> None:
    assert wording.templates.keys() == ENGLISH.templates.keys()


@pytest.mark.parametrize("wording", OTHERS, ids=lambda wording: wording.name)
def test_a_sentence_names_the_same_parts_in_every_language(wording: Wording) -> None:
    parts = {sentence: parts_of(text) for sentence, text in wording.templates.items()}
    assert parts == {sentence: parts_of(text) for sentence, text in ENGLISH.templates.items()}


@pytest.mark.parametrize("wording", OTHERS, ids=lambda wording: wording.name)
def test_whole_sentences_are_translated(wording: Wording) -> None:
    long = {sentence for sentence, text in ENGLISH.templates.items() if len(text.split()) > 2} - SAME_IN_SEVERAL
    assert [sentence for sentence in long if wording.templates[sentence] == ENGLISH.templates[sentence]] == []


@pytest.mark.parametrize("wording", LANGUAGES.values(), ids=lambda wording: wording.name)
def test_the_sentences_are_in_the_language_of_their_table(wording: Wording) -> None:
    text = " ".join(wording.templates.values())
    assert recognised(re.sub(r"\{\w+\}", "", text)) in {wording, None}


@pytest.mark.parametrize("wording", LANGUAGES.values(), ids=lambda wording: wording.name)
def test_no_sentence_has_what_the_evidence_check_takes_for_a_literal(wording: Wording) -> None:
    checked = {sentence: text for sentence, text in wording.templates.items() if sentence not in QUOTING}
    found = {sentence: literals(text, names=not wording.capitalises_nouns) for sentence, text in checked.items()}
    assert {sentence: named for sentence, named in found.items() if named} == {}


def test_parts_are_not_read_as_templates() -> None:
    assert ENGLISH.say("back_to", step="{step} of {0}") == "Go back to: {step} of {0}"


@pytest.mark.parametrize(
    ("parts", "listed"), [(["a"], "a"), (["a", "b"], "a und b"), (["a", "b", "c", "d"], "a, b, c und d")]
)
def test_parts_are_listed_as_in_a_sentence(parts: list[str], listed: str) -> None:
    assert LANGUAGES["German"].listed(parts) == listed


TABLE = """\
name = "Élfico"
asked_for_as = ["élfico", "el"]
capitalises_nouns = true
frequent_words = "né ha  né"
[sentences]
a = "Ä {b}"
"""


@pytest.mark.parametrize(("letters", "own"), [("", ""), ('own_letters = "ø-ÿ"\n', "ø-ÿ")])
def test_a_table_is_read_as_it_is_written(tmp_path: Path, letters: str, own: str) -> None:
    table = tmp_path / "elvish.toml"
    table.write_text(letters + TABLE, "utf-8")
    assert read_wording(table) == Wording(
        name="Élfico",
        asked_for_as=frozenset({"élfico", "el"}),
        capitalises_nouns=True,
        frequent_words=frozenset({"né", "ha"}),
        own_letters=own,
        templates={"a": "Ä {b}"},
    )


def test_parts_are_put_one_after_the_other() -> None:
    assert ENGLISH.row(["a"]) == "a"
    assert ENGLISH.row(["a", "b", "c"]) == "a, b, c"
    assert ENGLISH.listed(iter(["a", "b", "c"])) == "a, b and c"
