"""`/storage/v1`: which part of the stand-in answers which path, and how errors leave it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pydantic
from aiohttp import web

from devstack.supabase.gateway.settings import GatewaySettings
from devstack.supabase.gateway.storage import errors, records
from devstack.supabase.gateway.storage.buckets import BucketRoutes
from devstack.supabase.gateway.storage.objects import ObjectRoutes
from devstack.supabase.gateway.storage.records import Bucket
from devstack.supabase.gateway.storage.signed import SignedRoutes
from devstack.supabase.gateway.storage.store import Store
from devstack.supabase.gateway.storage.tus import TusRoutes
from devstack.supabase.gateway.switches import SwitchBoard

PREFIX = "/storage/v1"
VIDEOS = "videos"
"""The bucket every project of the app has."""

StorageHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StorageDoor:
    """Adds Storage to the gateway.

    Parameters
    ----------
    settings : GatewaySettings
        Of this gateway.
    board : SwitchBoard
        Its switches.
    """

    def __init__(self, settings: GatewaySettings, board: SwitchBoard) -> None:
        self._store = Store(settings.storage)
        if all(bucket.id != VIDEOS for bucket in self._store.buckets()):
            stamp = records.now()
            self._store.put_bucket(Bucket(id=VIDEOS, created_at=stamp, updated_at=stamp))
        self._board = board
        self._objects = ObjectRoutes(self._store, settings, board)
        self._signed = SignedRoutes(self._store, settings, board)
        self._buckets = BucketRoutes(self._store, settings)
        self._tus = TusRoutes(self._store, settings, board)

    def install(self, app: web.Application) -> None:
        """Add the routes. The specific ones come first: an object's name may look like anything."""
        app.cleanup_ctx.append(self._open)
        key = "{bucket}/{key:.+}"
        objects, signed = self._objects, self._signed
        table: list[tuple[str, str, StorageHandler]] = [
            ("GET", "/status", _status),
            *self._buckets.table(),
            ("GET", f"/object/info/authenticated/{key}", objects.info),
            ("GET", f"/object/info/{key}", objects.info),
            ("POST", "/object/list/{bucket}", objects.list_one_level),
            ("POST", "/object/list-v2/{bucket}", objects.list_page),
            ("POST", "/object/move", objects.move),
            ("POST", "/object/copy", objects.copy),
            ("POST", f"/object/upload/sign/{key}", signed.sign_upload),
            ("PUT", f"/object/upload/sign/{key}", signed.upload),
            ("POST", f"/object/sign/{key}", signed.sign),
            ("POST", "/object/sign/{bucket}", signed.sign_many),
            ("GET", f"/object/sign/{key}", signed.download),
            ("GET", f"/object/authenticated/{key}", objects.download),
            ("GET", f"/object/public/{key}", objects.download_public),
            ("GET", f"/object/{key}", objects.download),
            ("POST", f"/object/{key}", objects.upload),
            ("PUT", f"/object/{key}", objects.upload),
            ("DELETE", "/object/{bucket}", objects.delete_many),
            ("DELETE", f"/object/{key}", objects.delete),
        ]
        for method, path, handler in table:
            if method == "GET":
                app.router.add_get(PREFIX + path, self._with_errors(handler))  # and HEAD
            else:
                app.router.add_route(method, PREFIX + path, self._with_errors(handler))
        self._tus.install(app, PREFIX)
        app.router.add_route("*", f"{PREFIX}/{{path:.*}}", self._with_errors(_no_route))

    async def _open(self, _app: web.Application) -> AsyncIterator[None]:
        yield
        self._store.close()

    def _with_errors(self, handler: StorageHandler) -> StorageHandler:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except errors.StorageError as error:
                said = error
            except pydantic.ValidationError as error:
                where = "/".join(str(part) for part in error.errors()[0]["loc"])
                said = errors.missing(f"body/{where} {error.errors()[0]['msg']}")
            if self._board.switches.old_storage_api:
                said = said.as_before(of_an_object=request.method == "GET" and "/object/" in request.path)
            return said.response(request.method)

        return answer


async def _no_route(request: web.Request) -> web.Response:
    message = f"Route {request.method}:{request.path_qs.removeprefix(PREFIX)} not found"
    return web.json_response({"message": message, "error": "Not Found", "statusCode": 404}, status=404)


async def _status(_request: web.Request) -> web.Response:
    return web.Response()
