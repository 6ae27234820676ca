"""What was read before in a clip is not read again, and what is new is."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from devstack.gemini_reading import environment

ROOT = Path(__file__).parents[2]

PAGES = """
import json
import numpy as np
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.reader.pointer import PointerTrack
from devstack.gemini_reading.reader.screens import screens_of
from devstack.gemini_reading.recording import Line

class Reader:
    asked = []
    def read(self, picture, *, left=0, top=0):
        self.asked.append([int(side) for side in picture.shape[:2]])
        return [Line(text=f"read {len(self.asked)}", box=Box(left + 14, top + 14, left + 40, top + 30))]

rng = np.random.default_rng(1)
listed = rng.integers(0, 255, (360, 640, 3), dtype=np.uint8)
opened = rng.integers(0, 255, (360, 640, 3), dtype=np.uint8)
changed = listed.copy()
changed[300:316, 500:540] ^= 0xFF
screens = screens_of([listed, opened, changed, opened], PointerTrack(), Reader())
print(json.dumps({"asked": Reader.asked, "texts": [sorted(line.text for line in one.lines) for one in screens]}))
"""


@pytest.fixture(scope="module")
def python() -> str:
    return str(environment.install(print))


def told_by(python: str, script: str) -> Any:
    done = subprocess.run(
        [python, "-c", script], cwd=ROOT, env={"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_a_page_that_comes_back_is_read_only_where_it_differs(python: str) -> None:
    told = told_by(python, PAGES)
    whole = [360, 640]
    assert told["asked"][:2] == [whole, whole]
    # The row that changed, with a margin; nothing at all where a page is the same.
    (row,) = told["asked"][2:]
    assert row[0] < 80
    assert row[1] < 120
    assert told["texts"] == [["read 1"], ["read 2"], ["read 1", "read 3"], ["read 2"]]
