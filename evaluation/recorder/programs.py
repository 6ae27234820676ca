"""The programs of the system that recordings are made with."""

import shutil
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["PACKAGES", "ProgramMissingError", "require"]

PACKAGES: Final = MappingProxyType(
    {
        "Xvfb": "xvfb",
        "chromium": "chromium",
        "mousepad": "mousepad",
        "openbox": "openbox",
        "xdotool": "xdotool",
    }
)
"""Program -> the package of Debian that brings it."""
_FONTS: Final = ("fonts-dejavu-core", "fonts-liberation", "fonts-noto-core")


class ProgramMissingError(Exception):
    """Programs are missing; the text says how they are installed."""


def require(programs: Iterable[str], packages: Mapping[str, str] = PACKAGES) -> None:
    """Check that programs are there.

    Raises
    ------
    ProgramMissingError
        At least one is not.
    """
    missing = sorted({packages[program] for program in programs if shutil.which(program) is None})
    if missing:
        names = " ".join((*missing, *_FONTS))
        raise ProgramMissingError(f"Missing: {', '.join(missing)}. Install with: apt-get install {names}")
