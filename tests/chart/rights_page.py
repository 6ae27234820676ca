"""Writes docs/rights.md from the golden file of rights: `python -m tests.chart.rights_page`."""

import sys

from tests.chart.right import NeededRight, golden

__all__ = ["page"]

_HEAD = """\
# Rights

Generated from `tests/chart/rights.yaml` by `make rights`. The tests hold it to be exact: what the chart's roles give is
what stands here, each right is used by the line beside it, and with the tokens of both accounts a real API server
refuses everything else, in the namespace, in others and for the whole cluster.

"""
_OPERATOR = """\
## The operator

In the namespace of its release only; no right in the cluster. It reads no Secret: the kubelet mounts the keys.
The right to read its own Namespace, whose uid is part of its name in claims, is left out where `installation` is set.

"""
_WORKER = """
## A worker

Its token is projected into its pod, is good for an hour (the kubelet renews it) and for the API server's own audience
only, and ends with the pod that it is bound to. A role cannot say *its own VideoJob*, so that a
ValidatingAdmissionPolicy says it (`admissionPolicy.enabled`): the pod that the token is bound to must be the one in the
VideoJob's `status.workerPod`, and of the status only `stage`, `progress`, `usage`, `quality`, `stages`, `outputs`,
`resolved.prompts` and `resolved.sandbox` may change.

"""
_UI = """
## The page

Only with `ui.enabled`, in the namespace of its release. It reads no Secret either; the kubelet mounts the keys of
Supabase for it, not that of the model.

"""
_TABLE = """\
| group | resource | verb | needed by | line |
|---|---|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    rights = golden("NAMESPACE")
    return (
        _HEAD + _OPERATOR + _table(rights["operator"]) + _WORKER + _table(rights["worker"]) + _UI + _table(rights["ui"])
    )


def _table(rights: list[NeededRight]) -> str:
    return _TABLE + "".join(_row(needed) for needed in rights)


def _row(needed: NeededRight) -> str:
    right = needed.right
    resource = f"{right.resource} `{right.name}`" if right.name else right.resource
    line = needed.line.replace("|", "\\|")
    resource += f" (only with {needed.when})" if needed.when else ""
    return f"| {right.group or '(core)'} | {resource} | {right.verb} | `{needed.function}` | `{line}` |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
