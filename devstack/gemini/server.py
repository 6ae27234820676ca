"""The application: routes, the key check, errors in the form of the API, and the control routes."""

from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import TypeAdapter, ValidationError

from devstack.faults import CONTROL_PREFIX, FaultBox
from devstack.gemini.behaviour import Behaviour, CallRecord
from devstack.gemini.files.routes import FileRoutes
from devstack.gemini.files.store import FileStore
from devstack.gemini.generate.routes import REQUEST_LIMIT, ModelRoutes
from devstack.gemini.script import Script
from devstack.gemini.wire.api_error import ApiError, key_invalid, key_missing
from devstack.gemini_reading import environment

__all__ = ["application"]

_VERSION = "{version:v1|v1beta|v1alpha}"
_CALLER = "{caller:(as/[A-Za-z0-9._-]+/)?}"
_RECORDS: TypeAdapter[list[CallRecord]] = TypeAdapter(list[CallRecord])


def application(*, api_key: str, state_dir: Path) -> web.Application:
    """Return the stand-in as an aiohttp application.

    Parameters
    ----------
    api_key : str
        The only key it accepts.
    state_dir : Path
        Its own directory, see `FileStore`.
    """
    script = Script()
    files = FileStore(state_dir)
    models = ModelRoutes(files, script)
    uploads = FileRoutes(files, script)
    app = web.Application(client_max_size=REQUEST_LIMIT, middlewares=[_in_api_form, _with_key(api_key)])
    app.router.add_routes(
        [
            web.post(f"/{_CALLER}upload/{_VERSION}/files", uploads.upload),
            web.get(f"/{_CALLER}{_VERSION}/files", uploads.list),
            web.get(f"/{_CALLER}{_VERSION}/files/{{name}}", uploads.get),
            web.delete(f"/{_CALLER}{_VERSION}/files/{{name}}", uploads.delete),
            web.get(f"/{_CALLER}{_VERSION}/models", models.list),
            web.get(f"/{_CALLER}{_VERSION}/models/{{model:[^/:]+}}", models.get),
            web.post(f"/{_CALLER}{_VERSION}/models/{{model:[^/:]+}}:{{method:[A-Za-z]+}}", models.act),
        ]
    )
    _add_control(app, script=script, files=files, models=models)
    FaultBox().install(app)

    async def close(_app: web.Application) -> None:
        await files.close()

    app.on_cleanup.append(close)
    return app


@web.middleware
async def _in_api_form(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return web.json_response(error.body(), status=error.code)
    except web.HTTPException as error:
        return web.json_response(ApiError(error.status, error.reason).body(), status=error.status)


def _with_key(api_key: str) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        # The address of an upload is itself a secret: chunks carry no key.
        if request.path.startswith(CONTROL_PREFIX) or "upload_id" in request.query:
            return await handler(request)
        key = request.headers.get("x-goog-api-key") or request.query.get("key")
        if not key:
            raise key_missing()
        if key != api_key:
            raise key_invalid()
        return await handler(request)

    return check


def _add_control(app: web.Application, *, script: Script, files: FileStore, models: ModelRoutes) -> None:
    async def put_behaviour(request: web.Request) -> web.Response:
        try:
            behaviour = Behaviour.model_validate_json(await request.read())
        except ValidationError as error:
            raise web.HTTPBadRequest(reason=f"no behaviour: {error.error_count()} faults") from error
        if behaviour.reading and environment.python() is None:
            raise web.HTTPConflict(reason=environment.MISSING)
        script.load(behaviour)
        models.begin_minute()
        return web.Response(status=204)

    async def get_behaviour(_request: web.Request) -> web.Response:
        return web.json_response(text=script.left().model_dump_json())

    async def delete_behaviour(_request: web.Request) -> web.Response:
        script.load(Behaviour())
        models.begin_minute()
        return web.Response(status=204)

    async def get_calls(_request: web.Request) -> web.Response:
        return web.Response(body=_RECORDS.dump_json(list(models.calls)), content_type="application/json")

    async def delete_calls(_request: web.Request) -> web.Response:
        models.calls.clear()
        return web.Response(status=204)

    async def get_files(_request: web.Request) -> web.Response:
        return web.json_response([f"files/{name}" for name in files.names()])

    async def delete_files(_request: web.Request) -> web.Response:
        for name in files.names():
            files.delete(name)
        return web.Response(status=204)

    async def get_upload_ids(_request: web.Request) -> web.Response:
        return web.json_response(list(files.upload_ids))

    app.router.add_routes(
        [
            web.put(f"{CONTROL_PREFIX}behaviour", put_behaviour),
            web.get(f"{CONTROL_PREFIX}behaviour", get_behaviour),
            web.delete(f"{CONTROL_PREFIX}behaviour", delete_behaviour),
            web.get(f"{CONTROL_PREFIX}calls", get_calls),
            web.delete(f"{CONTROL_PREFIX}calls", delete_calls),
            web.get(f"{CONTROL_PREFIX}files", get_files),
            web.delete(f"{CONTROL_PREFIX}files", delete_files),
            web.get(f"{CONTROL_PREFIX}upload-ids", get_upload_ids),
        ]
    )
