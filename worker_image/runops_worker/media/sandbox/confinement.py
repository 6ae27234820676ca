"""What confinement this machine gives: found out by a launcher that confines itself and says what it got."""

import asyncio
import re
import sys
from dataclasses import dataclass
from typing import Final

from runops_worker.media.errors import SandboxUnavailable
from runops_worker.media.sandbox.run_tool import Allowance, start

__all__ = ["Confinement", "needs_landlock", "parse", "try_confinement"]

_SAYS: Final = re.compile(r"landlock=(\d+) seccomp=([01])\n")
_ALLOWANCE: Final = Allowance(seconds=20.0, memory_bytes=256 * 1024**2, file_bytes=0)


@dataclass(frozen=True, slots=True)
class Confinement:
    """What the tool is confined by.

    Attributes
    ----------
    landlock
        The kernel's version of it; 0 for none.
    seccomp
        Whether its system calls are filtered.
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
    """Read what a launcher without a tool printed; None where it is not that."""
    match = _SAYS.fullmatch(output)
    return None if match is None else Confinement(int(match[1]), match[2] == "1")


def needs_landlock(found: Confinement) -> None:
    """Refuse a confinement without Landlock.

    Raises
    ------
    SandboxUnavailable
        It is without.
    """
    if not found.landlock:
        raise SandboxUnavailable(
            f"This machine confines ffmpeg by {found} only, and RUNOPS_REQUIRE_LANDLOCK asks for Landlock: "
            "Linux 5.13 or newer with landlock among its security modules, not held back by a container's seccomp "
            "profile."
        )


async def try_confinement() -> Confinement:
    """Have a launcher confine itself, and return what it got.

    Raises
    ------
    SandboxUnavailable
        The launcher does not run here, or this is not Linux.
    """
    if sys.platform != "linux":
        raise SandboxUnavailable(f"Recordings are worked on under Linux only; this is {sys.platform}.")
    process = await start([], [], _ALLOWANCE)
    try:
        async with asyncio.timeout(_ALLOWANCE.seconds):
            output, errors = await process.communicate()
    except TimeoutError:
        raise SandboxUnavailable(f"The launcher of ffmpeg said nothing for {_ALLOWANCE.seconds:.0f} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
    found = parse(output.decode("ascii", "replace"))
    if found is None:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        raise SandboxUnavailable(f"The launcher of ffmpeg cannot confine itself here: {last}.")
    return found
