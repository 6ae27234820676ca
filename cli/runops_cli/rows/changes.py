"""What has changed in rows since they were last printed. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from runops.job_row import RowStatus
from runops.row_summary import RowSummary
from runops.why_waiting.at_work import awaited_attempt, is_about_to_start
from runops_cli.terminal.console import one_line
from runops_cli.terminal.exit_codes import Exit, worse

__all__ = ["FollowedRows", "TableChanges", "state"]


def state(row: RowSummary) -> str:
    """Return the state of a row in a few words: its status or stage, its percentage, what it waits for, its error."""
    if row.status == RowStatus.ERROR:
        return f"{row.status}: {one_line(row.error or 'the row gives no reason')}"
    if row.status != RowStatus.PROCESSING:
        return row.status or "without a status"
    if (reason := awaited_attempt(row)) is not None:
        return f"waits for another attempt: {reason}"
    if is_about_to_start(row):
        return "processing: its worker is about to start"
    stage = (row.progress_stage or str(row.status)).replace("_", " ")
    return stage if row.progress_percent is None else f"{stage} {row.progress_percent} %"


class FollowedRows:
    """Rows that are followed until all of them have ended.

    Parameters
    ----------
    job_ids
        The rows; if there are several, each line names its row.
    """

    def __init__(self, job_ids: Iterable[UUID]) -> None:
        self._printed = dict.fromkeys(job_ids, "")
        self._several = len(self._printed) > 1
        self._last: tuple[UUID, Exit] | None = None
        self._exit_code = Exit.OK

    @property
    def open(self) -> Sequence[UUID]:
        """The rows that have not ended."""
        return list(self._printed)

    @property
    def exit_code(self) -> Exit:
        """The exit code for the rows that have ended."""
        return self._exit_code

    @property
    def next_command(self) -> str | None:
        """What to do once all have ended; None where there is nothing to do."""
        if self._last is None:
            return None
        if self._exit_code is Exit.NOT_FOUND:
            return "`runops list` shows the jobs."
        if self._several:
            return "`runops list` shows them."
        job_id, ended = self._last
        name = str(job_id)[:8]
        return f"`runops sop {name}` prints its SOP." if ended is Exit.OK else f"`runops why {name}` says what to do."

    def update(self, rows: Mapping[UUID, RowSummary]) -> list[str]:
        """Take the open rows as just read; return a line for each that changed."""
        lines: list[str] = []
        for job_id, printed in list(self._printed.items()):
            row = rows.get(job_id)
            if row is None:
                lines.append(f"The row of job {job_id} was deleted." if printed else f"There is no job {job_id}.")
                self._end(job_id, Exit.NOT_FOUND)
                continue
            now = state(row)
            if now != printed:
                lines.append(f"{job_id}  {now}" if self._several else now)
                self._printed[job_id] = now
            if row.ended:
                self._end(job_id, Exit.OK if row.status == RowStatus.COMPLETED else Exit.FAILED)
        return lines

    def _end(self, job_id: UUID, exit_code: Exit) -> None:
        del self._printed[job_id]
        self._last = (job_id, exit_code)
        self._exit_code = worse(self._exit_code, exit_code)


class TableChanges:
    """The newest rows of the table, followed without end."""

    def __init__(self) -> None:
        self._printed: dict[UUID, str] | None = None

    def update(self, newest: Sequence[RowSummary]) -> list[str]:
        """Take the rows that changed last, newest first; return a line for each change, oldest first.

        The first time, it returns a line for each row that has not ended.
        """
        changed = [row for row in reversed(newest) if self._is_new(row)]
        self._printed = {row.job_id: state(row) for row in newest}
        return [f"{row.job_id}  {state(row)}" for row in changed]

    def _is_new(self, row: RowSummary) -> bool:
        return not row.ended if self._printed is None else self._printed.get(row.job_id) != state(row)
