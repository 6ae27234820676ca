"""One websocket: messages of Phoenix channels, as the service answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from devstack.supabase.gateway.realtime import frames
from devstack.supabase.gateway.realtime import token as tokens
from devstack.supabase.gateway.realtime.bindings import binding_id
from devstack.supabase.gateway.realtime.channel import SEES_ALL, TOPIC_PREFIX, Channel
from devstack.supabase.gateway.realtime.frames import BROADCAST, Frame, UserBroadcast, Version
from devstack.supabase.gateway.realtime.source import ChangeSource
from devstack.supabase.gateway.realtime.token import Token, TokenRefusedError
from devstack.supabase.gateway.switches import RealtimeMode

Message = Frame | UserBroadcast
_LAST = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


class Session:
    """A connection and its channels.

    Parameters
    ----------
    socket, request
        Of the connection.
    version
        The form of its messages.
    source
        Of the changes.
    jwt_secret, own_token
        What signs tokens here, and the one that the connection's key stands for.
    mode
        How the service behaves.
    broadcast
        Tells all connections what one of them sends to a topic.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        *,
        version: Version,
        source: ChangeSource,
        jwt_secret: str,
        own_token: str,
        mode: Callable[[], RealtimeMode],
        broadcast: Callable[[Session, Message], None],
    ) -> None:
        self._socket = socket
        self._request = request
        self._version = version
        self._source = source
        self._jwt_secret = jwt_secret
        self._own_token = own_token
        self._mode = mode
        self._broadcast = broadcast
        self._thawed = asyncio.Event()
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
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
                elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
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

    def tell(self, message: Message, *, own: bool) -> None:
        """Pass on what was sent to a topic, if this connection has joined it; its own message only if it asked."""
        known = self._channels.get(message.topic)
        if known is not None and (known[0].hears_itself or not own):
            self._outbox.put_nowait(message)

    def _answer(self, data: str | bytes) -> None:
        message = frames.read(data, self._version)
        if message is None:
            # The service logs it and goes on.
            return
        topic, event, ref = message.topic, message.event, message.ref
        if isinstance(message, UserBroadcast) or event == BROADCAST:
            self._pass_on(message)
        elif topic == "phoenix" and event == "heartbeat":
            self._reply(topic, ref, "ok")
        elif event == "phx_join":
            self._join(message)
        elif event == "phx_leave":
            self._reply(topic, ref, "ok", join_ref=message.join_ref)
            if topic in self._channels:
                self._end(topic)
        elif topic not in self._channels:
            self._reply(topic, ref, "error", {"reason": "unmatched topic"})
        elif event == "access_token":
            self._renew(topic, message.payload.get("access_token"))

    def _pass_on(self, message: Message) -> None:
        known = self._channels.get(message.topic)
        if known is None:
            self._reply(message.topic, message.ref, "error", {"reason": "unmatched topic"})
            return
        channel, _ = known
        kept = replace(message, ref=None, join_ref=None)
        self._broadcast(self, kept)
        if channel.acknowledges:
            self._reply(message.topic, message.ref, "ok", join_ref=channel.join_ref)

    def _join(self, message: Frame) -> None:
        topic, ref, payload = message.topic, message.ref, message.payload
        if not topic.startswith(TOPIC_PREFIX):
            self._reply(topic, ref, "error", {"reason": "unmatched topic"})
            return
        join_ref = message.join_ref or ref
        if topic == TOPIC_PREFIX:
            reason = "TopicNameRequired: You must provide a topic name"
            self._reply(topic, ref, "error", {"reason": reason}, join_ref=join_ref)
            return
        try:
            token = self._token(payload.get("access_token"))
        except TokenRefusedError as error:
            self._reply(topic, ref, "error", {"reason": f"{error.code}: {error}"}, join_ref=join_ref)
            return
        config = payload.get("config")
        config = config if isinstance(config, dict) else {}
        if config.get("private") is True and token.role != SEES_ALL:
            # A project without policies on realtime.messages.
            name = topic.removeprefix(TOPIC_PREFIX)
            reason = f"Unauthorized: You do not have permissions to read from this Channel topic: {name}"
            self._reply(topic, ref, "error", {"reason": reason}, join_ref=join_ref)
            return
        if topic in self._channels:
            self._end(topic)
        channel = Channel(
            topic,
            join_ref,
            config=config,
            token=token,
            source=self._source,
            send=lambda event, payload: self._put(topic, event, None, payload, join_ref=_sender(event, join_ref)),
            mode=self._mode,
        )
        bindings = [{**one, "id": binding_id(one)} for one in channel.asked]
        self._reply(topic, ref, "ok", {"postgres_changes": bindings}, join_ref=join_ref)
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
        self._put(topic, "phx_close", channel.join_ref, {}, join_ref=channel.join_ref)

    def _ended(self, topic: str, task: asyncio.Task[None]) -> None:
        """Say that a channel has ended by itself."""
        known = self._channels.get(topic)
        if known is None or known[1] is not task:
            return
        del self._channels[topic]
        failed = task.cancelled() or task.exception() is not None
        join_ref = known[0].join_ref
        self._put(topic, "phx_error" if failed else "phx_close", join_ref, {}, join_ref=join_ref)

    def _reply(
        self,
        topic: str,
        ref: str | None,
        status: str,
        response: dict[str, Any] | None = None,
        *,
        join_ref: str | None = None,
    ) -> None:
        self._put(topic, "phx_reply", ref, {"status": status, "response": response or {}}, join_ref=join_ref)

    def _put(self, topic: str, event: str, ref: str | None, payload: dict[str, Any], *, join_ref: str | None) -> None:
        self._outbox.put_nowait(Frame(topic, event, payload, ref=ref, join_ref=join_ref))

    async def _send_all(self) -> None:
        while True:
            data = frames.write(await self._outbox.get(), self._version)
            await self._while_frozen()
            if isinstance(data, bytes):
                await self._socket.send_bytes(data)
            elif data is not None:
                await self._socket.send_str(data)
            if self._mode() == "drop":
                await self.go_away()

    async def _while_frozen(self) -> None:
        while self._mode() == "frozen":
            self._thawed.clear()
            await self._thawed.wait()


def _sender(event: str, join_ref: str | None) -> str | None:
    """Return the join that a message of a channel is for: changes are told to all channels by one message."""
    return None if event == "postgres_changes" else join_ref
