"""Fields that anybody may have written: a value of the wrong type is None, 0 or empty."""

from typing import Any

import pytest

from runops_operator.manifests.fields import (
    claim_of,
    count_of,
    object_of,
    objects_of,
    text_of,
    version_of,
    whole_of,
)

TOKEN = "aaaaaaaa-0000-4000-8000-000000000000"


@pytest.mark.parametrize(("value", "text"), [("a", "a"), ("", ""), (1, None), (None, None), ([], None), ({}, None)])
def test_text(value: Any, text: str | None) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0", 0),
        ("42", 42),
        ("9" * 15, 10**15 - 1),
        ("9" * 16, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("1 ", None),
        ("1\n", None),
        ("\u0663", None),
        (42, None),
        (None, None),
    ],
)
def test_a_whole_number_in_an_annotation(value: Any, number: int | None) -> None:
    assert whole_of(value) == number


@pytest.mark.parametrize(("value", "found"), [({"a": 1}, {"a": 1}), ({}, {}), (None, {}), ("a", {}), ([1], {})])
def test_an_object(value: Any, found: dict[str, int]) -> None:
    assert object_of(value) == found


@pytest.mark.parametrize(
    ("value", "found"), [([{"a": 1}, 2, {}], [{"a": 1}, {}]), ([], []), (None, []), ({"a": 1}, []), ("ab", [])]
)
def test_the_objects_in_a_list(value: Any, found: list[dict[str, int]]) -> None:
    assert objects_of(value) == found


@pytest.mark.parametrize(("value", "count"), [(3, 3), (0, 0), ("3", 0), (None, 0), (1.5, 0)])
def test_a_count(value: Any, count: int) -> None:
    assert count_of(value) == count


@pytest.mark.parametrize(
    ("metadata", "claim"),
    [
        ({"annotations": {"runops.dev/claim": TOKEN}}, TOKEN),
        ({"annotations": {"runops.dev/claim": f"{TOKEN}/pod-9"}}, f"{TOKEN}/pod-9"),
        ({"annotations": {"runops.dev/claim": f"{TOKEN} "}}, None),
        ({"annotations": {"runops.dev/claim": "is this mine?"}}, None),
        ({"annotations": {"runops.dev/claim": 1}}, None),
        ({"annotations": {"other": TOKEN}}, None),
        ({"annotations": None}, None),
        ({"annotations": [TOKEN]}, None),
        ({}, None),
    ],
)
def test_the_claim_token_in_the_annotations(metadata: dict[str, Any], claim: str | None) -> None:
    assert claim_of(metadata) == claim


@pytest.mark.parametrize(
    ("metadata", "version"),
    [
        ({"resourceVersion": "42"}, 42),
        ({"resourceVersion": 42}, 42),
        ({"resourceVersion": "9" * 30}, 10**30 - 1),
        ({"resourceVersion": "9" * 31}, 0),
        ({"resourceVersion": "4a"}, 0),
        ({"resourceVersion": "\u00b2"}, 0),
        ({"resourceVersion": ""}, 0),
        ({"resourceVersion": None}, 0),
        ({}, 0),
    ],
)
def test_the_resource_version_as_a_number(metadata: dict[str, Any], version: int) -> None:
    assert version_of(metadata) == version
