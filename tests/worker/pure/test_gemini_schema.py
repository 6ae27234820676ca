"""The schema of a SOP stays within what the Gemini API accepts."""

import json
from collections.abc import Iterator
from typing import Any

from runops_worker.gemini.schema import SOP_SCHEMA


def keywords(schema: Any, *, names: bool = False) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if not names:
                yield key
            yield from keywords(value, names=key == "properties" and not names)
    elif isinstance(schema, list):
        for value in schema:
            yield from keywords(value)


def test_the_schema_holds_only_what_the_api_accepts() -> None:
    assert set(keywords(SOP_SCHEMA)) <= {"type", "properties", "required", "items", "enum"}
    assert '"number"' not in json.dumps(SOP_SCHEMA)
