"""Values that a JSON schema allows, for property tests: what a model may answer."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

__all__ = ["allowed_by"]

_KNOWN = {"type", "properties", "required", "items", "enum"}


def allowed_by(
    schema: dict[str, Any], *, texts: Sequence[str] = (), most_items: int = 4, name: str = ""
) -> st.SearchStrategy[Any]:
    """Return a strategy of all values that a schema allows.

    Only what the Gemini API accepts of JSON Schema and this project uses is known; another keyword is an error.

    Parameters
    ----------
    schema
        The schema.
    texts
        Texts that are drawn more often than others, so that ids meet.
    most_items
        Longest array.
    name
        Where the schema is, for the error.
    """
    unknown = set(schema) - _KNOWN
    assert not unknown, f"{name or 'the schema'} has unknown keywords: {sorted(unknown)}"
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_kind(kind, schema, texts, most_items, name) for kind in kinds])


def _of_kind(
    kind: str, schema: dict[str, Any], texts: Sequence[str], most_items: int, name: str
) -> st.SearchStrategy[Any]:
    match kind:
        case "object":
            parts = {
                key: allowed_by(part, texts=texts, most_items=most_items, name=f"{name}.{key}")
                for key, part in schema["properties"].items()
            }
            required = set(schema.get("required", ()))
            return st.fixed_dictionaries(
                {key: part for key, part in parts.items() if key in required},
                optional={key: part for key, part in parts.items() if key not in required},
            )
        case "array":
            item = allowed_by(schema["items"], texts=texts, most_items=most_items, name=f"{name}[]")
            return st.lists(item, max_size=most_items)
        case "string":
            return st.one_of(st.sampled_from(texts), st.text(max_size=20)) if texts else st.text(max_size=20)
        case "integer":
            return st.integers()
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            raise AssertionError(f"{name or 'the schema'} has the unknown type {kind}")
