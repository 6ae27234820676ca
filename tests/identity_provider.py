"""An OpenID Connect provider that refreshes tokens, each refresh token once."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from devstack.cluster.configuration.certificates import Authority
from tests.network_path import TlsFront, serving_pair


@dataclass
class IdentityProvider:
    """Gives `id_token` for the refresh token that it gave last, which is `refresh-1` in the beginning."""

    url: str
    id_token: str
    refreshed: int = 0
    forms: list[Mapping[str, object]] = field(default_factory=list)

    async def _discover(self, _request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.url, "token_endpoint": f"{self.url}/token"})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.forms.append(dict(form))
        if form.get("refresh_token") != f"refresh-{self.refreshed + 1}":
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.refreshed += 1
        return web.json_response({"id_token": self.id_token, "refresh_token": f"refresh-{self.refreshed + 1}"})

    @classmethod
    @asynccontextmanager
    async def running(cls, authority: Authority, folder: Path, id_token: str) -> AsyncIterator["IdentityProvider"]:
        provider = cls("", id_token)
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", provider._discover)
        app.router.add_post("/token", provider._token)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        try:
            async with TlsFront.running(folder, serving_pair(authority), upstream="127.0.0.1", port=port) as front:
                provider.url = f"https://127.0.0.1:{front.port}"
                yield provider
        finally:
            await runner.cleanup()
