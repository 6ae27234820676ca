"""Writes docs/failures.md from the reason table: `python -m runops.failures_page`."""

import sys
from collections.abc import Mapping
from types import MappingProxyType

from runops.failures import TABLE, Failure, FailureClass
from runops.retry_policy import MOST_WAITS, pace

__all__ = ["page"]

_MEANING: Mapping[FailureClass, str] = MappingProxyType(
    {
        FailureClass.PERMANENT: "The same input would fail again. The row becomes `error` at once.",
        FailureClass.TRANSIENT: "An outside service was down or broken. Uses up one of `retryLimit` + 1 attempts, "
        "but none where other videos meet the same failure.",
        FailureClass.QUOTA: "The model's quota is used up. Uses up no attempt; nothing new is claimed until "
        "a call is answered.",
        FailureClass.KEY: "A key or a setting is missing or rejected. Uses up no attempt; nothing new is claimed until "
        "a video gets past it.",
        FailureClass.INFRASTRUCTURE: "The cluster removed the pod or does not run it. Uses up no attempt.",
        FailureClass.CLAIM: "The worker lost the claim on the row. It changes nothing and exits.",
    }
)
_HEAD = """\
# Why a video fails or waits

Look up a reason here: what it means, whether runops tries again, and what to do.

The reason is the same word in `status.reason` and the conditions of a VideoJob, in the worker's termination message and
in the metrics. The sentence, with the figures of the case where there are any, is in `jobs.error` and `status.message`.
This page is generated from `runops/failures.py` and `runops/retry_policy.py` by `make failures`.

## Classes

| class | what it means | pauses before the next attempt | bound |
| --- | --- | --- | --- |
"""
_NOTES = """
- Pauses double, with jitter over the upper half of each. A pause is kept in the row (`metadata.runops.not_before`), so
  it survives a restart of any process.
- Where a quota error says how long to wait, runops waits that long, but asks again after an hour at the latest.
- Each class is counted for itself: a week without a valid key leaves the bound of evictions alone.
- A failure that several videos meet one after the other, such as an overloaded model, opens a circuit breaker: nothing
  new is claimed, the videos at work wait without using up attempts, and one video at a time tries whether it is over.
  [Decision 0141](decisions/0141-circuit-breakers.md) has the rules.
- A model or a prompt that only one VideoJob names, and that does not exist, ends that VideoJob alone.
- `OutOfMemory` is an exception: the first time, the next attempt gets twice the memory; the second time, the row
  becomes `error`.
- After the last attempt the row becomes `error`, and its sentence gives the number of attempts. The recording, the
  checkpoints and the metadata stay. `runops retry JOB`, or `update jobs set status = 'queued' where job_id = '...'`,
  runs it again and repeats neither the transcode nor a paid call.

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
        bound = f"{MOST_WAITS[kind]:,} in all"
        if kind is FailureClass.TRANSIENT:
            bound = f"`retryLimit`; {bound} that use up none"
    return f"| {kind} | {_MEANING[kind]} | {pauses} | {bound} |\n"


def _reason_line(failure: Failure) -> str:
    code = "-" if failure.exit_code is None else str(failure.exit_code)
    return f"| `{failure.reason}` | {failure.sentence} | {failure.failure_class} | {code} | {failure.remedy} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
