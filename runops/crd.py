"""The CustomResourceDefinition of VideoJob, generated from the models of `runops.videojob`.

`python -m runops.crd` prints what `crds/videojob.yaml` must hold. An API server takes structural OpenAPI v3 schemas
only, so what pydantic writes as JSON Schema is rewritten: references are put in place, `anyOf` with null becomes
optional, titles and null defaults go.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from runops.videojob import GROUP, KIND, MUTABLE_SPEC_FIELDS, PLURAL, VERSION, VideoJobSpec, VideoJobStatus

__all__ = ["custom_resource_definition", "render", "structural"]

_DROPPED = frozenset({"title", "additionalProperties", "$defs", "discriminator"})


def structural(schema: Mapping[str, Any], definitions: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a pydantic JSON Schema as a structural schema.

    Parameters
    ----------
    schema
        As `model_json_schema(by_alias=True)` gives it.
    definitions
        The schemas that `$ref` names; those of `schema` itself where None.
    """
    definitions = schema.get("$defs", {}) if definitions is None else definitions
    if "$ref" in schema:
        target = definitions[schema["$ref"].rsplit("/", 1)[1]]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return structural({**target, **beside}, definitions)
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        if len(options) != 1:
            raise ValueError("an API server takes one type per field; this schema has a union")
        beside = {key: value for key, value in schema.items() if key != "anyOf"}
        return structural({**options[0], **beside}, definitions)
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {name: structural(field, definitions) for name, field in value.items()}
        elif key == "items" or (key == "additionalProperties" and isinstance(value, Mapping)):
            out[key] = structural(value, definitions)
        elif key not in _DROPPED and not (key == "default" and value is None):
            out |= _keyword(key, value)
    if out.get("type") == "integer":
        out["format"] = "int64" if out.get("maximum", 0) > 2**31 - 1 or "maximum" not in out else "int32"
    return out


def _keyword(key: str, value: Any) -> dict[str, Any]:
    if key == "const":
        return {"enum": [value]}
    if key == "description":
        return {key: " ".join(value.split())}
    if key == "default" and isinstance(value, Mapping):
        return {key: {name: item for name, item in value.items() if item is not None}}
    return {key: value}


def _immutability(spec: Mapping[str, Any]) -> list[dict[str, str]]:
    rules = []
    required = set(spec.get("required", ()))
    for name, field in spec["properties"].items():
        if name in MUTABLE_SPEC_FIELDS:
            continue
        if name in required or "default" in field:
            rule = f"self.{name} == oldSelf.{name}"
        else:
            rule = f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || self.{name} == oldSelf.{name})"
        rules.append({"rule": rule, "message": f"spec.{name} cannot change; delete the VideoJob and apply it again"})
    return rules


_COLUMNS: tuple[tuple[str, str, str, int], ...] = (
    ("Phase", "string", ".status.phase", 0),
    ("Stage", "string", ".status.stage", 0),
    ("Progress", "string", ".status.progress", 0),
    ("Attempts", "integer", ".status.attempts", 0),
    ("Ends", "string", ".status.timeLeft.ends", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("User", "string", ".spec.userId", 1),
    ("Model", "string", ".spec.model.transcribe", 1),
    ("Tokens", "integer", ".status.usage.totalTokens", 1),
    ("Reason", "string", ".status.reason", 1),
    ("Position", "integer", ".status.timeLeft.position", 1),
    ("Node", "string", ".status.workerPod.node", 1),
)


def custom_resource_definition() -> dict[str, Any]:
    """Return the manifest of the CustomResourceDefinition."""
    spec = structural(VideoJobSpec.model_json_schema(by_alias=True))
    status = structural(VideoJobStatus.model_json_schema(by_alias=True))
    spec["x-kubernetes-validations"] = _immutability(spec)
    schema = {
        "type": "object",
        "description": "One recording on its way to a Standard Operating Procedure: one row of `jobs`, one worker.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"{GROUP}/{VERSION}."},
            "kind": {"type": "string", "description": f"{KIND}."},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
        "x-kubernetes-validations": [
            {
                "rule": "self.metadata.name == 'vj-' + self.spec.jobId",
                "message": "metadata.name must be vj-<spec.jobId>: one VideoJob per row",
            }
        ],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["vjob"],
                "categories": ["runops"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                    "selectableFields": [{"jsonPath": ".status.phase"}, {"jsonPath": ".spec.jobId"}],
                    "additionalPrinterColumns": [
                        # The API server leaves out a 0, and Argo CD would take that for a difference.
                        {"name": name, "type": kind, "jsonPath": path, **({"priority": priority} if priority else {})}
                        for name, kind, path, priority in _COLUMNS
                    ],
                }
            ],
        },
    }


def render() -> str:
    """Return the manifest as YAML text, one JSON value a line where it is a leaf: stable, so that drift shows."""
    return "# Generated by `python -m runops.crd`; edit runops/videojob.py instead.\n" + _yaml(
        custom_resource_definition()
    )


def _yaml(value: Any, indent: str = "") -> str:
    """Write block-style YAML. Scalars are written as JSON, which YAML includes; PyYAML is not a dependency here."""
    if isinstance(value, Mapping) and value:
        return "".join(f"{indent}{key}:{_nested(item, indent)}" for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{indent}-{_nested(item, indent, of_list=True)}" for item in value)
    return f"{indent}{json.dumps(value)}\n"


def _nested(item: Any, indent: str, *, of_list: bool = False) -> str:
    if isinstance(item, Mapping | list) and item:
        block = _yaml(item, indent + "  ")
        return f" {block.lstrip()}" if of_list else f"\n{block}"
    return f" {json.dumps(item, ensure_ascii=False)}\n"


if __name__ == "__main__":
    sys.stdout.write(render())
