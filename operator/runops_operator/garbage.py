"""Settings of Python's garbage collector for this program."""

import gc

__all__ = ["spare_the_collector"]

_NEW_OBJECTS = 10_000


def spare_the_collector() -> None:
    """Have it collect less often, and skip what is imported. Call it after all imports.

    Decoding one page of a listing makes 20,000 objects. By default a collection follows every 700 of them, again and
    again over 180,000 imported objects. That was half of the time of a restart, whose bound is 15 s.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
