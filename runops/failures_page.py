"""Writes docs/failures.md from the reason table: `python -m runops.failures_page`."""

import sys
from collections.abc import Mapping
from types import MappingProxyType

from runops.failures import TABLE, Failure, FailureClass
from runops.retry_policy import MOST_WAITS, pace

__all__ = ["page"]

_MEANING: Mapping[FailureClass, str] = MappingProxyType(
    {
        FailureClass.PERMANENT: "The same input fails again. The row ends in `error` at once.",
        FailureClass.TRANSIENT: "Something outside was away or broken. Uses up one of `retryLimit` + 1 attempts.",
        FailureClass.QUOTA: "The model's quota is used up. No attempt; nothing new is claimed until one gets through.",
        FailureClass.KEY: "A key or a setting is missing or rejected. No attempt; nothing new is claimed until "
        "one gets through.",
        FailureClass.INFRASTRUCTURE: "The cluster took the pod away or does not run it. No attempt.",
        FailureClass.CLAIM: "The row belongs to somebody else by now. The worker changes nothing and ends.",
    }
)
_HEAD = """\
# Why a video fails or waits

Generated from `runops/failures.py` and `runops/retry_policy.py` by `make failures`. The reason is the same word in
`status.reason` and the conditions of a VideoJob, in the worker's termination message and in the metrics; the sentence,
with the figures of the case where there are any, is in `jobs.error` and in `status.message`.

## Classes

| class | what it means | pauses before the next attempt | bound |
| --- | --- | --- | --- |
"""
_NOTES = """
Pauses double, and each is spread over its upper half so that what failed together does not come back together. A quota
that says when to come back is waited for as long as it asks, and asked again after an hour at the latest. The pause
stands in the row (`metadata.runops.not_before`), so it outlives every process. `OutOfMemory` is an exception: the first
time the next attempt gets twice the memory, the second time is the end.

After the last attempt the row is `error`, its sentence says how often it was tried, and the recording, the checkpoints
and the metadata stay: `runops retry JOB`, or `update jobs set status = 'queued' where job_id = '...'`, runs it again
and repeats neither the transcode nor a paid call.

## Reasons

| reason | sentence | class | exit code | what to do |
| --- | --- | --- | --- | --- |
"""


def page() -> str:
    """Return the page as Markdown."""
    classes = "".join(_class_line(kind) for kind in FailureClass)
    return f"{_HEAD}{classes}{_NOTES}{''.join(_reason_line(failure) for failure in TABLE.values())}"


def _class_line(kind: FailureClass) -> str:
    pauses, bound = "none", "-"
    if kind not in {FailureClass.PERMANENT, FailureClass.CLAIM}:
        pauses = f"{pace(kind).base:g} s to {pace(kind).longest:g} s"
        bound = f"{MOST_WAITS[kind]:,} in all" if kind in MOST_WAITS else "`retryLimit`"
    return f"| {kind} | {_MEANING[kind]} | {pauses} | {bound} |\n"


def _reason_line(failure: Failure) -> str:
    code = "-" if failure.exit_code is None else str(failure.exit_code)
    return f"| `{failure.reason}` | {failure.sentence} | {failure.failure_class} | {code} | {failure.remedy} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
