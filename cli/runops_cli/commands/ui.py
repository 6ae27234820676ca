"""`runops ui`: serve a page of the queue."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from runops.logs import never_show
from runops.supabase.connection import Supabase
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, EnvFile, Namespace
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["ui"]

_PORT = 8765


def ui(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; others than this machine's need a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65_535, help="Port to listen on.")] = _PORT,
    allow_actions: Annotated[
        bool, typer.Option("--allow-actions", help="Also run jobs again, cancel and pause them on the page.")
    ] = False,
    token_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help="File with the token that visitors log in with."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Name under which it may be reached, beside this machine's; may be given several times."),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            help="Address or network of a proxy whose X-Forwarded-For tells visitors apart; may be given several times."
        ),
    ] = None,
    context: Context = None,
    namespace: Namespace = None,
    env_file: EnvFile = None,
) -> None:
    """Serve a page of the queue, until Ctrl-C.

    It shows what `runops list` shows and follows it: filters, failures by reason, each video's story. It only reads,
    unless --allow-actions is given. If kubectl has a cluster, pods, events, models and costs are shown as well.

    Example: runops ui

    Example: runops ui --host 0.0.0.0 --token-file token --allow-host queue.example.com
    """
    try:
        from runops_cli.cluster.raw_access import find_access  # noqa: PLC0415 - the other commands start without it
        from runops_cli.documents.ui_pictures import VideoPictures  # noqa: PLC0415 - as above
        from runops_ui.cluster.snapshot import ClusterReader  # noqa: PLC0415 - as above
        from runops_ui.security.clients import networks_of  # noqa: PLC0415 - as above
        from runops_ui.server import serve  # noqa: PLC0415 - as above
        from runops_ui.settings import UiSettings, refusal  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        to_stderr(
            f"The page needs the package {error.name}. Install runops with it: pip install 'runops-operator[cli,ui]'",
            style="red",
        )
        raise typer.Exit(Exit.USAGE) from error
    try:
        proxies = networks_of(trusted_proxy or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--trusted-proxy") from None
    settings = UiSettings(
        host=host,
        port=port,
        allow_actions=allow_actions,
        token=None if token_file is None else token_file.read_text("utf-8").strip(),
        hosts=frozenset(name.strip().casefold() for name in allow_host or []),
        trusted_proxies=proxies,
    )
    if (sentence := refusal(settings)) is not None:
        raise typer.BadParameter(sentence, param_hint="--token-file")
    if settings.token is not None:
        never_show(settings.token)

    async def served(supabase: Supabase) -> Exit:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        ended: list[int] = []

        def end(number: int) -> None:
            ended.append(number)
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end, number)
        access = await find_access(Kubectl(context, namespace))
        more = "and the cluster that kubectl has" if access is not None else "alone: kubectl has no cluster"
        may = "It may change jobs." if allow_actions else "It only reads; --allow-actions lets it change jobs."

        def ready(address: str) -> None:
            to_stderr(f"{address} shows the tables {more}. {may} Ctrl-C ends it.")

        try:
            await serve(
                settings, supabase, ClusterReader(access), taker=VideoPictures(supabase), ready=ready, stop=stop
            )
        except OSError as error:
            raise CommandFailed(
                f"The page cannot listen on {host} port {port}: {error.strerror or error}. Choose another --port.",
                Exit.USAGE,
            ) from error
        return Exit.TERMINATED if signal.SIGTERM in ended else Exit.INTERRUPTED

    run_with_supabase(env_file, served)
