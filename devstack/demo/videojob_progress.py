"""Shows a VideoJob until it has ended, like `kubectl get videojobs -w`."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devstack.operator_runs.installation import Installation, InstallationFailed

__all__ = ["follow_videojob", "progress_line", "verdict"]

_TITLES = ("NAME", "PHASE", "STAGE", "PROGRESS", "ATTEMPTS")
_WIDTHS = (42, 11, 17, 10, 8)
_READ_EVERY_SECONDS = 0.3


def follow_videojob(
    installation: Installation, job: str, *, seconds: float, show: Callable[[str], None] = print
) -> None:
    """Print the VideoJob's line whenever it changes; return when it has succeeded.

    Parameters
    ----------
    installation
        Where it is.
    job
        The job's id.
    seconds
        Deadline.
    show
        Receives each line.

    Raises
    ------
    InstallationFailed
        It failed, or did not end in time.
    """
    show(_line(_TITLES))
    deadline, last = time.monotonic() + seconds, ""
    while time.monotonic() < deadline:
        found = installation.json("get", "videojobs", "--field-selector", f"spec.jobId={job}")["items"]
        if found:
            status = found[0].get("status", {})
            if (line := progress_line(job, status)) != last:
                show(line)
                last = line
            if verdict(status):
                return
        time.sleep(_READ_EVERY_SECONDS)
    raise InstallationFailed(
        f"The VideoJob vj-{job} did not end within {seconds:.0f} s; `runops logs {job} -n {installation.namespace}` "
        "may show why."
    )


def progress_line(job: str, status: Mapping[str, Any]) -> str:
    """Return the line of a VideoJob with this status."""
    return _line([f"vj-{job}", *(str(status.get(name, "")) for name in ("phase", "stage", "progress", "attempts"))])


def verdict(status: Mapping[str, Any]) -> bool:
    """Return whether a VideoJob with this status has succeeded.

    Raises
    ------
    InstallationFailed
        It has failed.
    """
    conditions = {item["type"]: item for item in status.get("conditions", ())}
    if conditions.get("Failed", {}).get("status") == "True":
        raise InstallationFailed(f"The VideoJob failed: {conditions['Failed']['message']}")
    return bool(conditions.get("Complete", {}).get("status") == "True")


def _line(cells: Sequence[str]) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
