"""`runops check`: look at everything that is needed, and write nothing."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from runops.environment import Environment, EnvironmentIncomplete
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.probe import Finding, inspect
from runops_cli.checks.cluster import ClusterChoice, check_cluster
from runops_cli.checks.finding import good, problem
from runops_cli.checks.models import check_models
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.terminal.console import STDOUT, plain, say
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import DEFAULT_MODELS, Context, EnvFile, Namespace, SopModel, TranscribeModel
from runops_cli.terminal.run_command import run_async
from runops_cli.terminal.settings import settings

__all__ = ["check"]

_TITLES = ("CHECK", "STATE", "FOUND, AND WHAT TO DO")


class _Form(StrEnum):
    TABLE = "table"
    JSON = "json"


def check(
    *,
    model: TranscribeModel = DEFAULT_MODELS.transcribe,
    sop_model: SopModel = DEFAULT_MODELS.sop,
    cluster: Annotated[
        bool | None,
        typer.Option(
            "--cluster/--no-cluster",
            help="Whether a cluster is needed. Without either, one is looked at where kubectl has one configured.",
            show_default=False,
        ),
    ] = None,
    context: Context = None,
    namespace: Namespace = None,
    output: Annotated[_Form, typer.Option("--output", "-o", help="How to print it.")] = _Form.TABLE,
    env_file: EnvFile = None,
) -> None:
    """Look at everything that is needed and say what to do; nothing is written anywhere.

    The exit code is 0 where all is well and 1 where something needed is wrong.

    Example: runops check

    Example: runops check --cluster --context kind-runops -n runops -o json
    """
    required = bool(cluster) or context is not None or namespace is not None
    choice = None if cluster is False else ClusterChoice(Kubectl(context, namespace), required=required)
    run_async(_check(env_file, models=(model, sop_model), choice=choice, form=output))


async def _check(env_file: Path | None, *, models: tuple[str, ...], choice: ClusterChoice | None, form: _Form) -> Exit:
    findings = await _outside(env_file, models)
    if choice is not None:
        findings += await check_cluster(choice)
    if form is _Form.JSON:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        _print_table(findings)
    wrong = sum(1 for finding in findings if not finding.ok)
    if wrong:
        say(f"{wrong} of {len(findings)} checks found something to do.", style="red")
        return Exit.FAILED
    say("All is well.", style="green")
    return Exit.OK


async def _outside(env_file: Path | None, models: tuple[str, ...]) -> list[Finding]:
    try:
        environment = settings(env_file)
    except EnvironmentIncomplete as error:
        return [
            problem("environment", str(error), "Set what is named, then check again: nothing behind it was looked at.")
        ]
    found = [good("environment", f"SUPABASE_URL is {environment.supabase_url}")]
    return [*found, *await _supabase(environment), *await check_models(environment, models)]


async def _supabase(environment: Environment) -> list[Finding]:
    async with Supabase(environment.supabase_url, environment.supabase_key) as supabase:
        try:
            return await inspect(supabase)
        except SupabaseError as error:
            return [problem("Supabase", error.message, "Check SUPABASE_URL and the key.")]


def _print_table(findings: list[Finding]) -> None:
    if not STDOUT.is_terminal:
        # What reads a pipe wants whole lines.
        for line in _lines(findings):
            typer.echo(plain(line))
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column(_TITLES[0], no_wrap=True)
    table.add_column(_TITLES[1], no_wrap=True)
    table.add_column(_TITLES[2], overflow="fold")
    for finding in findings:
        text = "\n".join(_found(finding))
        table.add_row(plain(finding.name), _state(finding), plain(text), style=None if finding.ok else "red")
    STDOUT.print(table)


def _lines(findings: list[Finding]) -> list[str]:
    width = max(len(name) for name in [_TITLES[0], *(finding.name for finding in findings)])
    lines = [f"{_TITLES[0]:<{width}}  {_TITLES[1]:<7}  {_TITLES[2]}"]
    for finding in findings:
        detail, *remedy = _found(finding)
        lines.append(f"{finding.name:<{width}}  {_state(finding):<7}  {detail}")
        lines += [f"{'':<{width}}  {'':<7}  {line}" for line in remedy]
    return lines


def _state(finding: Finding) -> str:
    return "ok" if finding.ok else "problem"


def _found(finding: Finding) -> list[str]:
    return [finding.detail] if finding.remedy is None else [finding.detail, f"-> {finding.remedy}"]
