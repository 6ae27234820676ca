"""`python -m devstack images ...`: build the images, or prepare a context for a builder of one's own."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from devstack.images.building import build
from devstack.images.cache import cache_folder, exclusive
from devstack.images.failure import ImageBuildFailed
from devstack.images.recipe import WHICH, prepare

__all__ = ["main"]


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _build(arguments: argparse.Namespace) -> None:
    for which in arguments.which or WHICH:
        started = time.monotonic()
        image = build(which, progress=_progress)
        seconds = time.monotonic() - started
        _progress(f"{which}: {image.size_bytes / 1e6:.0f} MB unpacked, {seconds:.0f} s, {image.archive}")
        print(image.name)


def _context(arguments: argparse.Namespace) -> None:
    target: Path = arguments.directory
    if target.exists() and any(target.iterdir()):
        raise ImageBuildFailed(f"{target} is not empty; name an empty or a new folder.")
    folder = cache_folder()
    with exclusive(folder, progress=_progress):
        prepared = prepare(
            arguments.which, target, folder=folder, architecture=arguments.architecture, progress=_progress
        )
    flags = " ".join(f"--build-arg {key}={value}" for key, value in prepared.arguments.items())
    print(f"docker build -f {target / 'Containerfile'} {flags} {target}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 1 with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m devstack images", description="Build the container images.")
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="build one image or both; prints their names")
    # Not `choices`: argparse would check the empty list against them too.
    building.add_argument("which", nargs="*", metavar="operator|worker", help="which image; both where left out")
    building.set_defaults(run=_build)
    context = commands.add_parser("context", help="prepare a folder for docker build, and print the call")
    context.add_argument("which", choices=WHICH)
    context.add_argument("directory", type=Path)
    context.add_argument("--architecture", choices=("x86_64", "aarch64"), default=platform.machine())
    context.set_defaults(run=_context)
    arguments = parser.parse_args(argv)
    if arguments.command == "build" and (unknown := set(arguments.which) - set(WHICH)):
        parser.error(f"no image is called {', '.join(sorted(unknown))}; choose from {' and '.join(WHICH)}")
    try:
        arguments.run(arguments)
    except ImageBuildFailed as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
