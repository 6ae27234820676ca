"""Which response schemas are accepted, and what JSON Schema they mean. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from devstack.gemini.wire.api_error import bad_field, invalid
from devstack.gemini.wire.read_request import snake

__all__ = ["accepted_schema"]

_JSON_SCHEMA_KEYS = frozenset(
    {
        *("$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items"),
        *("prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties"),
        *("additionalProperties", "required", "propertyOrdering"),
    }
)
_OPENAPI_NAMES = (
    *("type", "format", "title", "description", "nullable", "default", "items", "minItems", "maxItems", "enum"),
    *("properties", "propertyOrdering", "required", "minProperties", "maxProperties", "minimum", "maximum"),
    *("minLength", "maxLength", "pattern", "example", "anyOf"),
)
_OPENAPI_KEYS = {alias: name for name in _OPENAPI_NAMES for alias in (name, snake(name))}
_NO_JSON_SCHEMA = frozenset({"nullable", "propertyOrdering", "example", "default"})
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})

# Heuristics for the undocumented limit of the constraint, from what users measured.
_MAX_CUMULATIVE_ITEMS = 960
_MAX_ENUM_CHARACTERS = 3_000
_MAX_OPTIONAL_CHOICES = 2_000
_MAX_DEPTH = 24

_TOO_MANY_STATES = (
    "The specified schema produces a constraint that has too many states for serving. "
    "Typical causes are long enum lists, long array limits, above all of arrays in arrays, many optional properties "
    "and deep nesting; make the schema simpler."
)


def accepted_schema(config: dict[str, Any]) -> dict[str, Any] | None:
    """Return the JSON Schema that a `generationConfig` asks the answer to satisfy, or None.

    Raises
    ------
    ApiError
        400: both kinds of schema, a keyword outside the subset, a reference to nothing or a required cycle,
        a schema without the JSON MIME type, or one too large to serve.
    """
    openapi, json_schema = config.get("responseSchema"), config.get("responseJsonSchema")
    if openapi is not None and json_schema is not None:
        raise invalid("Only one of response_schema and response_json_schema may be set.")
    mime_type = config.get("responseMimeType", "text/plain")
    if mime_type not in {"text/plain", "application/json", "text/x.enum"}:
        raise invalid(f"Unsupported response_mime_type {mime_type!r}.")
    if openapi is None and json_schema is None:
        return None
    if mime_type == "text/plain":
        raise invalid("A response schema needs response_mime_type application/json.")
    schema: Any = json_schema
    if openapi is not None:
        try:
            schema = _from_openapi(openapi, path="generation_config.response_schema")
        except (AttributeError, TypeError, ValueError) as error:
            raise invalid("Invalid value in response_schema.") from error
    _Inspection(root=schema, keys=None if json_schema is None else _JSON_SCHEMA_KEYS).run()
    return dict(schema)


def _from_openapi(schema: Any, *, path: str) -> dict[str, Any]:
    if not isinstance(schema, dict):
        raise bad_field(field=path, message=f"Invalid value at '{path}', expected an object.")
    read: dict[str, Any] = {}
    for given, value in schema.items():
        name = _OPENAPI_KEYS.get(given)
        if name is None:
            raise bad_field(
                field=path,
                message=f"Invalid JSON payload received. Unknown name \"{given}\" at '{path}': Cannot find field.",
            )
        if name == "type":
            read[name] = str(value).lower()
        elif name == "items":
            read[name] = _from_openapi(value, path=f"{path}.items")
        elif name == "anyOf":
            read[name] = [_from_openapi(item, path=f"{path}.any_of[{n}]") for n, item in enumerate(value)]
        elif name == "properties":
            read[name] = {key: _from_openapi(item, path=f"{path}.properties[{key}]") for key, item in value.items()}
        elif name in {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}:
            read[name] = int(value)
        elif name not in _NO_JSON_SCHEMA:
            read[name] = value
    if schema.get("nullable"):
        return {"anyOf": [read, {"type": "null"}]}
    return read


@dataclass
class _Inspection:
    """One walk over a JSON Schema."""

    root: Any
    keys: frozenset[str] | None
    items: int = 0
    enum_characters: int = 0
    optional_choices: int = 0
    copies: int = 1
    seen: list[tuple[str, int]] = field(default_factory=list)

    def run(self) -> None:
        if not isinstance(self.root, dict):
            raise invalid("The response schema must be an object.")
        try:
            jsonschema.Draft202012Validator.check_schema(self.root)
        except jsonschema.SchemaError as error:
            raise invalid(f"The response schema is malformed: {error.message[:200]}") from error
        except RecursionError as error:
            raise invalid(_TOO_MANY_STATES) from error
        self._visit(self.root, path="$", depth=0, level=0, required=True)
        if (
            self.items > _MAX_CUMULATIVE_ITEMS
            or self.enum_characters > _MAX_ENUM_CHARACTERS
            or self.optional_choices > _MAX_OPTIONAL_CHOICES
        ):
            raise invalid(_TOO_MANY_STATES)

    def _visit(self, schema: Any, *, path: str, depth: int, level: int, required: bool) -> None:
        if depth > _MAX_DEPTH:
            raise invalid(_TOO_MANY_STATES)
        if isinstance(schema, bool):
            return
        if not isinstance(schema, dict):
            raise invalid(f"The response schema has no object at {path}.")
        unknown = [key for key in schema if self.keys is not None and key not in self.keys]
        if unknown:
            raise invalid(f"Unsupported keyword {unknown[0]!r} in the response schema at {path}.")
        self._check_values(schema, path=path)
        if "$ref" in schema:
            self._follow(schema["$ref"], path=path, depth=depth, level=level, required=required)
            return
        names = schema.get("required", [])
        properties = schema.get("properties", {})
        if not isinstance(names, list) or not isinstance(properties, dict):
            raise invalid(f"The response schema is malformed at {path}.")
        missing = [name for name in names if "properties" in schema and name not in properties]
        if missing:
            raise invalid(f"The response schema requires {missing[0]!r} at {path} but has no such property.")
        for name, inner in properties.items():
            needed = required and name in names
            self._visit(inner, path=f"{path}.{name}", depth=depth + 1, level=level + 1, required=needed)
        self._count_optional(len([name for name in properties if name not in names]))
        for step, inner, deeper in _optional_below(schema):
            # An array with a limit is written out: what is in it counts once for each item.
            copies = self.copies
            if step == "items":
                self.copies *= max(schema.get("maxItems", 1), 1)
            self._visit(inner, path=f"{path}.{step}", depth=depth + 1, level=level + deeper, required=False)
            self.copies = copies

    def _count_optional(self, properties: int) -> None:
        # They are written in a fixed order, and after each of them any later one may follow.
        self.optional_choices += self.copies * properties * (properties + 1) // 2

    def _check_values(self, schema: dict[str, Any], *, path: str) -> None:
        kinds = schema.get("type", [])
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if kind not in _TYPES:
                raise invalid(f"Unknown type {kind!r} in the response schema at {path}.")
        values = schema.get("enum", [])
        if values == [] and "enum" in schema:
            raise invalid(f"An enumeration in the response schema is empty, see {path}.")
        if any(not isinstance(value, str | int | float) or isinstance(value, bool) for value in values):
            raise invalid(f"Only strings and numbers may be enumerated in the response schema, see {path}.")
        self.enum_characters += sum(len(str(value)) for value in values)
        limit = schema.get("maxItems", 0)
        if not isinstance(limit, int) or limit < 0:
            raise invalid(f"maxItems must be a whole number in the response schema at {path}.")
        self.items += self.copies * limit

    def _follow(self, reference: str, *, path: str, depth: int, level: int, required: bool) -> None:
        if any(seen == reference and (required or at == level) for seen, at in self.seen):
            raise invalid(f"The response schema has a cycle at {path} that no value can end.")
        if any(seen == reference for seen, _ in self.seen):
            return
        name = reference.removeprefix("#/$defs/")
        definitions = self.root.get("$defs", {}) if isinstance(self.root, dict) else {}
        if reference != "#" and (name == reference or name not in definitions):
            raise invalid(f"The response schema refers to {reference!r} at {path}, which is not defined.")
        self.seen.append((reference, level))
        target = self.root if reference == "#" else definitions[name]
        self._visit(target, path=f"{path}->{reference}", depth=depth + 1, level=level, required=required)
        self.seen.pop()


def _optional_below(schema: dict[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Yield the schemas that a value need not use, and whether they are for something inside the value."""
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield key, schema[key], True
    for key in ("anyOf", "oneOf", "prefixItems"):
        branches = schema.get(key, [])
        yield from ((f"{key}[{number}]", inner, key == "prefixItems") for number, inner in enumerate(branches))
