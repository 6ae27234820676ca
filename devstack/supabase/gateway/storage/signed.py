"""Signed URLs of Storage: a token with an expiry stands for the key."""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from devstack.supabase import keys
from devstack.supabase.gateway.settings import GatewaySettings
from devstack.supabase.gateway.storage import caller, download, errors, kept, uploading
from devstack.supabase.gateway.storage.records import check_name
from devstack.supabase.gateway.storage.store import Store
from devstack.supabase.gateway.switches import SwitchBoard

_UPLOAD_SECONDS = 2 * 3600
"""How long a signed upload URL lasts; hosted projects say two hours."""


class _Sign(BaseModel):
    seconds: int = Field(alias="expiresIn", ge=1)


class _SignMany(_Sign):
    paths: list[str]


class SignedRoutes:
    """Handlers for `/object/sign` and `/object/upload/sign`.

    Parameters
    ----------
    store : Store
        What is stored.
    settings : GatewaySettings
        Keys.
    board : SwitchBoard
        Switches.
    """

    def __init__(self, store: Store, settings: GatewaySettings, board: SwitchBoard) -> None:
        self._store = store
        self._settings = settings
        self._board = board

    async def sign(self, request: web.Request) -> web.Response:
        """Sign the download of one object."""
        wanted = _Sign.model_validate_json(await request.read())
        allowed = caller.may_read(request, self._settings)
        bucket = self._store.bucket(request.match_info["bucket"])
        if not allowed:
            raise errors.no_such_object()
        stored = self._store.get(bucket.id, request.match_info["key"])
        return web.json_response({"signedURL": self._signed(bucket.id, stored.name, wanted.seconds)})

    async def sign_many(self, request: web.Request) -> web.Response:
        """Sign the download of several objects; a missing one gets its own error."""
        wanted = _SignMany.model_validate_json(await request.read())
        allowed = caller.may_read(request, self._settings)
        bucket = self._store.bucket(request.match_info["bucket"])
        answer: list[dict[str, Any]] = []
        for path in wanted.paths:
            found = allowed and self._store.find(bucket.id, path) is not None
            answer.append(
                {
                    "path": path,
                    "signedURL": self._signed(bucket.id, path, wanted.seconds) if found else None,
                    "error": None if found else "Either the object does not exist or you do not have access to it",
                }
            )
        return web.json_response(answer)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Send the object that a token names; caches may keep it as long as the token is valid."""
        bucket, name = self._claimed(request)
        kept.by_signed_url(request, expires_at=self._claims(request).get("exp"))
        return await download.send(request, self._store, self._store.get(bucket, name))

    async def sign_upload(self, request: web.Request) -> web.Response:
        """Sign the upload of one object."""
        caller.require_service_role(request, self._settings)
        bucket = self._store.bucket(request.match_info["bucket"])
        name = check_name(request.match_info["key"])
        upsert = request.headers.get("x-upsert", "").lower() == "true"
        if not upsert and self._store.find(bucket.id, name) is not None:
            raise errors.duplicate()
        token = self._token(bucket.id, name, _UPLOAD_SECONDS, upsert=upsert)
        return web.json_response({"url": f"/object/upload/sign/{bucket.id}/{name}?token={token}", "token": token})

    async def upload(self, request: web.Request) -> web.Response:
        """Take the object a token stands for."""
        try:
            bucket_name, name = self._claimed(request)
            bucket = self._store.bucket(bucket_name)
        except errors.StorageError:
            await uploading.drain(request)
            raise
        upsert = bool(self._claims(request).get("upsert"))
        try:
            stored = await uploading.receive(request, self._store, bucket=bucket, name=name, upsert=upsert)
        except errors.StorageError:
            self._board.after_rejected_upload(request)
            raise
        return web.json_response({"Key": f"{stored.bucket}/{stored.name}"})

    def _signed(self, bucket: str, name: str, seconds: int) -> str:
        # Not percent-encoded: that is left to the client, and supabase-js would do it twice.
        return f"/object/sign/{bucket}/{name}?token={self._token(bucket, name, seconds)}"

    def _token(self, bucket: str, name: str, seconds: int, *, upsert: bool = False) -> str:
        now = int(time.time())
        claims = {"url": f"{bucket}/{name}", "upsert": upsert, "iat": now, "exp": now + seconds}
        return keys.sign_jwt(claims, self._settings.jwt_secret)

    def _claims(self, request: web.Request) -> dict[str, Any]:
        token = request.query.get("token")
        if not token:
            raise errors.missing("querystring must have required property 'token'")
        try:
            return keys.read_jwt(token, self._settings.jwt_secret)
        except keys.BadTokenError as error:
            raise errors.bad_token(str(error)) from error

    def _claimed(self, request: web.Request) -> tuple[str, str]:
        bucket, name = request.match_info["bucket"], request.match_info["key"]
        if self._claims(request).get("url") != f"{bucket}/{name}":
            raise errors.bad_signature()
        return bucket, name
