"""What the fixer promises for any SOP."""

import copy
import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runops.sop_graph import graph_faults
from runops_worker.sop.fix.fix_graph import Fixed, fix_graph
from runops_worker.sop.wording.sentences import ENGLISH
from tests.sop_graphs import any_sops, as_sop, damaged_sops, hostile_sops, sound_sops

MANY = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def assert_keeps_its_promises(raw: dict[str, Any]) -> Fixed:
    before = copy.deepcopy(raw)
    fixed = fix_graph(raw, wording=ENGLISH)
    assert json.dumps(raw, default=str) == json.dumps(before, default=str)
    nodes = fixed.sop["public"]["nodes"]
    if not nodes:
        return fixed
    without_evidence = copy.deepcopy(fixed.sop)
    for node in without_evidence["public"]["nodes"]:
        node.pop("evidence", None)
    assert graph_faults(as_sop(without_evidence)) == []
    again = fix_graph(fixed.sop, wording=ENGLISH)
    assert again.sop == fixed.sop
    assert again.fixes == again.questions == ()
    requests = fixed.sop["public"].get("clarification_requests", [])
    assert len({request["id"] for request in requests}) == len(requests)
    assert set(fixed.questions) <= {request["question"] for request in requests}
    assert set(fixed.guesses) <= set(fixed.questions)
    return fixed


@MANY
@given(sound_sops())
def test_a_sound_sop_is_unchanged(raw: dict[str, Any]) -> None:
    assert graph_faults(as_sop(raw)) == []
    assert fix_graph(raw, wording=ENGLISH) == Fixed(sop=raw)


@MANY
@given(damaged_sops())
def test_a_sop_with_a_few_faults_is_fixed_and_keeps_its_steps(raw: dict[str, Any]) -> None:
    assert_no_step_is_lost(raw, assert_keeps_its_promises(raw))


@MANY
@given(any_sops())
def test_any_graph_is_fixed_and_keeps_its_steps(raw: dict[str, Any]) -> None:
    assert_no_step_is_lost(raw, assert_keeps_its_promises(raw))


@MANY
@given(hostile_sops())
@example({"public": {"nodes": [{"id": "a"}], "triggers": [{"type": "cron"}, {"description": ""}]}})
@example({"public": {"nodes": [{"id": "a", "children": [{"id": "b", "children": [{"id": "c"}]}]}]}})
def test_any_object_is_fixed(raw: dict[str, Any]) -> None:
    assert_keeps_its_promises(raw)


def assert_no_step_is_lost(raw: dict[str, Any], fixed: Fixed) -> None:
    """Every task, decision and loop is there under its label; a loop may have become a decision or task."""
    written = {node["label"] for node in fixed.sop["public"]["nodes"]}
    for node in raw["public"]["nodes"]:
        if node["type"] in {"task", "decision", "loop", "robot"}:
            label = node["label"]
            assert label in written or f"{label}: is there another one?" in written, label


@given(st.dictionaries(st.text(), st.text()))
def test_an_object_without_nodes_has_nothing_to_fix(raw: dict[str, str]) -> None:
    fixed = fix_graph(dict(raw), wording=ENGLISH)
    assert fixed.sop["public"]["nodes"] == []
    assert fixed.questions == ()
