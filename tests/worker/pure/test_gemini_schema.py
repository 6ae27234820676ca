"""The schema of a SOP stays within what the Gemini API accepts."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from runops_worker.sop.schema import sop_schema


def keywords(schema: Any, *, names: bool = False) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if not names:
                yield key
            yield from keywords(value, names=key == "properties" and not names)
    elif isinstance(schema, list):
        for value in schema:
            yield from keywords(value)


@pytest.mark.parametrize("with_evidence", [True, False])
def test_the_schema_holds_only_what_the_api_accepts(*, with_evidence: bool) -> None:
    schema = sop_schema(with_evidence=with_evidence)
    assert set(keywords(schema)) <= {"type", "properties", "required", "items", "enum"}
    assert '"number"' not in json.dumps(schema)
