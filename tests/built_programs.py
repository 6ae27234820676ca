"""Builds the programs that tests run, from source. `python -m tests.built_programs` does so before any test starts."""

from devstack.cluster import ensure

PROGRAMS = ("helm", "helm3", "helm-docs", "helm-unittest", "kubeconform", "promtool", "kwok")


if __name__ == "__main__":
    for program in PROGRAMS:
        ensure(program)
