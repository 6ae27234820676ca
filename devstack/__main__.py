"""The development stack from the command line: ``python -m devstack up|down|env|reading|cluster|images|demo``."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from devstack import stack
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.gemini_reading import environment
from devstack.processes import places
from devstack.processes.errors import StackError
from devstack.processes.next_command import next_command
from devstack.supabase.schema import SeedOptions


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["cluster"]:
        from devstack.cluster.command import main as cluster  # noqa: PLC0415 heavy, and only needed here

        return cluster(arguments[1:])
    if arguments[:1] == ["images"]:
        from devstack.images import main as images  # noqa: PLC0415 heavy, and only needed here

        return images(arguments[1:])
    if arguments[:1] == ["demo"]:
        from devstack.demo import main as demo  # noqa: PLC0415 it needs cluster and images

        return demo(arguments[1:])
    parsed = _parser().parse_args(arguments)
    try:
        return _COMMANDS[parsed.command](parsed)
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devstack", description="Supabase, Gemini and a cluster on one machine, for tests and demos."
    )
    parser.add_argument(
        "--directory",
        type=Path,
        help=f"where the stack keeps its state (default: {places.default_stack_directory()})",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the stack, or find the running one")
    up.add_argument("--listen", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    up.add_argument("--keep", action="store_true", help="make `down` keep data and keys for the next `up`")
    up.add_argument(
        "--old-project", action="store_true", help="create the tables of an older project: no progress columns"
    )
    up.add_argument("--realtime", action="store_true", help="publish the table jobs in Realtime")
    up.add_argument(
        "--reading",
        action="store_true",
        help="have the Gemini stand-in read letters and hear speech; installs what that needs (800 MB) the first time",
    )
    down = commands.add_parser("down", help="stop the stack; remove its data unless it is kept")
    choice = down.add_mutually_exclusive_group()
    choice.add_argument("--keep", action="store_true", default=None, help="keep data and keys for the next `up`")
    choice.add_argument("--purge", dest="keep", action="store_false", help="remove them even if `up` said --keep")
    commands.add_parser("status", help="show what runs and where")
    env = commands.add_parser("env", help="print the environment variables for programs that use the stack")
    env.add_argument("--host", default="127.0.0.1", help="this machine's address for the URLs (default: %(default)s)")
    commands.add_parser("reading", help="install what the Gemini stand-in needs to read recordings (800 MB)")
    commands.add_parser("cluster", help="the local Kubernetes cluster, see `cluster --help`")
    commands.add_parser("images", help="the container images, see `images --help`")
    commands.add_parser("demo", help="from a recording to a SOP on a cluster, see `demo --help`")
    return parser


def _up(parsed: argparse.Namespace) -> int:
    modern = not parsed.old_project
    seed = SeedOptions(progress_columns=modern, unique_sops=modern, owners=modern, realtime=parsed.realtime)
    if parsed.reading and not _reading_installed():
        return 1
    info = stack.up(parsed.directory, listen=parsed.listen, keep=parsed.keep, seed=seed)
    if parsed.reading:
        with GeminiControl(info.gemini_url) as control:
            control.behave(Behaviour(reading=True))
    print(f"Supabase stand-in  {info.url}\nGemini stand-in    {info.gemini_url}\nstate              {info.directory}")
    print(f'next: eval "$({_next(parsed, "env")})"')
    return 0


def _down(parsed: argparse.Namespace) -> int:
    stack.down(parsed.directory, keep=parsed.keep)
    return 0


def _status(parsed: argparse.Namespace) -> int:
    states = stack.program_states(parsed.directory)
    if not states:
        print(f"There is no stack. Start one with `{_next(parsed, 'up')}`.")
        return 1
    for name, word in states.items():
        print(f"{name:<12}{word}")
    info = stack.status(parsed.directory)
    if info is None:
        print(f"Not everything runs. `{_next(parsed, 'up')}` starts the rest.")
        return 1
    print(f"{'supabase':<12}{info.url}\n{'gemini':<12}{info.gemini_url}\n{'database':<12}{info.database_url}")
    return 0


def _env(parsed: argparse.Namespace) -> int:
    info = stack.status(parsed.directory)
    if info is None:
        print(f"error: no stack is running. Start one with `{_next(parsed, 'up')}`.", file=sys.stderr)
        return 1
    for name, value in info.environment(parsed.host).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _reading(parsed: argparse.Namespace) -> int:
    if not _reading_installed():
        return 1
    print(f"The Gemini stand-in can read. `{_next(parsed, 'up', '--reading')}` starts one that does.")
    return 0


def _reading_installed() -> bool:
    try:
        environment.install(print)
    except environment.ReadingUnavailableError as error:
        print(f"error: {error}", file=sys.stderr)
        return False
    return True


def _next(parsed: argparse.Namespace, *words: str) -> str:
    return next_command(*words, directory=parsed.directory)


_COMMANDS = {"reading": _reading, "up": _up, "down": _down, "status": _status, "env": _env}

if __name__ == "__main__":
    sys.exit(main())
