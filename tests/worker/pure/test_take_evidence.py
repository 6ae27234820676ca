"""How the names of items are taken out of an answer."""

from typing import Any

import pytest

from runops_worker.sop.evidence.number_items import numbered
from runops_worker.sop.evidence.take_evidence import take_evidence


def test_items_are_numbered_from_one_with_their_name_in_front() -> None:
    assert numbered([{"a": 1}, {"a": 2}]) == [{"id": "t0001", "a": 1}, {"id": "t0002", "a": 2}]
    assert list(numbered([{"a": 1}])[0]) == ["id", "a"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["t0001", "t0002"], ("t0001", "t0002")),
        (["t1", "t00002"], ("t0001", "t0002")),
        ("t0001, t0003", ("t0001", "t0003")),
        ("[t0001]", ("t0001",)),
        (["t0003-t0005"], ("t0003", "t0004", "t0005")),
        ("t0003 to t0005 and t0009", ("t0003", "t0004", "t0005", "t0009")),
        (["t0005-t0003"], ("t0005", "t0003")),
        (["t0001-t9999"], ("t0001", "t9999")),
        ([{"id": "t0004"}], ("t0004",)),
        (["t0001", "t0001"], ("t0001",)),
        (["item 4", 7, None], ()),
        (None, ()),
    ],
)
def test_ids_are_read_in_every_form_that_models_write(written: Any, read: tuple[str, ...]) -> None:
    raw = {"public": {"nodes": [{"id": "a", "evidence": written, "label": "A"}], "edges": []}, "meta": {}}
    without, cited = take_evidence(raw)
    assert cited == {"a": read}
    assert without == {"public": {"nodes": [{"id": "a", "label": "A"}], "edges": []}, "meta": {}}
    assert raw["public"]["nodes"][0]["evidence"] is written


@pytest.mark.parametrize(
    "raw", [{}, {"public": None}, {"public": {"nodes": None}}, {"public": {"nodes": ["x", {"id": "a"}]}}]
)
def test_an_answer_without_evidence_is_unchanged(raw: dict[str, Any]) -> None:
    assert take_evidence(raw) == (raw, {})
