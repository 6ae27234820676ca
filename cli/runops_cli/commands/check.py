"""`runops check`: check everything that runops needs."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from runops.environment import Environment
from runops.supabase.probe import Finding
from runops.videojob import ModelChoice
from runops_cli.checks.cluster import ClusterChoice, check_cluster, unknown_without_cluster
from runops_cli.checks.project import PaidCheck, check_project
from runops_cli.checks.report import as_json, as_lines, as_table
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.terminal.console import STDOUT, to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import (
    DEFAULT_MODELS,
    Context,
    EnvFile,
    FallbackModels,
    Namespace,
    SopModel,
    TableFormat,
    TranscribeModel,
    model_choice,
)
from runops_cli.terminal.question import asked
from runops_cli.terminal.run_command import run_async

__all__ = ["check"]


def check(
    *,
    model: TranscribeModel = DEFAULT_MODELS.transcribe,
    sop_model: SopModel = DEFAULT_MODELS.sop,
    fallback_model: FallbackModels = [],  # noqa: B006 - typer reads it, nothing changes it
    cluster: Annotated[
        bool | None,
        typer.Option(
            "--cluster/--no-cluster",
            help="Require a cluster, or skip it. By default it is checked if kubectl has one configured.",
            show_default=False,
        ),
    ] = None,
    paid: Annotated[
        bool,
        typer.Option(
            "--paid",
            help="Also make a small paid call to each model, which proves with your key that it takes what the worker "
            "sends. The price is said first, and you are asked.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --paid: do not ask.")] = False,
    context: Context = None,
    namespace: Namespace = None,
    output: Annotated[TableFormat, typer.Option("--output", "-o", help="Output format.")] = TableFormat.TABLE,
    env_file: EnvFile = None,
) -> None:
    """Check settings, Supabase, Gemini and the cluster, and say what to fix. What it tries in the tables is undone.

    The exit code is 0 if all is well and 1 if there is a problem.

    Example: runops check

    Example: runops check --paid --model gemini-4-hydrogen

    Example: runops check --cluster --context kind-runops -n runops -o json
    """
    required = bool(cluster) or context is not None or namespace is not None
    choice = None if cluster is False else ClusterChoice(Kubectl(context, namespace), required=required)
    models = model_choice(model, sop_model, fallback_model)
    paid_check = _paid_check(models, yes=yes) if paid else None
    run_async(_check(env_file, models=models, paid=paid_check, choice=choice, output=output))


def _paid_check(models: ModelChoice, *, yes: bool) -> PaidCheck:
    # Like `runops work`, it needs the worker's libraries; the other checks do not.
    try:
        from runops_cli.checks.paid_calls import check_with_paid_calls  # noqa: PLC0415 - see above
    except ImportError as error:
        raise typer.BadParameter(
            f"--paid makes the worker's own calls, but the worker is not installed ({error.name} is missing). "
            "In a checkout: pip install '.[cli,worker]'"
        ) from error

    def consent(sentence: str) -> bool | None:
        to_stderr(sentence)
        if yes:
            return True
        return asked(lambda: typer.confirm("Make them?", err=True)) if _is_terminal() else None

    async def check_paid(environment: Environment) -> list[Finding]:
        return await check_with_paid_calls(environment, models, consent=consent)

    return check_paid


def _is_terminal() -> bool:
    return sys.stdin.isatty()


async def _check(
    env_file: Path | None,
    *,
    models: ModelChoice,
    paid: PaidCheck | None,
    choice: ClusterChoice | None,
    output: TableFormat,
) -> Exit:
    findings = await check_project(env_file, (models.transcribe, models.sop, *models.fallback), paid=paid)
    findings += unknown_without_cluster() if choice is None else await check_cluster(choice)
    _print(findings, output)
    problems = sum(1 for finding in findings if not finding.ok)
    if problems:
        to_stderr(
            f"{problems} of {len(findings)} checks found a problem; the lines after -> say what to do.", style="red"
        )
        return Exit.FAILED
    warnings = sum(1 for finding in findings if finding.warns)
    if warnings:
        to_stderr(f"All is well, with {warnings} of {len(findings)} lines to look at.", style="yellow")
        return Exit.OK
    to_stderr("All is well. `runops submit RECORDING` queues a recording.", style="green")
    return Exit.OK


def _print(findings: Sequence[Finding], output: TableFormat) -> None:
    if output is TableFormat.JSON:
        typer.echo(as_json(findings))
    elif STDOUT.is_terminal:
        STDOUT.print(as_table(findings))
    else:
        for line in as_lines(findings):
            typer.echo(line)
