"""Makes collecting thousands of tests cheap, and what follows it: each process of a whole run does both.

Collected tests and their modules live as long as the process, and no cycle of them can be freed. While they are made
the garbage collector finds nothing, and afterwards each full collection would look at all of them: 2 s of CPU. It also
looks at young objects seldom: with Python's own threshold that takes 5 % of the CPU of a simulated world.

No test checks formats with jsonschema, which would build grammars for IRIs when it is imported: 1.2 s of CPU.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator

import pytest

_YOUNG_OBJECTS = 20_000


def pytest_configure() -> None:
    """Have jsonschema find no grammars for IRIs, as where they are not installed."""
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment] # so its import fails


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without the collector, and leave what was made to itself."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS)
        gc.enable()
