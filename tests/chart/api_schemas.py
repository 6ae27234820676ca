"""JSON schemas for kubeconform, made of what an API server says of itself: it takes no other field than these."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["write_schemas"]

Schema = dict[str, Any]

_REF = "#/definitions/"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"


def write_schemas(openapi: Schema, folder: Path) -> int:
    """Write a file for each kind of the server and return how many.

    Parameters
    ----------
    openapi
        The server's `/openapi/v2`.
    folder
        Where; the names are those that kubeconform looks for.
    """
    definitions = {name: _strict(name, schema) for name, schema in openapi["definitions"].items()}
    count = 0
    for name, schema in openapi["definitions"].items():
        for kind in schema.get("x-kubernetes-group-version-kind", ()):
            group = f"{kind['group'].partition('.')[0]}-" if kind["group"] else ""
            needed = {part: definitions[part] for part in _needed(name, definitions)}
            path = folder / f"{kind['kind'].lower()}-{group}{kind['version']}.json"
            path.write_text(json.dumps({"$ref": _REF + name, "definitions": needed}), "utf-8")
            count += 1
    return count


def _strict(name: str, schema: Schema) -> Schema:
    if name == _QUANTITY:
        return {"type": ["string", "number"]}
    translated: Schema = _translated(schema)
    return translated


def _translated(schema: Any) -> Any:
    """Say in JSON Schema what Kubernetes says in OpenAPI, and refuse fields that it does not name."""
    if isinstance(schema, list):
        return [_translated(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "int-or-string":
        return {"type": ["string", "integer"]}
    result = {key: _translated(value) for key, value in schema.items() if not key.startswith("x-")}
    # Not a schema, but a field that is called so.
    if isinstance(schema.get("properties"), dict):
        result["properties"] = {key: _translated(value) for key, value in schema["properties"].items()}
        result.setdefault("additionalProperties", False)
    result.pop("format", None)
    result.pop("description", None)
    return result


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    elif isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REF)
        for value in schema.values():
            yield from _references(value)


def _needed(name: str, definitions: dict[str, Schema]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        part = waiting.pop()
        if part not in found:
            found.add(part)
            waiting.extend(_references(definitions[part]))
    return found
