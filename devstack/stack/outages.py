"""Outages of the real programs of a stack: the database crashes, PostgREST freezes."""

from __future__ import annotations

from devstack.processes import programs
from devstack.processes.errors import StackError
from devstack.processes.next_command import next_command
from devstack.processes.programs import Program
from devstack.stack import state
from devstack.stack.info import StackInfo
from devstack.stack.state import StackState
from devstack.supabase import postgres


def stop_postgres(info: StackInfo) -> None:
    """Stop PostgreSQL at once, as a crash would: open transactions are lost, committed ones are not."""
    postgres.stop(_program(info, "postgres"), immediate=True)


def start_postgres(info: StackInfo) -> None:
    """Start PostgreSQL again and wait until it has recovered; PostgREST reconnects by itself within seconds.

    Raises
    ------
    StackError
        If it does not come up.
    """
    known = _known(info)
    log = info.directory / "logs" / "postgres.log"
    program = postgres.start(known.data, sockets=known.sockets, log=log, durable=known.keep)
    known.programs["postgres"] = program
    state.save(info.directory, known)
    postgres.wait_until_ready(program, sockets=known.sockets, log=log)


def pause_postgrest(info: StackInfo) -> None:
    """Freeze PostgREST: requests hang until `resume_postgrest`."""
    programs.pause(_program(info, "postgrest"))


def resume_postgrest(info: StackInfo) -> None:
    """Let PostgREST go on, and answer what has waited."""
    programs.resume(_program(info, "postgrest"))


def _program(info: StackInfo, name: str) -> Program:
    return _known(info).programs[name]


def _known(info: StackInfo) -> StackState:
    known = state.load(info.directory)
    if known is None:
        start = next_command("up", directory=info.directory)
        raise StackError(f"There is no stack in {info.directory}. Start one with `{start}`.")
    return known
