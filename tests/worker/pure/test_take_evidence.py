"""How the names of items are taken out of an answer."""

from typing import Any

import pytest

from runops_worker.sop.evidence.number_items import numbered
from runops_worker.sop.evidence.take_evidence import take_evidence


def test_items_are_numbered_from_one_with_their_name_in_front() -> None:
    assert numbered([{"a": 1}, {"a": 2}]) == [{"id": "t0001", "a": 1}, {"id": "t0002", "a": 2}]
    assert list(numbered([{"a": 1}])[0]) == ["id", "a"]


def test_the_ids_that_a_node_names_are_taken_out_of_it() -> None:
    nodes = [{"id": "a", "evidence": "t3 to t0005", "label": "A"}, {"id": "b", "evidence": None}]
    raw: dict[str, Any] = {"public": {"nodes": nodes, "edges": []}, "meta": {}}
    without, cited = take_evidence(raw)
    assert cited == {"a": ("t0003", "t0004", "t0005"), "b": ()}
    assert without == {"public": {"nodes": [{"id": "a", "label": "A"}, {"id": "b"}], "edges": []}, "meta": {}}
    assert "evidence" in raw["public"]["nodes"][0]


@pytest.mark.parametrize(
    "raw", [{}, {"public": None}, {"public": {"nodes": None}}, {"public": {"nodes": ["x", {"id": "a"}]}}]
)
def test_an_answer_without_evidence_is_unchanged(raw: dict[str, Any]) -> None:
    assert take_evidence(raw) == (raw, {})
