"""Changes the texts inside a JSON value. Pure."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

__all__ = ["change_texts"]


def change_texts(value: Any, change: Callable[[str], str], *, keep: AbstractSet[str]) -> Any:
    """Return a JSON value with each text changed, except what is under one of the keys to keep.

    Parameters
    ----------
    value
        A JSON value; it is not changed itself.
    change
        Receives each text and returns what replaces it.
    keep
        Keys of objects whose values stay as they are.
    """
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple):
        return [change_texts(each, change, keep=keep) for each in value]
    if isinstance(value, dict):
        return {key: each if key in keep else change_texts(each, change, keep=keep) for key, each in value.items()}
    return value
