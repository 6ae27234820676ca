"""Builds the programs that tests run, from source. `python -m tests.built_programs` does so before any test starts."""

import sys

from devstack.cluster import ensure
from devstack.processes.errors import StackError
from tests.supabase_js.program import packages

PROGRAMS = ("helm", "helm3", "helm-docs", "helm-unittest", "kubeconform", "promtool", "kwok")


if __name__ == "__main__":
    for program in PROGRAMS:
        ensure(program)
    try:
        packages()
    except StackError as error:
        # Its test says so too, and fails in CI.
        print(error, file=sys.stderr)  # noqa: T201 - a command-line program prints
