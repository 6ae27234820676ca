"""Checks the settings, the Supabase project and the models."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from runops.environment import Environment, EnvironmentIncomplete, SettingMissing
from runops.supabase.errors import SupabaseError
from runops.supabase.probe import Finding, inspect
from runops_cli.checks.finding import good, problem
from runops_cli.checks.models import check_models
from runops_cli.terminal.project import open_project
from runops_cli.terminal.settings import read_settings

__all__ = ["PaidCheck", "check_project"]


PaidCheck = Callable[[Environment], Awaitable[list[Finding]]]
"""Checks the models with paid calls."""


async def check_project(
    env_file: Path | None, models: Sequence[str], *, paid: PaidCheck | None = None
) -> list[Finding]:
    """Return the findings. Nothing that it writes stays.

    Parameters
    ----------
    env_file
        The value of `--env-file`.
    models
        Names of the models.
    paid
        Checks the models with paid calls as well; None where that is not wanted.
    """
    try:
        environment = read_settings(env_file)
    except SettingMissing as error:
        remedy = "`runops init` asks for address and keys, and writes them into .env. Then check again."
        return [problem("environment", str(error), remedy)]
    except EnvironmentIncomplete as error:
        return [problem("environment", str(error), "Fix this setting, then check again: the other checks need it.")]
    found = [good("environment", f"SUPABASE_URL is {environment.supabase_url}")]
    found += [*await _supabase(environment), *await check_models(environment, models)]
    return found if paid is None else [*found, *await paid(environment)]


async def _supabase(environment: Environment) -> list[Finding]:
    async with open_project(environment) as supabase:
        try:
            return await inspect(supabase)
        except SupabaseError as error:
            return [problem("Supabase", error.message, "Check SUPABASE_URL and the key.")]
