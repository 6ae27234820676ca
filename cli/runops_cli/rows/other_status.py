"""What `retry` and `cancel` say of a row with a status of the app, which they leave alone. Pure."""

from runops.job_row import JobRow
from runops_cli.terminal.each_job import JobResult
from runops_cli.terminal.exit_codes import Exit

__all__ = ["of_other_status"]


def of_other_status(row: JobRow) -> JobResult:
    """Return what is printed about such a row."""
    said = "it has no status" if row.status is None else f"its status is {row.status}"
    return JobResult(f"was not changed: {said}. `runops why {row.job_id}` says what to do.", Exit.FAILED)
