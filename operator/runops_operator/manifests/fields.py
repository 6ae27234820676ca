"""Fields of a manifest that anybody may have written: a value of the wrong type is None, 0 or empty, never an error."""

import re
from collections.abc import Mapping
from typing import Any

from runops.job_row import CLAIM_PATTERN
from runops_operator.manifests.labels import BY_ANNOTATION, CLAIM_ANNOTATION

__all__ = ["claim_of", "count_of", "holder_of", "object_of", "objects_of", "text_of", "version_of", "whole_of"]

_TOKEN = re.compile(CLAIM_PATTERN)
_NUMBER = re.compile(r"[0-9]{1,15}")
_VERSION = re.compile(r"[0-9]{1,30}")


def text_of(value: Any) -> str | None:
    """Return a string; None for anything else."""
    return value if isinstance(value, str) else None


def whole_of(value: Any) -> int | None:
    """Return the whole number in an annotation; None for anything else."""
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def object_of(value: Any) -> Mapping[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def objects_of(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects in a list; an empty list for anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def count_of(value: Any) -> int:
    """Return a whole number; 0 for anything else."""
    return value if isinstance(value, int) else 0


def claim_of(metadata: Mapping[str, Any]) -> str | None:
    """Return the claim token in an object's annotations; None where there is no well-formed one."""
    text = object_of(metadata.get("annotations")).get(CLAIM_ANNOTATION)
    return text if isinstance(text, str) and _TOKEN.fullmatch(text) else None


def holder_of(metadata: Mapping[str, Any]) -> str | None:
    """Return the installation that an object's annotations name; None where they name none."""
    return text_of(object_of(metadata.get("annotations")).get(BY_ANNOTATION)) or None


def version_of(metadata: Mapping[str, Any]) -> int:
    """Return the resource version as a number, which is comparable since Kubernetes 1.35; 0 where it is not one."""
    text = str(metadata.get("resourceVersion"))
    return int(text) if _VERSION.fullmatch(text) else 0
