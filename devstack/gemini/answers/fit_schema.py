"""Fits a value into a JSON Schema: keeps what the schema knows, fills in what it requires. Pure."""

from dataclasses import dataclass
from typing import Any

import jsonschema

__all__ = ["fit", "satisfies"]

_DEPTH = 12
_TEXTS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
    "email": "someone@example.com",
}


def satisfies(value: Any, schema: dict[str, Any] | bool) -> bool:
    """Tell whether a value is valid under a schema."""
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def fit(value: Any, schema: dict[str, Any]) -> Any:
    """Return the value that satisfies the schema and keeps as much of `value` as it has room for.

    Properties the schema does not name are left out, required ones that are missing are invented. A list meets an
    object schema inside its first array property; a mapping meets an array schema as a list of key and value.

    Parameters
    ----------
    value : Any
        A JSON value; None stands for nothing known.
    schema : dict
        A schema of the accepted subset.
    """
    return _Fitting(root=schema).fit(value, schema, depth=0)


@dataclass(frozen=True)
class _Fitting:
    root: dict[str, Any]

    def _resolved(self, schema: Any) -> dict[str, Any]:
        for _ in range(_DEPTH):
            if not isinstance(schema, dict):
                return {}
            reference = schema.get("$ref")
            if reference is None:
                return schema
            schema = self.root if reference == "#" else self.root["$defs"][reference.rpartition("/")[2]]
        return {}

    def _satisfies(self, value: Any, schema: dict[str, Any]) -> bool:
        return satisfies(value, {**schema, "$defs": self.root.get("$defs", {})})

    def fit(self, value: Any, schema: Any, *, depth: int) -> Any:
        schema = self._resolved(schema)
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches:
            return self._best(value, branches, depth=depth)
        if "enum" in schema:
            return value if value in schema["enum"] else schema["enum"][0]
        match self._kind(value, schema):
            case "object":
                return self._object(value, schema, depth=depth)
            case "array":
                return self._array(value, schema, depth=depth)
            case "string":
                return self._text(value, schema)
            case "integer" | "number" as kind:
                return _number(value, schema, whole=kind == "integer")
            case "boolean":
                return value if isinstance(value, bool) else False
            case "null":
                return None
            case _:
                return "" if value is None else value

    def _kind(self, value: Any, schema: dict[str, Any]) -> str:
        kinds = schema.get("type")
        if isinstance(kinds, list):
            fitting = [kind for kind in kinds if satisfies(value, {"type": kind})]
            return str((fitting or kinds)[0])
        if kinds is None:
            return "object" if "properties" in schema else "array" if "items" in schema else ""
        return str(kinds)

    def _best(self, value: Any, branches: list[Any], *, depth: int) -> Any:
        """Prefer the branch that loses least of the value, then the earlier one."""
        if value is None and any(self._resolved(branch).get("type") == "null" for branch in branches):
            return None
        tries = [self.fit(value, branch, depth=depth + 1) for branch in branches[:_DEPTH]]
        valid = [
            result
            for result, branch in zip(tries, branches, strict=False)
            if self._satisfies(result, self._resolved(branch))
        ]
        return max(valid or tries, key=lambda result: _kept(value, result))

    def _object(self, value: Any, schema: dict[str, Any], *, depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        if properties is None:
            return value if isinstance(value, dict) else {}
        if isinstance(value, list):
            holder = next((n for n, s in properties.items() if self._resolved(s).get("type") == "array"), None)
            value = {holder: value}
        known = value if isinstance(value, dict) else {}
        required = schema.get("required", [])
        # The service writes required properties first, in the order in which they are required.
        names = [*required, *(name for name in properties if name not in required)]
        return {
            name: self.fit(known.get(name), properties.get(name, {}), depth=depth + 1)
            for name in names
            if (name in known and known[name] is not None) or (name in required and depth < _DEPTH)
        }

    def _array(self, value: Any, schema: dict[str, Any], *, depth: int) -> list[Any]:
        items = schema.get("items", {})
        if isinstance(value, dict):
            value = [{"key": key, "name": key, "value": inner} for key, inner in value.items()]
        given = value if isinstance(value, list) else [] if value is None else [value]
        least = schema.get("minItems", 0) if depth < _DEPTH else 0
        most = schema.get("maxItems", len(given))
        padded = [*given, *([None] * (least - len(given)))][: max(most, least)]
        return [self.fit(item, items, depth=depth + 1) for item in padded]

    def _text(self, value: Any, schema: dict[str, Any]) -> str:
        if value is None:
            text = _TEXTS.get(schema.get("format", ""), "not observed")
        else:
            text = value if isinstance(value, str) else str(value)
        return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), ".")


def _number(value: Any, schema: dict[str, Any], *, whole: bool) -> int | float:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
    number = max(number, schema.get("minimum", number))
    number = min(number, schema.get("maximum", number))
    return int(number) if whole else number


def _kept(value: Any, result: Any) -> float:
    """Score how much of a value is left in its conversion."""
    if isinstance(value, dict) and isinstance(result, dict):
        same = sum(1 for name, inner in result.items() if name in value and value[name] == inner)
        return same - sum(1 for name in result if name not in value) / 2
    return float(value == result)
