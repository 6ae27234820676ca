"""What is nobody's video's fault and every video meets: it must use up no attempt, and no call may be paid twice."""

import json

from devstack.faults import Fault
from devstack.operator_runs.observed_tables import Database
from runops.videojob import ModelChoice

__all__ = ["MODEL_GONE", "OVERLOADED", "told_of_attempts", "used_attempts"]

_JSON = {"content-type": "application/json; charset=UTF-8"}


def _answer(path: str, *, code: int, status: str, message: str) -> Fault:
    body = json.dumps({"error": {"code": code, "message": message, "status": status}})
    return Fault(kind="status", path=path, status=code, headers=_JSON, body=body, times=None)


MODEL_GONE = _answer(
    f"/models/{ModelChoice().transcribe}",
    code=404,
    status="NOT_FOUND",
    message=f"This model models/{ModelChoice().transcribe} is no longer available. Please update your code to use a "
    "newer model for the latest features and improvements.",
)
"""As Gemini has answered since it retired gemini-2.0-flash, both to questions and where the model is looked up."""
OVERLOADED = _answer(
    "(?i):(stream)?generateContent",
    code=503,
    status="UNAVAILABLE",
    message="The model is overloaded. Please try again later.",
)
"""As Gemini answers at busy hours, for half an hour and longer; uploads go on."""


def used_attempts(database: Database, *, but_for: frozenset[str] = frozenset()) -> int:
    """Return how many attempts are counted as used in all rows.

    Parameters
    ----------
    but_for
        Rows that were to fail.
    """
    rows = database.run(
        "select job_id::text, coalesce((metadata #>> '{runops,failures}')::int, 0) from public.jobs "
        "where metadata #>> '{runops,failures}' is not null"
    )
    return sum(failures for job_id, failures in rows if job_id not in but_for)


def told_of_attempts(database: Database) -> list[str]:
    """Return a line for each row that has used attempts, with what its claim says of the last one."""
    rows = database.run(
        "select job_id::text, metadata -> 'runops' from public.jobs "
        "where coalesce((metadata #>> '{runops,failures}')::int, 0) > 0 order by job_id"
    )
    hidden = {"claim", "token", "pod"}
    return [
        f"attempts used: {job_id}: {json.dumps({name: stamp[name] for name in sorted(stamp) if name not in hidden})}"
        for job_id, stamp in rows
    ]
