"""docs/upgrade.md names everything that an upgrade from the earlier chart changes without being asked."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from runops.crd import custom_resource_definition
from tests.chart.right import golden

_CHECKOUT = Path(__file__).parents[2]
PAGE = (_CHECKOUT / "docs" / "upgrade.md").read_text("utf-8")
_PREVIOUS = _CHECKOUT / "tests" / "lifecycle" / "previous"
_EARLIER = yaml.safe_load((_PREVIOUS / "released-values.yaml").read_text("utf-8"))
_NOW = yaml.safe_load((_CHECKOUT / "deploy/helm/runops-operator/values.yaml").read_text("utf-8"))


def _values(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value with its path; a mapping that the user fills is a value itself."""
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and "/" not in "".join(value):
            yield from _values(value, f"{path}.")
        else:
            yield path, value


def _fields(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, field in (schema.get("properties") or {}).items():
        yield f"{prefix}{name}"
        yield from _fields(field, f"{prefix}{name}.")
        yield from _fields(field.get("items") or {}, f"{prefix}{name}[].")


def _documents(kind: str) -> list[Any]:
    """Return the objects of a kind that the earlier chart makes."""
    text = re.sub(r"\{\{[^}]*\}\}", "x", (_PREVIOUS / "templates" / "objects.yaml").read_text("utf-8"))
    return [item for item in yaml.safe_load_all(text) if isinstance(item, Mapping) and item["kind"] == kind]


def _named(path: str) -> bool:
    return f"`{path}`" in PAGE


def test_the_earlier_values_are_those_of_the_earlier_chart() -> None:
    version = yaml.safe_load((_PREVIOUS / "Chart.yaml").read_text("utf-8"))["version"]
    assert f"## From {version} to " in PAGE
    (config,) = [item for item in _documents("ConfigMap") if "operator.yaml" in item["data"]]
    prompts = yaml.safe_load(config["data"]["operator.yaml"])["prompts"]
    assert {name: prompts[name] for name in ("transcription", "sop")} == {
        name: _EARLIER["prompts"][name] for name in ("transcription", "sop")
    }


def test_the_page_is_about_the_chart_of_today() -> None:
    version = yaml.safe_load((_CHECKOUT / "deploy/helm/runops-operator/Chart.yaml").read_text("utf-8"))["version"]
    assert f" to {version}\n" in PAGE


def test_every_value_that_was_removed_or_renamed_is_named() -> None:
    there = dict(_values(_NOW))
    assert [path for path, _ in _values(_EARLIER) if path not in there and not _named(path)] == []


def test_every_default_that_changed_is_named() -> None:
    there = dict(_values(_NOW))
    changed = [path for path, value in _values(_EARLIER) if path in there and there[path] != value]
    assert changed
    assert [path for path in changed if not _named(path)] == []


def test_every_field_of_a_videojob_that_was_removed_is_named() -> None:
    def of(definition: Mapping[str, Any]) -> set[str]:
        (version,) = definition["spec"]["versions"]
        return set(_fields(version["schema"]["openAPIV3Schema"]))

    (earlier,) = _documents("CustomResourceDefinition")
    removed = of(earlier) - of(custom_resource_definition())
    assert [field for field in sorted(removed) if not _named(field)] == []


def test_every_resource_that_the_operator_needs_a_new_right_on_is_named() -> None:
    """Whoever makes the roles has to know before the upgrade."""
    (role,) = [item for item in _documents("Role") if item["metadata"]["name"] == "runops-operator"]
    earlier = {(resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]}
    needed = {(one.right.resource, one.right.verb) for one in golden()["operator"]}
    new = needed - earlier
    assert ("configmaps", "patch") in new
    for resource, verb in sorted(new):
        assert _named(resource), resource
        assert _named(verb), (resource, verb)
