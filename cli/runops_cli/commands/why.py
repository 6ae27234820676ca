"""`runops why`: say in one sentence what a job waits for."""

from runops.supabase.connection import Supabase
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.commands.explained_job import read_explained
from runops_cli.terminal.console import to_stdout
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, EnvFile, Job, Namespace
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["why"]


def why(job: Job, *, context: Context = None, namespace: Namespace = None, env_file: EnvFile = None) -> None:
    """Say what a job waits for, since when, until when, and what to do about it.

    The table tells most of it; with a cluster, its VideoJob and the operator tell the rest.

    Example: runops why 6f1d3a52
    """

    async def explained(supabase: Supabase) -> Exit:
        found = await read_explained(supabase, Kubectl(context, namespace), job)
        to_stdout(" ".join(found.told.in_words(found.now).split()))
        return Exit.OK

    run_with_supabase(env_file, explained)
