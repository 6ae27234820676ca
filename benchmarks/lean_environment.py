"""An environment with some of the locked dependencies and nothing else.

The operator is measured in one, as in its image: the environment for development has more in it, and kopf imports some
of that where it is there, 20 MiB that no pod has.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.benchmark import Progress

__all__ = ["lean_environment"]

_ROOT = Path(__file__).parents[1]
_SECONDS = 300.0


@contextmanager
def lean_environment(name: str, progress: Progress) -> Iterator[Path]:
    """Give the folder with the programs of an environment, which is removed after the block.

    Parameters
    ----------
    name
        Of the lock file in `requirements/`; this project is installed beside what is in it.
    progress
        Told that it is made.
    """
    with TemporaryDirectory(prefix="runops-bench-venv-") as folder:
        progress(f"installing requirements/{name}.txt")
        uv, python = str(Path(sys.executable).parent / "uv"), str(Path(folder) / "bin" / "python")
        locked = str(_ROOT / "requirements" / f"{name}.txt")
        _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder)
        _run(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", locked)
        _run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "--editable", str(_ROOT))
        yield Path(folder) / "bin"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=_SECONDS)
