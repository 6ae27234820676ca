"""How similar steps are: by rule the same for everybody, and by example as people judge."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_evaluation.matching.similarity import SAME_STEP, step_similarity

PAIRS = tomllib.loads(Path(__file__).with_name("step_pairs.toml").read_text())
TEXTS = st.text(alphabet=st.sampled_from('abcd e12."'), max_size=30) | st.sampled_from(
    [pair[side] for kind in PAIRS for pair in PAIRS[kind] for side in ("one", "other")]
)


@pytest.mark.parametrize("pair", PAIRS["same"], ids=lambda pair: pair["one"])
def test_the_same_step_in_other_words_is_recognised(pair: dict[str, str]) -> None:
    assert step_similarity(pair["one"], pair["other"]) >= SAME_STEP


@pytest.mark.parametrize("pair", PAIRS["other"], ids=lambda pair: f"{pair['one']} | {pair['other']}")
def test_another_step_is_not(pair: dict[str, str]) -> None:
    assert step_similarity(pair["one"], pair["other"]) < SAME_STEP


@given(TEXTS, TEXTS)
def test_it_lies_between_0_and_1_and_is_symmetric(one: str, other: str) -> None:
    similarity = step_similarity(one, other)
    assert 0.0 <= similarity <= 1.0
    assert similarity == pytest.approx(step_similarity(other, one))


@given(TEXTS)
def test_a_text_is_most_similar_to_itself(text: str) -> None:
    assert step_similarity(text, text) == 1.0
