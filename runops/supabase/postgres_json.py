"""Makes JSON values fit PostgreSQL: its text type has no NUL character, and UTF-8 has no lone surrogates."""

from typing import Any, TypeVar

__all__ = ["postgres_json"]

_T = TypeVar("_T")


def postgres_json(value: _T) -> _T:
    """Return a JSON value without the characters that a `jsonb` or `text` column refuses.

    Parameters
    ----------
    value
        Anything `json` can write; not changed.

    Returns
    -------
    Any
        The same, with NUL characters left out and lone surrogates replaced by `?`.
    """
    cleaned: Any = _cleaned(value)
    result: _T = cleaned
    return result


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
