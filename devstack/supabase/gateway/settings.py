"""Settings that the gateway reads when it starts."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class GatewaySettings(BaseModel):
    """Keys and places of one stack.

    Attributes
    ----------
    jwt_secret : str
        Signs the tokens of the stack, signed URLs included.
    anon_key, service_role_jwt : str
        Legacy keys, the tokens that newer keys stand for.
    publishable_key, secret_key : str
        Newer keys.
    postgrest_socket : Path
        Where PostgREST listens.
    database_url : str
        A superuser's connection, for the log of changes.
    storage : Path
        Folder of the stored objects and their index.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    jwt_secret: str
    anon_key: str
    service_role_jwt: str
    publishable_key: str
    secret_key: str
    postgrest_socket: Path
    database_url: str
    storage: Path
