"""`python -m release ...`: what `make package`, `make package-check` and `make version` run, and `join`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from devstack.cluster import ClusterUnavailable
from devstack.images import ImageBuildFailed
from devstack.images.sources import CHECKOUT
from release.failure import ReleaseFailed
from release.join import join
from release.package import package, project
from release.twice import compare
from release.version import write_chart_version

__all__ = ["main"]


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _package(arguments: argparse.Namespace) -> None:
    target: Path = arguments.target
    package(target, dirty_allowed=os.environ.get("PACKAGE_DIRTY") == "1", progress=_progress)
    for path in sorted(target.iterdir()):
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {path.name}")


def _check(_: argparse.Namespace) -> None:
    for name, digest in compare(progress=_progress).items():
        print(f"{digest}  {name}")
    _progress("two clones of this commit gave the same bytes")


def _join(arguments: argparse.Namespace) -> None:
    join(arguments.folders, arguments.into)
    for path in sorted(arguments.into.iterdir()):
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {path.name}")


def _version(_: argparse.Namespace) -> None:
    version = project()[0]
    changed = write_chart_version(CHECKOUT, version)
    print(f"Chart.yaml {'now says' if changed else 'says'} {version}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 1 with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m release", description="Make a release.")
    commands = parser.add_subparsers(required=True)
    packing = commands.add_parser("package", help="fill a folder with the release of the commit that is checked out")
    packing.add_argument("target", nargs="?", type=Path, default=CHECKOUT / "dist")
    packing.set_defaults(run=_package)
    commands.add_parser("check", help="make it in two clones and compare every byte").set_defaults(run=_check)
    joining = commands.add_parser("join", help="put the images of several architectures under one tag")
    joining.add_argument("folders", nargs="+", type=Path, help="each filled on a machine of another architecture")
    joining.add_argument("--into", type=Path, required=True, help="an empty folder")
    joining.set_defaults(run=_join)
    commands.add_parser("version", help="write pyproject.toml's version into the chart").set_defaults(run=_version)
    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
    except (ReleaseFailed, ImageBuildFailed, ClusterUnavailable) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
