"""`runops drain`: finish what runs, and claim nothing new."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from runops.drain_order import DrainOrder
from runops_cli.cluster.draining import AtWork, begin_drain, chosen_release, wait_for
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.releases import Installed
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, Namespace, Release
from runops_cli.terminal.run_command import run_async

__all__ = ["drain"]

_CONFIRM_SECONDS = 30.0
_WAIT_SECONDS = 7200.0
_LONGEST_REASON = 150


def drain(
    *,
    why: Annotated[
        str, typer.Option("--why", help="Why; it is shown wherever the drain is shown.", show_default=False)
    ] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until nothing runs any more.")] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="With --wait: wait at most so many seconds.")
    ] = _WAIT_SECONDS,
    release: Release = None,
    context: Context = None,
    namespace: Namespace = None,
) -> None:
    """Have the operator claim nothing new; videos at work run to their end. `runops undrain` ends it.

    Rows wait in the table, VideoJobs made by hand wait, cancels are served. The order survives restarts, failovers and
    Helm upgrades. The command returns when the operator has confirmed it, with --wait when nothing runs any more. After
    30 s without a confirmation, or after --timeout, the exit code is 4, and the order stands.

    Example: runops drain -n runops --why "database upgrade" --wait
    """
    if len(why) > _LONGEST_REASON:
        raise typer.BadParameter(f"Use at most {_LONGEST_REASON} characters.", param_hint="--why")
    run_async(_drain(Kubectl(context, namespace), release, why=why.strip(), wait_seconds=timeout if wait else None))


async def _drain(kubectl: Kubectl, name: str | None, *, why: str, wait_seconds: float | None) -> Exit:
    release = await chosen_release(kubectl, name)
    order = release.order
    if order is None:
        order = DrainOrder(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), by=_user(), why=why)
        await begin_drain(kubectl, release, order)
    else:
        to_stderr(f"{release.release} drains already. {order.sentence}")
    confirmed, at_work = await wait_for(
        kubectl, release, lambda there, _: there is not None and there.confirmed, seconds=_CONFIRM_SECONDS
    )
    if not confirmed:
        to_stderr(
            f"The order is written, but the operator of {release.release} has not confirmed it within "
            f"{_CONFIRM_SECONDS:.0f} s. It claims nothing once it has read it. Run the command again, or see "
            "`runops check --cluster`.",
            style="yellow",
        )
        return Exit.TIMEOUT
    to_stderr(f"{release.release} drains: nothing new is claimed. {_sentence(at_work)}", style="green")
    return Exit.OK if wait_seconds is None else await _wait(kubectl, release, seconds=wait_seconds)


async def _wait(kubectl: Kubectl, release: Installed, *, seconds: float) -> Exit:
    shown: set[AtWork] = set()

    def show(at_work: AtWork) -> None:
        if at_work not in shown:
            shown.add(at_work)
            to_stderr(_sentence(at_work))

    ended, at_work = await wait_for(
        kubectl, release, lambda there, seen: there is None or seen.running == 0, seconds=seconds, show=show
    )
    if not ended:
        to_stderr(f"After {seconds:.0f} s still: {_sentence(at_work)} The order stands.", style="yellow")
        return Exit.TIMEOUT
    if at_work.running:
        to_stderr("The drain was ended meanwhile, and rows are claimed again.", style="yellow")
        return Exit.FAILED
    to_stderr("Nothing runs any more.", style="green")
    return Exit.OK


def _sentence(at_work: AtWork) -> str:
    running = "1 video runs" if at_work.running == 1 else f"{at_work.running} videos run"
    paused = f", {at_work.paused} paused: those are not waited for" if at_work.paused else ""
    return f"{running}{paused}."


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a user without a name.
        return ""
