"""A small API server in memory: Leases, VideoJobs and Jobs, discovery, watches, as far as the operator asks for them.

It stands in where a real one cannot be brought to fail in time: a definition that discovery does not name yet, a right
that is lost, an answer that comes late.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

import yaml
from aiohttp import web

__all__ = ["Access", "SmallApiServer"]

_GROUPS: Final = (("runops.dev", "v1alpha1"), ("batch", "v1"), ("coordination.k8s.io", "v1"))
_KINDS: Final = {
    "runops.dev": (("videojobs", "VideoJob"),),
    "batch": (("jobs", "Job"),),
    "coordination.k8s.io": (("leases", "Lease"),),
    "": (("pods", "Pod"), ("events", "Event"), ("configmaps", "ConfigMap"), ("namespaces", "Namespace")),
}
_VERBS: Final = ["create", "delete", "get", "list", "patch", "update", "watch"]


class Access:
    """What the server refuses, and how slow it is; a test changes it while the server runs.

    Attributes
    ----------
    unknown
        Resources that do not exist, such as those of a definition that was deleted.
    unnamed
        Resources that exist and that discovery does not name yet.
    forbidden
        Resources that may not be listed and watched.
    delay
        Seconds before each answer about a Lease.
    """

    def __init__(self) -> None:
        self.unknown: set[str] = set()
        self.unnamed: set[str] = set()
        self.forbidden: set[str] = set()
        self.delay = 0.0


class SmallApiServer:
    """The server; `running` starts it on loopback.

    Attributes
    ----------
    access
        See `Access`.
    requests
        Of each resource, how often it was listed and watched.
    """

    def __init__(self) -> None:
        self.access = Access()
        self.requests: dict[tuple[str, str], int] = {}
        self.url = ""
        self._versions = itertools.count(1)
        self._objects: dict[tuple[str, str], dict[str, Any]] = {}
        self._changes: dict[str, list[dict[str, Any]]] = {}
        self._changed = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        """Serve for the time of the block."""
        server = cls()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield server
        finally:
            await runner.cleanup()

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig for this server."""
        path = folder / "kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }
        path.write_text(yaml.safe_dump(config))
        return path

    async def put(self, resource: str, body: dict[str, Any]) -> None:
        """Create or replace an object, and tell the watches."""
        name = body["metadata"]["name"]
        kind = "MODIFIED" if (resource, name) in self._objects else "ADDED"
        self._store(resource, body)
        async with self._changed:
            self._changes.setdefault(resource, []).append({"type": kind, "object": body})
            self._changed.notify_all()

    def get(self, resource: str, name: str) -> dict[str, Any] | None:
        """Return an object."""
        return self._objects.get((resource, name))

    def _store(self, resource: str, body: dict[str, Any]) -> None:
        body.setdefault("metadata", {})["resourceVersion"] = str(next(self._versions))
        body["metadata"].setdefault("uid", f"uid-{body['metadata']['resourceVersion']}")
        self._objects[resource, body["metadata"]["name"]] = body

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        found = self._discovery(request.path)
        if found is not None:
            return web.json_response(found)
        parts = request.path.partition("/namespaces/")[2].split("/")[1:]
        if not parts or parts[0] in self.access.unknown:
            return _status(404, "the server could not find the requested resource")
        resource, name = parts[0], parts[1] if len(parts) > 1 else None
        if resource == "leases" and self.access.delay:
            await asyncio.sleep(self.access.delay)
        if name is not None:
            return await self._one(request, resource, name)
        if request.method == "POST":
            return self._created(resource, await request.json())
        if resource in self.access.forbidden:
            return _status(403, f'{resource} is forbidden: User "u" cannot list resource "{resource}"')
        verb = "watch" if request.query.get("watch") == "true" else "list"
        self.requests[resource, verb] = self.requests.get((resource, verb), 0) + 1
        if verb == "watch":
            return await self._watch(request, resource)
        items = [body for (kind, _), body in self._objects.items() if kind == resource]
        return web.json_response({"kind": "List", "metadata": {"resourceVersion": self._now()}, "items": items})

    def _now(self) -> str:
        return str(next(self._versions))

    def _created(self, resource: str, body: dict[str, Any]) -> web.Response:
        if (resource, body["metadata"]["name"]) in self._objects:
            return _status(409, f"{resource} already exists")
        self._store(resource, body)
        return web.json_response(body, status=201)

    async def _one(self, request: web.Request, resource: str, name: str) -> web.Response:
        there = self.get(resource, name)
        if there is None:
            return _status(404, f'{resource} "{name}" not found')
        if request.method == "GET":
            return web.json_response(there)
        body = await request.json()
        if request.method == "PUT":
            there = self.get(resource, name)
            if there is None or body["metadata"].get("resourceVersion") != there["metadata"]["resourceVersion"]:
                return _status(409, "the object has been modified; please apply your changes to the latest version")
            self._store(resource, body)
            return web.json_response(body)
        return _status(405, f"{request.method} is not served here")

    async def _watch(self, request: web.Request, resource: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        told = len(self._changes.get(resource, ()))
        try:
            async with asyncio.timeout(float(request.query.get("timeoutSeconds", 300))):
                # An API server ends the watches of a definition that is deleted.
                while resource not in self.access.unknown:
                    changes = self._changes.get(resource, [])
                    for change in changes[told:]:
                        await response.write(json.dumps(change).encode() + b"\n")
                    told = len(changes)
                    async with self._changed:
                        await self._changed.wait()
        except TimeoutError:
            """The watch ends when its time is over."""
        return response

    async def forget(self, resource: str) -> None:
        """Delete a definition: its resource is unknown from now on, and its watches end."""
        self.access.unknown.add(resource)
        async with self._changed:
            self._changed.notify_all()

    def _discovery(self, path: str) -> dict[str, Any] | None:
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            groups = [
                {"name": group, "versions": [{"version": version}], "preferredVersion": {"version": version}}
                for group, version in _GROUPS
            ]
            return {"kind": "APIGroupList", "groups": groups}
        for group, version in (*_GROUPS, ("", "v1")):
            if path == (f"/apis/{group}/{version}" if group else f"/api/{version}"):
                hidden = self.access.unknown | self.access.unnamed
                named = [(plural, kind) for plural, kind in _KINDS[group] if plural not in hidden]
                return {"kind": "APIResourceList", "resources": [_resource(*one) for one in named]}
        return None


def _resource(plural: str, kind: str) -> dict[str, Any]:
    return {
        "name": plural,
        "singularName": "",
        "kind": kind,
        "namespaced": kind != "Namespace",
        "verbs": _VERBS,
    }


def _status(code: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "code": code, "message": message}, status=code)
