"""Values of a row as JSON, the way `to_jsonb` gives them in the database. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_NUMBERS = frozenset({"int2", "int4", "int8", "oid", "float4", "float8", "numeric"})
_DOCUMENTS = frozenset({"json", "jsonb"})
_TIMES = frozenset({"timestamp", "timestamptz"})
_ZONE = re.compile(r"(?<=[+-]\d\d)$")


def as_json(text: str | None, type_name: str) -> Any:
    """Return a value as it is in a record.

    Parameters
    ----------
    text
        As PostgreSQL writes the value with the session's time zone UTC; None for null.
    type_name
        Of its type, as in `pg_type`. Values of a type that is not known here, arrays too, stay text.
    """
    if text is None:
        return None
    if type_name == "bool":
        return text == "t"
    if type_name in _DOCUMENTS:
        return json.loads(text)
    if type_name in _NUMBERS:
        number = float(text) if re.search(r"[.eEna]", text) else int(text)
        # JSON has no such numbers, so the database writes their names.
        return number if math.isfinite(number) else text
    if type_name in _TIMES:
        whole = text.replace(" ", "T", 1)
        return _ZONE.sub(":00", whole) if type_name == "timestamptz" else whole
    return text
