"""Jobs in the forms that scripts read: JSON, YAML, CSV, names. Pure."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import yaml

from runops.job_story.known_job import KnownJob
from runops.logs import redact
from runops.row_summary import RowSummary

__all__ = ["as_csv", "as_json", "as_names", "as_yaml"]


def as_json(value: Any) -> str:
    """Return anything as JSON, without keys."""
    return redact(json.dumps(value, ensure_ascii=False, indent=2))


def as_yaml(value: Any) -> str:
    """Return anything as YAML, without keys."""
    return redact(yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=10_000)).rstrip("\n")


def as_names(jobs: Sequence[KnownJob]) -> str:
    """Return the ids, one a line."""
    return "\n".join(str(job.row.job_id) for job in jobs)


def as_csv(jobs: Sequence[KnownJob]) -> str:
    """Return a line for each job and one of titles. An object within a job has a column for each of its parts."""
    rows = [_flat(job.to_json()) for job in jobs]
    out = io.StringIO()
    # Of a job of which nothing is known: an empty list has the same titles.
    writer = csv.DictWriter(out, list(_flat(_NOTHING_KNOWN.to_json())), lineterminator="\n")
    writer.writeheader()
    writer.writerows([{name: _cell(value) for name, value in row.items()} for row in rows])
    return redact(out.getvalue().rstrip("\n"))


_OBJECTS = {
    "runops": ("by", "attempt", "failures", "waits", "not_before", "reason"),
    "ends": ("earliest", "likely", "latest"),
}
_NOTHING_KNOWN = KnownJob(RowSummary(job_id=UUID(int=0)))


def _flat(job: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in job.items():
        if name in _OBJECTS:
            flat |= {f"{name}.{part}": (value or {}).get(part) for part in _OBJECTS[name]}
        else:
            flat[name] = value
    return flat


def _cell(value: Any) -> Any:
    """Return what a spreadsheet takes as a value, and not as a formula."""
    if isinstance(value, list):
        value = ",".join(map(str, value))
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value
