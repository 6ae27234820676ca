from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from runops.crd import custom_resource_definition, render
from runops.videojob import MUTABLE_SPEC_FIELDS, VideoJobSpec, VideoJobStatus

COMMITTED = Path(__file__).parents[2] / "crds" / "videojob.yaml"


def _schemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from _schemas(field, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from _schemas(schema[key], f"{path}[]")


def _version() -> dict[str, Any]:
    version: dict[str, Any] = custom_resource_definition()["spec"]["versions"][0]
    return version


def test_the_committed_file_is_what_the_models_say() -> None:
    assert COMMITTED.read_text() == render(), "run `python -m runops.crd > crds/videojob.yaml`"


def test_the_text_is_yaml_of_the_same_meaning() -> None:
    assert yaml.safe_load(render()) == custom_resource_definition()


def test_every_field_explains_itself() -> None:
    schema = _version()["schema"]["openAPIV3Schema"]
    silent = [
        path
        for path, field in _schemas(schema)
        if "description" not in field and not path.endswith("[]") and path != ".metadata"
    ]
    assert silent == []


def test_strings_lists_and_maps_are_bounded_so_that_rules_stay_affordable() -> None:
    limits = {"string": ("maxLength", "enum"), "array": ("maxItems",)}
    for path, field in _schemas(_version()["schema"]["openAPIV3Schema"]["properties"]["spec"]):
        wanted = limits.get(field.get("type", ""), ())
        assert not wanted or any(word in field for word in wanted), path


def test_all_of_the_spec_is_immutable_but_what_may_change() -> None:
    spec = _version()["schema"]["openAPIV3Schema"]["properties"]["spec"]
    ruled = {rule["message"].split()[0].removeprefix("spec.") for rule in spec["x-kubernetes-validations"]}
    assert ruled == set(spec["properties"]) - MUTABLE_SPEC_FIELDS


def test_columns_are_those_of_the_design() -> None:
    columns = _version()["additionalPrinterColumns"]
    assert [column["name"].upper() for column in columns if "priority" not in column] == [
        "PHASE",
        "STAGE",
        "PROGRESS",
        "ATTEMPTS",
        "ENDS",
        "AGE",
    ]
    assert [column["name"].upper() for column in columns if column.get("priority") == 1] == [
        "USER",
        "MODEL",
        "TOKENS",
        "REASON",
        "POSITION",
        "NODE",
    ]


def test_defaults_of_schema_and_model_are_the_same() -> None:
    job_id = "0b0c3a52-3c3f-4c0e-9c58-3f8d8e2f9a10"
    spec = VideoJobSpec.model_validate({"jobId": job_id})
    schema = _version()["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    dumped = spec.model_dump(by_alias=True, exclude_none=True)
    assert {name: field["default"] for name, field in schema.items() if "default" in field} == {
        name: value for name, value in dumped.items() if name != "jobId"
    }


def test_a_status_written_is_a_status_read() -> None:
    value = {"phase": "Running", "progress": "42%", "workerPod": {"name": "p", "uid": "u"}}
    assert VideoJobStatus.model_validate(value).model_dump(by_alias=True, exclude_none=True) == value
