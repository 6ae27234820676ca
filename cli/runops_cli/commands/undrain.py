"""`runops undrain`: claim rows again."""

from runops_cli.cluster.draining import chosen_release, end_drain
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, Namespace, Release
from runops_cli.terminal.run_command import run_async

__all__ = ["undrain"]


def undrain(*, release: Release = None, context: Context = None, namespace: Namespace = None) -> None:
    """Have the operator claim rows again, after `runops drain`. It does so within seconds.

    Example: runops undrain -n runops
    """
    run_async(_undrain(Kubectl(context, namespace), release))


async def _undrain(kubectl: Kubectl, name: str | None) -> Exit:
    release = await chosen_release(kubectl, name)
    if release.order is None:
        to_stderr(f"{release.release} does not drain: nothing was changed.")
        return Exit.OK
    await end_drain(kubectl, release)
    to_stderr(f"{release.release} claims rows again.", style="green")
    return Exit.OK
