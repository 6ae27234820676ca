"""Finds the VideoJobs that people name by the beginning of a job's id."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.videojobs import RESOURCE
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.job_refs import JobRef

__all__ = ["find_all_on_cluster", "find_on_cluster", "ids_of"]

_MOST_SHOWN = 5


async def find_all_on_cluster(kubectl: Kubectl, refs: Sequence[JobRef]) -> list[UUID]:
    """Return the ids of the jobs, see `find_on_cluster`."""
    return [await find_on_cluster(kubectl, ref) for ref in refs]


async def find_on_cluster(kubectl: Kubectl, ref: JobRef) -> UUID:
    """Return the id of a job. A whole id is not looked for.

    Raises
    ------
    CommandFailed
        A beginning is that of no VideoJob, or of several.
    KubectlFailed
        The VideoJobs could not be listed.
    """
    if (whole := ref.whole) is not None:
        return whole
    await kubectl.require_cluster()
    result = await kubectl.run("get", RESOURCE, "-o", "name")
    if result.code != 0:
        raise KubectlFailed(f"The VideoJobs could not be listed: {result.complaint or 'kubectl gave no reason'}.")
    found = sorted(job_id for job_id in ids_of(result.output.splitlines()) if ref.begins(job_id))
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandFailed(
            f"No VideoJob in {kubectl.place} is of a job whose id begins with {ref}. `runops list` shows the jobs.",
            Exit.NOT_FOUND,
        )
    shown = "".join(f"\n  {job_id}" for job_id in found[:_MOST_SHOWN])
    more = "\n  ..." if len(found) > _MOST_SHOWN else ""
    raise CommandFailed(
        f"Several jobs' ids begin with {ref}. Give more of the one that you mean:{shown}{more}", Exit.USAGE
    )


def ids_of(names: Iterable[str]) -> list[UUID]:
    """Return the ids of jobs in the names of their VideoJobs; other names are left out. Pure."""
    found = []
    for name in names:
        try:
            found.append(UUID(name.strip().rpartition("/vj-")[2]))
        except ValueError:
            continue
    return found
