"""Python's garbage collector, told what kind of program this is."""

import gc

__all__ = ["spare_the_collector"]

_NEW_OBJECTS = 10_000


def spare_the_collector() -> None:
    """Have it look at less, and less often; to be called when everything is imported.

    Decoding one page of a listing makes 20,000 objects, and every 700 it would look for cycles: again and again among
    all that was imported, 180,000 objects. With thousands of videos that was half of the time of a restart.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
