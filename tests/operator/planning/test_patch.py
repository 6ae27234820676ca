"""A status patch is written only where it changes something."""

from typing import Any

import pytest

from runops_operator.planning.actions import PatchStatus
from runops_operator.planning.patch import patch_if_it_changes
from tests.operator.planning.observations import condition, videojob

READY = condition("Progressing").model_dump(by_alias=True, exclude_none=True)
OTHER = condition("Finished").model_dump(by_alias=True, exclude_none=True)
VIEW = videojob(
    condition("Progressing"),
    condition("Finished"),
    status={"phase": "Running", "attempts": 1, "resolved": {"image": "worker:1"}},
)


@pytest.mark.parametrize(
    ("patch", "changes"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"phase": "Running"}, False, id="the same"),
        pytest.param({"phase": "Pending"}, True, id="another value"),
        pytest.param({"stage": "finalizing"}, True, id="a new value"),
        pytest.param({"reason": None}, False, id="nothing to remove"),
        pytest.param({"phase": None}, True, id="something to remove"),
        pytest.param({"phase": "Running", "attempts": 2}, True, id="the second differs"),
        pytest.param({"resolved": {"image": "worker:1"}}, False, id="the same inside"),
        pytest.param({"resolved": {}}, False, id="less inside changes nothing"),
        pytest.param({"resolved": {"image": "worker:2"}}, True, id="another value inside"),
        pytest.param({"workerPod": {"name": "pod-1"}}, True, id="a new object"),
        pytest.param({"conditions": [READY, OTHER]}, False, id="the same conditions"),
        pytest.param({"conditions": [OTHER, READY]}, False, id="in another order"),
        pytest.param({"conditions": [READY]}, True, id="one condition less"),
        pytest.param({"conditions": [READY, OTHER | {"status": "False"}]}, True, id="another status"),
        pytest.param({"conditions": [READY, OTHER], "attempts": 2}, True, id="a value behind the same conditions"),
        pytest.param({"resolved": {"image": "worker:1"}, "attempts": 2}, True, id="a value behind the same object"),
    ],
)
def test_a_patch_is_written_only_where_it_changes_something(patch: dict[str, Any], changes: bool) -> None:
    assert patch_if_it_changes(VIEW, patch) == ([PatchStatus(patch)] if changes else [])


def test_first_conditions_are_a_change() -> None:
    assert patch_if_it_changes(videojob(), {"conditions": [READY]}) == [PatchStatus({"conditions": [READY]})]
