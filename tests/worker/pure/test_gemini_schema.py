"""The schemas of the answers stay within what the Gemini API accepts."""

import json
from collections.abc import Iterator
from typing import Any

from runops_worker.gemini.schema import SOP_SCHEMA, TRANSCRIPT_SCHEMA


def keywords(schema: Any, *, names: bool = False) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if not names:
                yield key
            yield from keywords(value, names=key == "properties" and not names)
    elif isinstance(schema, list):
        for value in schema:
            yield from keywords(value)


def test_the_schemas_hold_only_what_the_api_accepts() -> None:
    for schema in (TRANSCRIPT_SCHEMA, SOP_SCHEMA):
        assert set(keywords(schema)) <= {"type", "properties", "required", "items", "enum"}
        assert '"number"' not in json.dumps(schema)
