"""The state of a stack, saved in its directory so that later commands find its programs and keys."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from devstack.processes.private_files import write_private
from devstack.processes.programs import Program
from devstack.stack.info import StackInfo
from devstack.supabase import keys, postgres
from devstack.supabase.schema import SeedOptions

_FILE = "stack.json"


class StackState(BaseModel):
    """Everything that is known about a stack.

    Attributes
    ----------
    keep : bool
        Whether `down` keeps data and keys for the next `up`.
    listen : str
        Address the gateway and the Gemini stand-in listen on.
    port, gemini_port : int
        Their ports; 0 before the first start.
    seeded : bool
        Whether the database is complete; False after an interrupted first start.
    data, sockets : Path
        Folders of the database and of unix sockets.
    programs
        The running programs by name.
    """

    keep: bool = False
    listen: str = "127.0.0.1"
    port: int = 0
    gemini_port: int = 0
    seed: SeedOptions
    seeded: bool = False
    data: Path
    sockets: Path
    jwt_secret: str = Field(default_factory=keys.new_jwt_secret)
    publishable_key: str = Field(default_factory=keys.new_publishable_key)
    secret_key: str = Field(default_factory=keys.new_secret_key)
    gemini_api_key: str = Field(default_factory=lambda: f"devstack-{keys.new_jwt_secret()[:24]}")
    anon_key: str = ""
    service_role_jwt: str = ""
    programs: dict[str, Program] = Field(default_factory=dict)

    def model_post_init(self, _context: object, /) -> None:
        """Create the legacy keys once; they must not change when the state is read again."""
        self.anon_key = self.anon_key or keys.role_jwt(self.jwt_secret, role="anon")
        self.service_role_jwt = self.service_role_jwt or keys.role_jwt(self.jwt_secret, role="service_role")

    def info(self, directory: Path) -> StackInfo:
        """Return what users of the stack need."""
        return StackInfo(
            directory=directory,
            url=_url(self.listen, self.port),
            port=self.port,
            gemini_url=_url(self.listen, self.gemini_port),
            gemini_port=self.gemini_port,
            anon_key=self.anon_key,
            service_role_jwt=self.service_role_jwt,
            publishable_key=self.publishable_key,
            secret_key=self.secret_key,
            gemini_api_key=self.gemini_api_key,
            jwt_secret=self.jwt_secret,
            database_url=postgres.database_url(self.sockets),
        )


def load(directory: Path) -> StackState | None:
    """Read a stack's state; None if there is no stack.

    Raises
    ------
    pydantic.ValidationError
        If the file is not one of ours.
    """
    try:
        return StackState.model_validate_json((directory / _FILE).read_bytes())
    except FileNotFoundError:
        return None


def save(directory: Path, state: StackState) -> None:
    """Write a stack's state, whole or not at all, readable for its owner only: it holds keys."""
    write_private(directory / _FILE, state.model_dump_json(indent=2))


def forget(directory: Path) -> None:
    """Remove a stack's state."""
    (directory / _FILE).unlink(missing_ok=True)


def _url(listen: str, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(listen, listen)
    return f"http://{host}:{port}"
