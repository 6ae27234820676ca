"""README.md and values.schema.json are what `make chart` makes, and leave nothing open or unsaid."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.generated import generated
from tests.chart.values_schema import OPEN


@pytest.mark.parametrize("name", ["README.md", "values.schema.json"])
def test_generated_file_is_up_to_date(name: str, chart: Path) -> None:
    assert (chart / name).read_text("utf-8") == generated()[name], f"`make chart` writes {name} anew"


@pytest.fixture
def schema(chart: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((chart / "values.schema.json").read_text("utf-8"))
    return read


def _objects(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield path, node
        for key, value in node.items():
            yield from _objects(value, f"{path}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _objects(value, f"{path}/{number}")


def test_schema_is_closed_but_for_what_others_judge(schema: dict[str, Any]) -> None:
    found = dict(_objects(schema))
    assert len(found) > 40
    for path, item in found.items():
        assert "additionalProperties" in item, f"{path} does not say whether other fields are allowed"
    open_ones = {path for path, item in found.items() if item["additionalProperties"] is True}
    assert open_ones == {"/properties/global", *(f"/$defs/{name}" for name in OPEN)}


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref")
    resolved: dict[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else node
    return resolved


def _differences(values: dict[str, Any], node: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    node = _resolved(node, schema)
    properties = node.get("properties")
    if properties is None:
        return
    yield from (f"{path}.{key} has no default" for key in properties.keys() - values.keys())
    yield from (f"{path}.{key} is not in the schema" for key in values.keys() - properties.keys())
    for key in properties.keys() & values.keys():
        if isinstance(values[key], dict):
            yield from _differences(values[key], properties[key], schema, f"{path}.{key}")


def test_schema_and_defaults_name_the_same_values(chart: Path, schema: dict[str, Any]) -> None:
    values = yaml.safe_load((chart / "values.yaml").read_text("utf-8"))

    assert schema["additionalProperties"] is False
    # What a container requests and is limited to is chosen, not listed.
    chosen = {
        ".enabled has no default",
        ".resources.limits.cpu has no default",
        ".worker.resources.limits.cpu has no default",
        ".ui.resources.limits.cpu has no default",
    }
    assert set(_differences(values, schema, schema)) == chosen


def test_every_value_is_explained(chart: Path) -> None:
    table = [
        line.strip("| ").split(" | ")
        for line in (chart / "README.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and line.count(" | ") >= 3
    ][1:]

    assert len(table) > 120
    for row in table:
        assert row[-1].strip(" |"), f"values.yaml says nothing of {row[0]}: its comment begins with `# -- `"
    values = yaml.safe_load((chart / "values.yaml").read_text("utf-8"))
    assert set(values) == {row[0].partition(".")[0].partition("[")[0] for row in table}
