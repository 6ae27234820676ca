"""Orders a release to drain, and follows what still runs, through kubectl."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runops.drain_order import END_OF_DRAIN, DrainOrder, drain_data
from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.releases import Installed, read_releases
from runops_cli.cluster.videojobs import RESOURCE
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit

__all__ = ["AtWork", "at_work_of", "begin_drain", "chosen_release", "drain_note", "end_drain", "wait_for"]

_LOOK_SECONDS = 2.0
_NOTE_SECONDS = 5.0
_ENDED = frozenset({"Succeeded", "Failed"})
_COLUMNS = (
    r'{range .items[*]}{.metadata.annotations.runops\.dev/by}{"\t"}{.metadata.annotations.runops\.dev/claim}{"\t"}'
    r'{.spec.suspend}{"\t"}{.status.phase}{"\n"}{end}'
)


@dataclass(frozen=True, slots=True)
class AtWork:
    """How many VideoJobs of a release have claimed their row and have not ended.

    Attributes
    ----------
    running
        Of these, those that come to their end.
    paused
        Of these, those that `runops pause` has stopped.
    """

    running: int
    paused: int


async def chosen_release(kubectl: Kubectl, name: str | None) -> Installed:
    """Return the release of this name, or the only one where no name is given.

    Raises
    ------
    CommandFailed
        There is none, or there are several, or its chart has no drain.
    """
    releases = await read_releases(kubectl)
    names = ", ".join(one.release for one in releases)
    found = [one for one in releases if name in {None, one.release}]
    if not releases:
        raise CommandFailed(
            f"No release of the chart is installed in {kubectl.place}. Name its namespace with -n.", Exit.NOT_FOUND
        )
    if not found:
        raise CommandFailed(f"There is no release {name} in {kubectl.place}, but: {names}.", Exit.NOT_FOUND)
    if len(found) > 1:
        raise CommandFailed(
            f"There are several releases in {kubectl.place}: {names}. Name one with --release.", Exit.USAGE
        )
    (release,) = found
    if not release.drain:
        raise CommandFailed(
            f"The release {release.release} is of a chart that cannot be drained by a command. Upgrade it, or scale "
            "its operator to 0 replicas: what runs then goes on, too, but cancels wait.",
            Exit.FAILED,
        )
    return release


async def begin_drain(kubectl: Kubectl, release: Installed, order: DrainOrder) -> None:
    """Write the order.

    Raises
    ------
    KubectlFailed
        It could not be written.
    """
    await _patch(kubectl, release, drain_data(order))


async def end_drain(kubectl: Kubectl, release: Installed) -> None:
    """Remove the order.

    Raises
    ------
    KubectlFailed
        It could not be removed.
    """
    await _patch(kubectl, release, END_OF_DRAIN)


async def wait_for(
    kubectl: Kubectl,
    release: Installed,
    is_over: Callable[[DrainOrder | None, AtWork], bool],
    *,
    seconds: float,
    show: Callable[[AtWork], None] = lambda _: None,
) -> tuple[bool, AtWork]:
    """Look at order and VideoJobs until something is the case; return whether it was in time, and what was seen last.

    Parameters
    ----------
    kubectl, release
        Where.
    is_over
        Whether it is the case.
    seconds
        The deadline.
    show
        Called with each look.

    Raises
    ------
    KubectlFailed
        The cluster could not be read.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while True:
        there = next((one for one in await read_releases(kubectl) if one.release == release.release), release)
        at_work = await _at_work(kubectl, release)
        show(at_work)
        if is_over(there.order, at_work):
            return True, at_work
        if clock() >= deadline:
            return False, at_work
        await asyncio.sleep(_LOOK_SECONDS)


async def drain_note(kubectl: Kubectl) -> str | None:
    """Return a sentence where a release in the namespace drains; None where none does, or where that is not known.

    It takes at most 5 s: most who ask use no cluster, or one that is away.
    """
    if not kubectl.installed:
        return None
    with contextlib.suppress(KubectlFailed, TimeoutError):
        async with asyncio.timeout(_NOTE_SECONDS):
            for release in await read_releases(kubectl):
                if release.order is not None:
                    return (
                        f"{release.release} drains and claims nothing until `runops undrain`. {release.order.sentence}"
                    )
    return None


def at_work_of(lines: str, is_own: Callable[[str], bool]) -> AtWork:
    """Return how many VideoJobs are at work, as kubectl prints them: holder, claim, suspend and phase. Pure."""
    running = paused = 0
    for line in lines.splitlines():
        by, claim, suspend, phase = (*line.split("\t"), "", "", "", "")[:4]
        if not claim or phase in _ENDED or (by and not is_own(by)):
            continue
        if suspend == "true":
            paused += 1
        else:
            running += 1
    return AtWork(running, paused)


async def _at_work(kubectl: Kubectl, release: Installed) -> AtWork:
    listed = await kubectl.run("get", RESOURCE, "-o", f"jsonpath={_COLUMNS}")
    if listed.code != 0:
        raise KubectlFailed(f"The VideoJobs could not be listed: {listed.complaint or 'kubectl gave no reason'}.")
    return at_work_of(listed.output, release.is_own)


async def _patch(kubectl: Kubectl, release: Installed, data: Mapping[str, str | None]) -> None:
    patch = json.dumps({"data": dict(data)})
    result = await kubectl.run("patch", "configmap", release.drain, "--type=merge", f"--patch={patch}")
    if result.code != 0:
        raise KubectlFailed(
            f"The ConfigMap {release.drain} could not be changed: {result.complaint or 'kubectl gave no reason'}. "
            "Check your rights with `kubectl auth can-i patch configmaps`; `helm upgrade` makes it where it is missing."
        )
