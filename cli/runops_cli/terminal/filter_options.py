"""The options that choose jobs, the same for every command that takes them."""

import functools
import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from runops.job_filter import JobFilter
from runops.job_row import RowStatus
from runops.row_reason import parse_reason
from runops.spans import parse_seconds, parse_since
from runops_cli.terminal.completion import complete_reason

__all__ = ["User", "with_filter"]

T = TypeVar("T")
_CHOICE = "Which jobs"

Statuses = Annotated[
    list[RowStatus] | None,
    typer.Option(
        "--status", "-s", help="Only jobs of this status; may be given several times.", rich_help_panel=_CHOICE
    ),
]
User = Annotated[
    UUID | None,
    typer.Option("--user", help="Only jobs of this uploader.", show_default=False, rich_help_panel=_CHOICE),
]
Reasons = Annotated[
    list[str] | None,
    typer.Option(
        "--reason",
        metavar="REASON",
        help="Only jobs that failed for this reason or wait for it; may be given several times.",
        autocompletion=complete_reason,
        show_default=False,
        rich_help_panel=_CHOICE,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Only jobs that this model works or worked on.",
        show_default=False,
        rich_help_panel=_CHOICE,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only jobs queued since then: 30m, 2h, 7d, 2026-11-30.",
        show_default=False,
        rich_help_panel=_CHOICE,
    ),
]
ChangedSince = Annotated[
    str | None,
    typer.Option(
        "--changed-since",
        metavar="TIME",
        help="Only jobs whose row was written since then; the last write is their end.",
        show_default=False,
        rich_help_panel=_CHOICE,
    ),
]
LongerThan = Annotated[
    str | None,
    typer.Option(
        "--longer-than",
        metavar="LENGTH",
        help="Only recordings longer than that: 90s, 10m, 1.5h.",
        show_default=False,
        rich_help_panel=_CHOICE,
    ),
]
Matching = Annotated[
    str | None,
    typer.Option(
        "--matching",
        metavar="TEXT",
        help="Only jobs whose error contains this text, in any case.",
        show_default=False,
        rich_help_panel=_CHOICE,
    ),
]


def _chosen(
    *,
    status: Statuses = None,
    reason: Reasons = None,
    user: User = None,
    model: Model = None,
    since: Since = None,
    changed_since: ChangedSince = None,
    longer_than: LongerThan = None,
    matching: Matching = None,
) -> JobFilter:
    """Return the filter that the options name.

    Raises
    ------
    typer.BadParameter
        A value cannot be read; it names the option and what to write.
    """
    now = datetime.now(UTC)
    for option, text in (("--matching", matching), ("--model", model)):
        # Of a shell's variable that is not set. Without it more jobs would be chosen than are meant.
        if text is not None and not text.strip():
            raise typer.BadParameter("It is empty. Leave it out, or give a text.", param_hint=option)
    return JobFilter(
        statuses=frozenset(one.value for one in status or ()),
        user=user,
        reasons=frozenset(_read("--reason", text, parse_reason) for text in reason or ()),
        model=model,
        since=None if since is None else _read("--since", since, lambda text: parse_since(text, now=now)),
        changed_since=None
        if changed_since is None
        else _read("--changed-since", changed_since, lambda text: parse_since(text, now=now)),
        longer_than=None if longer_than is None else _read("--longer-than", longer_than, parse_seconds),
        text=matching,
    )


def with_filter(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the options that choose jobs, in place of its parameter `chosen`: the filter they name."""
    own, options = inspect.signature(command), inspect.signature(_chosen).parameters
    parameters = [
        one for name, given in own.parameters.items() for one in (options.values() if name == "chosen" else [given])
    ]

    @functools.wraps(command)
    def filtered(**given: Any) -> None:
        chosen = _chosen(**{name: given.pop(name) for name in options})
        command(chosen=chosen, **given)

    # typer reads both.
    filtered.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    filtered.__annotations__ = {one.name: one.annotation for one in parameters}
    return filtered


def _read(option: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
