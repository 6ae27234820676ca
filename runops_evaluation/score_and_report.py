"""A whole evaluation: results, scores, the comparison with an earlier run, and the report."""

from pathlib import Path

from runops_evaluation.commands.compare import print_comparison
from runops_evaluation.commands.report import write_report
from runops_evaluation.evaluate import Confirm, RunRequest, evaluate
from runops_evaluation.running.run_record import read_run

__all__ = ["score_and_report"]

_NOTHING_BEGUN = 2


def score_and_report(request: RunRequest, *, against: Path | None, confirm: Confirm) -> int:
    """Obtain results and score them, compare them with an earlier run, write the report, and return the exit code.

    Parameters
    ----------
    request, confirm
        As for `evaluate`.
    against
        Folder of the earlier run; None for none.

    Raises
    ------
    RunUnreadable
        There is no run in `against`. It is read before anything is paid for.
    """
    if against is not None:
        read_run(against)
    code = evaluate(request, confirm=confirm)
    if code == _NOTHING_BEGUN:
        return code
    if against is not None:
        print()
        print_comparison(request.gold, against, request.out)
    write_report(request.gold, request.out, against=against)
    return code
