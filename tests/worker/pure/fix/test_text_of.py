"""Any JSON value, bounded and as text."""

import json
import math
from typing import Any

import pytest

from runops_worker.sop.fix.text_of import bounded, first_text, has_content, text_of, texts_of


def nested(depth: int, inner: Any) -> Any:
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("<b>a</b> <img>", "a \u2039img\u203a"),
        (True, True),
        (None, None),
        (1.5, 1.5),
        (1e20, 1e20),
        (math.inf, None),
        (math.nan, None),
        (10**18 - 1, 10**18 - 1),
        (10**18, None),
        (1 - 10**18, 1 - 10**18),
        (-(10**18), None),
        ({"<b>k</b>": ["<i>v</i>", 1]}, {"k": ["v", 1]}),
        (object(), None),
    ],
)
def test_a_value_without_markup_and_odd_numbers(value: Any, kept: Any) -> None:
    assert bounded(value) == kept


def test_sixteen_levels_are_kept_and_what_is_deeper_is_none() -> None:
    assert bounded(nested(16, "x")) == nested(16, "x")
    assert bounded(nested(16, ["x"])) == nested(16, None)
    assert bounded(nested(15, {"k": "x"})) == nested(15, {"k": "x"})
    assert bounded(nested(16, {"k": "x"})) == nested(16, None)
    deep: Any = "x"
    for _ in range(17):
        deep = {"k": deep}
    assert json.dumps(bounded(deep)).count("k") == 16


@pytest.mark.parametrize(
    ("value", "content"),
    [(None, False), ("", False), ([], False), ({}, False), ("x", True), ([None], True), (0, True), (False, True)],
)
def test_null_and_empty_values_say_nothing(value: Any, content: bool) -> None:
    assert has_content(value) is content


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a b", "a b"),
        (7, "7"),
        (1.5, "1.5"),
        (True, "true"),
        (None, ""),
        ({"a": 1}, ""),
        (["a", None, {"b": 1}, ["c", 2]], "a; c; 2"),
    ],
)
def test_a_value_as_text(value: Any, text: str) -> None:
    assert text_of(value) == text


def test_the_first_key_with_text_counts() -> None:
    assert first_text({"a": " ", "b": "x", "c": "y"}, ("a", "b", "c")) == "x"
    assert first_text({"a": None}, ("a", "b")) == ""


@pytest.mark.parametrize(
    ("value", "texts"),
    [("a", ["a"]), (["a", "", " ", 2, None], ["a", "2"]), (None, []), ([], []), ([["a", "b"]], ["a; b"])],
)
def test_a_value_as_texts(value: Any, texts: list[str]) -> None:
    assert texts_of(value) == texts
