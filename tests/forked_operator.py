"""The operator as a process that is forked from one which has imported it, for tests that start many of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.fork_server import ForkedProcess

__all__ = ["forked_operator"]

_RUN: Final = "from runops_operator.main import run; run()"
_SHIFTED: Final = """
import runpy, sys
sys.argv += {arguments}
runpy.run_module("tests.apiserver.shifted_operator", run_name="__main__")
"""


def forked_operator(
    *, environment: Mapping[str, str], log: Path, ahead: float = 0.0, speed: float = 1.0
) -> ForkedProcess:
    """Start an operator.

    Parameters
    ----------
    environment
        All of its environment.
    log
        Receives what it writes, appended.
    ahead, speed
        See `tests.apiserver.shifted_operator`.
    """
    usual = not ahead and speed == 1
    code = _RUN if usual else _SHIFTED.format(arguments=[str(ahead), str(speed)])
    return ForkedProcess(["runops_operator.main"], code, environment=environment, log=log)
