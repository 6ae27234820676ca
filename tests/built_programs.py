"""Builds the programs that tests run, from source. `python -m tests.built_programs` does so before any test starts."""

import sys

from devstack.cluster import ensure
from devstack.cluster.machine.packages import ensure_packages
from devstack.cluster.model import ClusterUnavailable
from devstack.processes.errors import StackError
from tests.browser.accessibility import axe
from tests.supabase_js.program import packages

PROGRAMS = ("helm", "helm3", "helm-docs", "helm-unittest", "kubeconform", "promtool", "kwok")


if __name__ == "__main__":
    for program in PROGRAMS:
        ensure(program)
    try:
        ensure_packages(["chromium"], lambda line: print(line, file=sys.stderr))  # noqa: T201 - as below
    except ClusterUnavailable as error:
        # Its tests say so too, and fail in CI; likewise below.
        print(error, file=sys.stderr)  # noqa: T201 - a command-line program prints
    for installed in (packages, axe):
        try:
            installed()
        except StackError as error:
            print(error, file=sys.stderr)  # noqa: T201 - a command-line program prints
