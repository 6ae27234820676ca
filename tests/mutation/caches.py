"""Empties the caches that a fork inherits: what was worked out without a mutant would be taken for its answer."""

import sys
from collections.abc import Collection, Iterator
from typing import Any

__all__ = ["clear_caches"]


def clear_caches(packages: Collection[str]) -> None:
    """Empty each `functools` cache of these packages' functions and methods, as far as they are loaded."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in packages:
            for value in _values(module, name):
                clear = getattr(getattr(value, "__func__", value), "cache_clear", None)
                if callable(clear):
                    clear()


def _values(owner: Any, module: str) -> Iterator[Any]:
    for value in list(vars(owner).values()):
        if isinstance(value, type):
            if value.__module__ == module and value is not owner:
                yield from _values(value, module)
        else:
            yield value
