"""Leaves out of an answer what the prompt does not ask for, as a model does. Pure."""

from typing import Any

__all__ = ["heeded"]


def heeded(value: Any, instruction: str) -> Any:
    """Return the value without the fields, at any depth, whose names are nowhere in the instruction."""
    if isinstance(value, list):
        return [heeded(one, instruction) for one in value]
    if isinstance(value, dict):
        return {name: heeded(one, instruction) for name, one in value.items() if name in instruction}
    return value
