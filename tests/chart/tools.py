"""The programs that look at the chart. `python -m tests.chart.tools` builds them before the tests' clocks run."""

from devstack.cluster import ensure

__all__ = ["TOOLS"]

TOOLS = ("helm", "helm3", "helm-docs", "helm-unittest", "kubeconform", "promtool")


if __name__ == "__main__":
    for tool in TOOLS:
        ensure(tool)
