"""The table `auth.users`, and the passwords in it."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row

from devstack.supabase.gateway.auth.answers import User

_ANSWER_SECONDS = 10


class EmailTakenError(Exception):
    """Another user has this address."""


class Users:
    """The users of a stack.

    Parameters
    ----------
    database_url : str
        A superuser's connection.
    """

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    async def by_id(self, user_id: UUID) -> User | None:
        """Return a user, or None where there is none."""
        return await self._one("select * from auth.users where id = %s", [user_id])

    async def by_email(self, email: str) -> User | None:
        """Return the user with an address, or None where there is none."""
        return await self._one("select * from auth.users where email = %s", [email.lower()])

    async def add(self, *, email: str | None, password: str | None, metadata: dict[str, Any]) -> User:
        """Add a user; one without an address is anonymous.

        Raises
        ------
        EmailTakenError
            Another user has the address.
        """
        if email and await self.by_email(email) is not None:
            raise EmailTakenError
        values = [
            uuid4(),
            email.lower() if email else None,
            hashed(password) if password else None,
            json.dumps(metadata),
            email is None,
        ]
        added = await self._one(
            "insert into auth.users (id, email, encrypted_password, raw_user_meta_data, is_anonymous) "
            "values (%s, %s, %s, %s, %s) returning *",
            values,
        )
        assert added is not None
        return added

    async def remove(self, user_id: UUID) -> User | None:
        """Remove a user, and return who it was."""
        return await self._one("delete from auth.users where id = %s returning *", [user_id])

    async def _one(self, statement: str, values: list[Any]) -> User | None:
        async with await psycopg.AsyncConnection.connect(
            self._database_url, connect_timeout=_ANSWER_SECONDS, row_factory=dict_row
        ) as connection:
            cursor = await connection.execute(statement.encode(), values)
            row = await cursor.fetchone()
        return None if row is None else User.model_validate(row)


def hashed(password: str, *, salt: bytes | None = None) -> str:
    """Return what is kept of a password."""
    salt = salt or secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)
    return f"{salt.hex()}${digest.hex()}"


def is_password(password: str, kept: str | None) -> bool:
    """Tell whether a password is the one that was kept."""
    salt, _, _ = (kept or "").partition("$")
    return bool(salt) and hmac.compare_digest(hashed(password, salt=bytes.fromhex(salt)), kept or "")
