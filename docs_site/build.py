"""Builds the site with Zensical, in an environment of its own, and fails on any warning."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from devstack.processes import npm
from docs_site.pages import CHECKOUT, written_pages

__all__ = ["SiteError", "built_site"]

_HERE: Final = Path(__file__).parent
_LOCKED: Final = CHECKOUT / "requirements" / "docs.txt"
_SECONDS: Final = 300.0
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_MERMAID: Final = "node_modules/mermaid/dist/mermaid.min.js"


class SiteError(Exception):
    """The site could not be built; the text says why."""


def built_site(target: Path, say: Callable[[str], None]) -> Path:
    """Build the site into a folder, in place of what is in it, and return the folder.

    Parameters
    ----------
    target
        The folder.
    say
        Told what is done.

    Raises
    ------
    SiteError
        A page has a fault, such as a link that leads nowhere, or a program could not be installed.
    StackError
        npm is missing, or could not install the program that draws diagrams.
    """
    with TemporaryDirectory(prefix="runops-docs-") as made:
        folder = Path(made)
        say("installing requirements/docs.txt")
        program = _zensical(folder / "environment")
        say("writing the pages")
        written_pages(folder / "pages")
        # Drawn by the reader's browser, and loaded from the site itself: it asks no other server for anything.
        packages = npm.installed(_HERE, name="docs-site", what="mermaid")
        shutil.copy(packages / _MERMAID, folder / "pages")
        shutil.copytree(_HERE / "style", folder / "pages" / "style")
        shutil.copy(_HERE / "zensical.toml", folder)
        say("building the site")
        done = _run([str(program), "build", "--strict", "--clean"], folder)
        if done.returncode != 0 or "Warning" in done.stdout + done.stderr:
            told = _COLOURS.sub("", done.stdout + done.stderr.partition("Traceback")[0])
            raise SiteError(f"Zensical has warnings or failed:\n{told}")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder / "out", target)
    return target


def _zensical(environment: Path) -> Path:
    uv, python = str(Path(sys.executable).parent / "uv"), str(environment / "bin" / "python")
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(environment)],
        [uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", str(_LOCKED)],
    ):
        done = _run(command, CHECKOUT)
        if done.returncode != 0:
            raise SiteError(f"Zensical could not be installed: {done.stderr.strip()}")
    return environment / "bin" / "zensical"


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
