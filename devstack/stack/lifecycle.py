"""Starts and stops a stack, and gives a test one for its duration."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from devstack.processes import places, programs
from devstack.processes.watchdog import watchdog
from devstack.stack import servers, state
from devstack.stack.info import StackInfo
from devstack.stack.state import StackState
from devstack.supabase import keys, postgres, postgrest, schema
from devstack.supabase.schema import SeedOptions

__all__ = ["create_user", "down", "mint_jwt", "program_states", "running_stack", "status", "up"]

_PROGRAMS = ("postgres", "postgrest", "gateway", "gemini")


def up(
    directory: Path | None = None,
    *,
    listen: str = "127.0.0.1",
    keep: bool = False,
    seed: SeedOptions = SeedOptions(),  # noqa: B008 it is immutable
    progress: Callable[[str], object] = print,
) -> StackInfo:
    """Start a stack, or return the running one. It outlives this process.

    Parameters
    ----------
    directory : Path, optional
        Directory of its state; by default that of the stack "default" in the user's state folder.
    listen : str
        Address to listen on. ``0.0.0.0`` lets pods reach it by any address of this machine.
    keep : bool
        Whether `down` leaves data and keys for the next `up`.
    seed : SeedOptions
        Shape of a new database; one that exists keeps its shape.
    progress
        Receives each step in a few words.

    Raises
    ------
    StackError
        If a part cannot be started; then nothing of the stack is left running.
    """
    directory = _resolve(directory)
    with places.locked(_lock(directory)):
        known = state.load(directory)
        if known is not None and _runs(known) and known.listen == listen:
            if known.keep != keep:
                known.keep = keep
                state.save(directory, known)
            return known.info(directory)
        if known is not None:
            _end_programs(known)
            if not known.seeded:
                _remove(directory, known)
                known = None
        postgrest.binary()
        is_new = known is None
        known = known or _new_state(directory, seed)
        known.keep, known.listen = keep, listen
        known.sockets = known.sockets if known.sockets.exists() else places.new_run_folder()
        state.save(directory, known)
        try:
            _start_programs(directory, known, progress)
        except BaseException:
            _end_programs(known)
            if is_new:
                _remove(directory, known)
            raise
        return known.info(directory)


def down(directory: Path | None = None, *, keep: bool | None = None) -> None:
    """Stop every program of a stack and remove its data, unless the data is kept. Without a stack it does nothing.

    Parameters
    ----------
    directory : Path, optional
        Of the stack; by default the stack "default".
    keep : bool, optional
        Overrides the `keep` of `up`.
    """
    directory = _resolve(directory)
    with places.locked(_lock(directory)):
        known = state.load(directory)
        if known is None:
            return
        _end_programs(known)
        if keep or (keep is None and known.keep):
            shutil.rmtree(known.sockets, ignore_errors=True)
            state.save(directory, known)
        else:
            _remove(directory, known)


def status(directory: Path | None = None) -> StackInfo | None:
    """Return the stack if all of its programs run, else None."""
    directory = _resolve(directory)
    known = state.load(directory)
    return known.info(directory) if known is not None and _runs(known) else None


def program_states(directory: Path | None = None) -> dict[str, str]:
    """Return the state of each program of a stack, for a table; empty without a stack."""
    known = state.load(_resolve(directory))
    if known is None:
        return {}
    return {
        name: f"running, pid {known.programs[name].pid}"
        if name in known.programs and programs.is_alive(known.programs[name])
        else "stopped"
        for name in _PROGRAMS
    }


@contextmanager
def running_stack(
    directory: Path,
    *,
    listen: str = "127.0.0.1",
    seed: SeedOptions = SeedOptions(),  # noqa: B008 it is immutable
) -> Iterator[StackInfo]:
    """Yield a stack for the duration of a `with` block. Its programs end with this process, however it ends.

    Parameters
    ----------
    directory : Path
        Directory of its state; empty or missing before and after.
    listen, seed
        As for `up`.

    Raises
    ------
    StackError
        If a part cannot be started.
    """
    take_down = [sys.executable, "-m", "devstack", "--directory", str(directory.resolve()), "down", "--purge"]
    with watchdog(take_down, servers.environment()):
        try:
            yield up(directory, listen=listen, seed=seed, progress=lambda _step: None)
        finally:
            down(directory, keep=False)


def mint_jwt(info: StackInfo, *, role: str, expires_in: float = keys.YEARS_10, subject: str | None = None) -> str:
    """Return a token of this stack, see `keys.role_jwt`. With a negative `expires_in` it has already expired."""
    return keys.role_jwt(info.jwt_secret, role=role, expires_in=expires_in, subject=subject)


def create_user(info: StackInfo, uuid: str) -> None:
    """Add a user to `auth.users`, as signing up would; an existing one is not changed."""
    with psycopg.connect(info.database_url) as connection:
        connection.execute("insert into auth.users (id) values (%s) on conflict do nothing", [uuid])


def _new_state(directory: Path, seed: SeedOptions) -> StackState:
    # The database user may pass through this folder but not list it; its content has its own permissions.
    directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    return StackState(seed=seed, data=postgres.data_folder(directory), sockets=places.new_run_folder())


def _start_programs(directory: Path, known: StackState, progress: Callable[[str], object]) -> None:
    logs = directory / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    progress("starting PostgreSQL")
    if not known.seeded:
        postgres.initialise(known.data, log=logs / "initdb.log")
    known.programs["postgres"] = database = postgres.start(
        known.data, sockets=known.sockets, log=logs / "postgres.log", durable=known.keep
    )
    state.save(directory, known)
    known.programs["gateway"] = gateway = servers.start_gateway(directory, known)
    known.programs["gemini"] = gemini = servers.start_gemini(directory, known)
    state.save(directory, known)
    postgres.wait_until_ready(database, sockets=known.sockets, log=logs / "postgres.log")
    if not known.seeded:
        with psycopg.connect(postgres.database_url(known.sockets)) as connection:
            connection.execute(schema.seed_sql(known.seed).encode())
        known.seeded = True
    progress("starting PostgREST and the stand-ins")
    known.programs["postgrest"] = postgrest.start(
        sockets=known.sockets, log=logs / "postgrest.log", jwt_secret=known.jwt_secret
    )
    state.save(directory, known)
    known.port = servers.wait_for_port(directory, "gateway", gateway)
    known.gemini_port = servers.wait_for_port(directory, "gemini", gemini)
    state.save(directory, known)
    servers.wait_for_rest(directory, known)
    progress(f"the stack answers at {known.info(directory).url}")


def _runs(known: StackState) -> bool:
    return all(name in known.programs and programs.is_alive(known.programs[name]) for name in _PROGRAMS)


def _end_programs(known: StackState) -> None:
    for name in reversed(_PROGRAMS):
        program = known.programs.pop(name, None)
        if program is None:
            continue
        if name == "postgres":
            postgres.stop(program)
        else:
            programs.end(program)


def _remove(directory: Path, known: StackState) -> None:
    shutil.rmtree(known.sockets, ignore_errors=True)
    shutil.rmtree(known.data, ignore_errors=True)
    for name in ("storage", "gemini", "logs", "announce"):
        shutil.rmtree(directory / name, ignore_errors=True)
    servers.gateway_settings(directory).unlink(missing_ok=True)
    state.forget(directory)
    if directory.exists() and not any(directory.iterdir()):
        directory.rmdir()


def _resolve(directory: Path | None) -> Path:
    return (directory or places.default_stack_directory()).resolve()


def _lock(directory: Path) -> Path:
    # Beside the directory, not in it: the directory may be removed while another process waits.
    return directory.with_name(f".{directory.name}.lock")
