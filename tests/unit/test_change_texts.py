"""Texts inside JSON values are changed, and nothing else."""

from typing import Any

import pytest

from runops.recorded_secrets.texts import change_texts


@pytest.mark.parametrize(
    ("value", "changed"),
    [
        ("a", "A"),
        (["a", 1, None, True, 2.5], ["A", 1, None, True, 2.5]),
        (("a", ["b"]), ["A", ["B"]]),
        ({"x": "a", "id": "b"}, {"x": "A", "id": "b"}),
        (
            {"x": {"id": {"y": "a"}, "y": ["a", {"id": ["b"], "z": "c"}]}},
            {"x": {"id": {"y": "a"}, "y": ["A", {"id": ["b"], "z": "C"}]}},
        ),
        ({}, {}),
        (None, None),
    ],
)
def test_each_text_is_changed_except_under_the_keys_to_keep(value: Any, changed: Any) -> None:
    before = repr(value)
    assert change_texts(value, str.upper, keep={"id"}) == changed
    assert repr(value) == before
