"""One websocket: messages of Phoenix channels, version 1.0.0 of their form, as the service answers them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from devstack.supabase.gateway.realtime import token as tokens
from devstack.supabase.gateway.realtime.bindings import binding_id
from devstack.supabase.gateway.realtime.channel import TOPIC_PREFIX, Channel
from devstack.supabase.gateway.realtime.source import ChangeSource
from devstack.supabase.gateway.realtime.token import Token, TokenRefusedError
from devstack.supabase.gateway.switches import RealtimeMode

Frame = dict[str, Any]
_LAST = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


class Session:
    """A connection and its channels.

    Parameters
    ----------
    socket, request
        Of the connection.
    source
        Of the changes.
    jwt_secret, own_token
        What signs tokens here, and the one that the connection's key stands for.
    mode
        How the service behaves.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        *,
        source: ChangeSource,
        jwt_secret: str,
        own_token: str,
        mode: Callable[[], RealtimeMode],
    ) -> None:
        self._socket = socket
        self._request = request
        self._source = source
        self._jwt_secret = jwt_secret
        self._own_token = own_token
        self._mode = mode
        self._thawed = asyncio.Event()
        self._outbox: asyncio.Queue[Frame] = asyncio.Queue()
        self._channels: dict[str, tuple[Channel, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Answer until the connection ends."""
        sender = asyncio.create_task(self._send_all())
        try:
            while True:
                message = await self._socket.receive()
                await self._while_frozen()
                if message.type is WSMsgType.PING:
                    await self._socket.pong(message.data)
                elif message.type is WSMsgType.TEXT:
                    self._answer(message.data)
                elif message.type in _LAST:
                    await self._socket.close()
                    return
        except ConnectionError:
            pass
        finally:
            tasks = [sender, *(task for _, task in self._channels.values())]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def thaw(self) -> None:
        """Look again whether answers are wanted."""
        self._thawed.set()

    def expire(self) -> None:
        """Take the tokens of all channels for expired."""
        for channel, _ in self._channels.values():
            channel.expire()

    def abort(self) -> None:
        """Break the connection, without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def go_away(self) -> None:
        """End the connection, as a server does that is restarted."""
        self._thawed.set()
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    def _answer(self, text: str) -> None:
        frame = _frame(text)
        if frame is None:
            # The service logs it and goes on.
            return
        topic, event, ref = frame["topic"], frame["event"], frame.get("ref")
        if topic == "phoenix" and event == "heartbeat":
            self._reply(topic, ref, "ok")
        elif event == "phx_join":
            self._join(topic, ref, frame["payload"])
        elif event == "phx_leave":
            self._reply(topic, ref, "ok")
            if topic in self._channels:
                self._end(topic)
        elif topic not in self._channels:
            self._reply(topic, ref, "error", {"reason": "unmatched topic"})
        elif event == "access_token":
            self._renew(topic, frame["payload"].get("access_token"))

    def _join(self, topic: str, ref: str | None, payload: Frame) -> None:
        if not topic.startswith(TOPIC_PREFIX):
            self._reply(topic, ref, "error", {"reason": "unmatched topic"})
            return
        if topic == TOPIC_PREFIX:
            self._reply(topic, ref, "error", {"reason": "TopicNameRequired: You must provide a topic name"})
            return
        try:
            token = self._token(payload.get("access_token"))
        except TokenRefusedError as error:
            self._reply(topic, ref, "error", {"reason": f"{error.code}: {error}"})
            return
        if topic in self._channels:
            self._end(topic)
        config = payload.get("config")
        asked = config.get("postgres_changes") if isinstance(config, dict) else None
        asked = [one for one in asked if isinstance(one, dict)] if isinstance(asked, list) else []
        channel = Channel(
            topic,
            ref,
            asked=asked,
            token=token,
            source=self._source,
            send=lambda event, payload: self._put(topic, event, None, payload),
            mode=self._mode,
        )
        self._reply(topic, ref, "ok", {"postgres_changes": [{**one, "id": binding_id(one)} for one in asked]})
        task = asyncio.create_task(channel.run())
        self._channels[topic] = (channel, task)
        task.add_done_callback(lambda task: self._ended(topic, task))

    def _renew(self, topic: str, text: Any) -> None:
        if not isinstance(text, str) or text.startswith("sb_"):
            return
        channel, _ = self._channels[topic]
        try:
            channel.renew(tokens.check(text, self._jwt_secret))
        except TokenRefusedError as error:
            channel.system("error", str(error), extension="system")
            self._end(topic)

    def _token(self, text: Any) -> Token:
        own = not isinstance(text, str) or text.startswith("sb_")
        return tokens.check(self._own_token if own else text, self._jwt_secret)

    def _end(self, topic: str) -> None:
        """End a channel and say so."""
        channel, task = self._channels.pop(topic)
        task.cancel()
        self._put(topic, "phx_close", channel.join_ref, {})

    def _ended(self, topic: str, task: asyncio.Task[None]) -> None:
        """Say that a channel has ended by itself."""
        known = self._channels.get(topic)
        if known is None or known[1] is not task:
            return
        del self._channels[topic]
        failed = task.cancelled() or task.exception() is not None
        self._put(topic, "phx_error" if failed else "phx_close", known[0].join_ref, {})

    def _reply(self, topic: str, ref: str | None, status: str, response: Frame | None = None) -> None:
        self._put(topic, "phx_reply", ref, {"status": status, "response": response or {}})

    def _put(self, topic: str, event: str, ref: str | None, payload: Frame) -> None:
        self._outbox.put_nowait({"ref": ref, "topic": topic, "event": event, "payload": payload})

    async def _send_all(self) -> None:
        while True:
            frame = await self._outbox.get()
            await self._while_frozen()
            await self._socket.send_json(frame)
            if self._mode() == "drop":
                await self.go_away()

    async def _while_frozen(self) -> None:
        while self._mode() == "frozen":
            self._thawed.clear()
            await self._thawed.wait()


def _frame(text: str) -> Frame | None:
    try:
        frame = json.loads(text)
    except ValueError:
        return None
    if not isinstance(frame, dict):
        return None
    named = isinstance(frame.get("topic"), str) and isinstance(frame.get("event"), str)
    return frame if named and isinstance(frame.get("payload"), dict) else None
