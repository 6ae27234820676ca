"""How this machine can confine the tool. A launcher without a tool confines itself and prints the result."""

import asyncio
import re
import sys
from dataclasses import dataclass
from typing import Final

from runops_worker.media.errors import SandboxUnavailable
from runops_worker.media.sandbox.run_tool import Allowance, start

__all__ = ["Confinement", "needs_landlock", "parse", "try_confinement"]

_OUTPUT: Final = re.compile(r"landlock=(\d+) seccomp=([01])\n")
_ALLOWANCE: Final = Allowance(seconds=20.0, memory_bytes=256 * 1024**2, file_bytes=0)


@dataclass(frozen=True, slots=True)
class Confinement:
    """How the tool is confined.

    Attributes
    ----------
    landlock
        The kernel's Landlock version; 0 for none.
    seccomp
        Whether a filter restricts its system calls.
    """

    landlock: int
    seccomp: bool

    def __str__(self) -> str:
        return ", ".join(
            (
                f"landlock {self.landlock}" if self.landlock else "no landlock",
                "seccomp" if self.seccomp else "no seccomp",
            )
        )


def parse(output: str) -> Confinement | None:
    """Parse the output of a launcher without a tool. Return None for any other text."""
    match = _OUTPUT.fullmatch(output)
    return None if match is None else Confinement(int(match[1]), match[2] == "1")


def needs_landlock(found: Confinement) -> None:
    """Raise if Landlock is missing.

    Raises
    ------
    SandboxUnavailable
        Landlock is missing.
    """
    if not found.landlock:
        raise SandboxUnavailable(
            f"This machine confines ffmpeg by {found} only, but RUNOPS_REQUIRE_LANDLOCK requires Landlock. It needs "
            "Linux 5.13 or newer with landlock among its security modules, and a container's seccomp profile that "
            "allows it."
        )


async def try_confinement() -> Confinement:
    """Start a launcher without a tool and return how it was confined.

    Raises
    ------
    SandboxUnavailable
        The launcher cannot run on this machine, or this is not Linux.
    """
    if sys.platform != "linux":
        raise SandboxUnavailable(f"Recordings can be processed on Linux only; this is {sys.platform}.")
    process = await start([], [], _ALLOWANCE)
    try:
        async with asyncio.timeout(_ALLOWANCE.seconds):
            output, errors = await process.communicate()
    except TimeoutError:
        raise SandboxUnavailable(f"The launcher of ffmpeg gave no answer within {_ALLOWANCE.seconds:.0f} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
    found = parse(output.decode("ascii", "replace"))
    if found is None:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        raise SandboxUnavailable(f"The launcher of ffmpeg cannot confine itself on this machine: {last}.")
    return found
