"""Fields of a manifest that anybody may have written: what does not fit is None, nought or empty, never an error."""

import re
from collections.abc import Mapping
from typing import Any

from runops.job_row import CLAIM_PATTERN
from runops_operator.manifests.labels import CLAIM_ANNOTATION

__all__ = ["claim_of", "count_of", "object_of", "objects_of", "text_of", "version_of", "whole_of"]

_TOKEN = re.compile(CLAIM_PATTERN)


def text_of(value: Any) -> str | None:
    """Return a text; None for all else."""
    return value if isinstance(value, str) else None


def whole_of(value: Any) -> int | None:
    """Return a number that stands in an annotation, which anybody may write; None where it is none to reckon with."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value, re.ASCII) else None


def object_of(value: Any) -> Mapping[str, Any]:
    """Return an object; an empty one for all else."""
    return value if isinstance(value, Mapping) else {}


def objects_of(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; none for all else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def count_of(value: Any) -> int:
    """Return a whole number; 0 for all else."""
    return value if isinstance(value, int) else 0


def claim_of(metadata: Mapping[str, Any]) -> str | None:
    """Return the token of an object, which anybody may write there; None where it is no token."""
    text = object_of(metadata.get("annotations")).get(CLAIM_ANNOTATION)
    return text if isinstance(text, str) and _TOKEN.fullmatch(text) else None


def version_of(metadata: Mapping[str, Any]) -> int:
    """Return the resource version; those of one kind can be compared as numbers since Kubernetes 1.35."""
    text = str(metadata.get("resourceVersion", "0"))
    return int(text) if text.isdigit() else 0
