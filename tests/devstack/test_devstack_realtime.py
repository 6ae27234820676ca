"""The Realtime stand-in by its wire: what a client sends, what it is answered, what it is told of."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import aiohttp
import psycopg
import pytest

from devstack.stack import StackInfo, mint_jwt, start_postgres, stop_postgres
from devstack.supabase.gateway.switches import Switches, set_switches

BINDINGS = [
    {"event": "INSERT", "schema": "public", "table": "jobs", "filter": "status=eq.queued"},
    {"event": "UPDATE", "schema": "public", "table": "jobs", "filter": "status=eq.queued"},
]
TOPIC = "realtime:a-feed"
INSERT = "insert into jobs (job_id, status, metadata) values (%s, %s, %s)"
Frame = dict[str, Any]


class Wire:
    """A websocket that speaks the protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, key: str) -> None:
        self.socket = socket
        self._key = key

    async def send(self, event: str, payload: Frame, *, topic: str = TOPIC, ref: str | None = "1") -> None:
        await self.socket.send_json({"event": event, "payload": payload, "topic": topic, "ref": ref, "join_ref": ref})

    async def receive(self, seconds: float = 120.0) -> Frame:
        frame: Frame = await self.socket.receive_json(timeout=seconds)
        assert frame.keys() == {"event", "payload", "topic", "ref"}
        return frame

    async def join(self, bindings: list[Frame] | None = None, *, token: str | None = None) -> Frame:
        """Join and return the answer."""
        asked = BINDINGS if bindings is None else bindings
        await self.send("phx_join", {"config": {"postgres_changes": asked}, "access_token": token or self._key})
        return await self.receive()

    async def subscribe(self, bindings: list[Frame] | None = None) -> list[int]:
        """Join, wait until the database knows of it, and return the numbers of the bindings."""
        answer = await self.join(bindings)
        assert (await self.receive())["payload"]["message"] == "Subscribed to PostgreSQL"
        return [binding["id"] for binding in answer["payload"]["response"]["postgres_changes"]]

    async def change(self) -> Frame:
        frame = await self.receive()
        assert (frame["event"], frame["topic"], frame["ref"]) == ("postgres_changes", TOPIC, None)
        payload: Frame = frame["payload"]
        return payload

    async def silence(self, seconds: float = 0.5) -> None:
        with pytest.raises(TimeoutError):
            await self.receive(seconds)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
async def wire(stack: StackInfo, session: aiohttp.ClientSession) -> AsyncIterator[Wire]:
    async with session.ws_connect(_address(stack, stack.secret_key)) as socket:
        yield Wire(socket, stack.secret_key)


def _address(stack: StackInfo, key: str, version: str = "1.0.0") -> str:
    return f"{stack.url}/realtime/v1/websocket?apikey={key}&vsn={version}"


@pytest.mark.usefixtures("told")
async def test_the_answer_to_joining_repeats_what_was_asked_for_in_its_order(wire: Wire) -> None:
    answer = await wire.join()
    assert (answer["event"], answer["ref"], answer["payload"]["status"]) == ("phx_reply", "1", "ok")
    repeated = answer["payload"]["response"]["postgres_changes"]
    assert [{name: value for name, value in one.items() if name != "id"} for one in repeated] == BINDINGS
    assert all(isinstance(one["id"], int) for one in repeated)
    assert await wire.receive() == {
        "event": "system",
        "topic": TOPIC,
        "ref": None,
        "payload": {
            "channel": "a-feed",
            "extension": "postgres_changes",
            "message": "Subscribed to PostgreSQL",
            "status": "ok",
        },
    }


async def test_rows_that_fulfil_the_filter_are_told_and_no_others(wire: Wire, told: psycopg.Connection) -> None:
    inserts, updates = await wire.subscribe()
    first, second = uuid4(), uuid4()
    told.execute(INSERT, [first, "processing", None])
    told.execute(INSERT, [second, "queued", '{"user_id": null, "n": 1}'])
    payload = await wire.change()
    assert payload["ids"] == [inserts]
    data = payload["data"]
    assert (data["type"], data["schema"], data["table"], data["errors"]) == ("INSERT", "public", "jobs", None)
    assert data["record"]["job_id"] == str(second)
    assert data["record"]["metadata"] == {"user_id": None, "n": 1}
    assert data["record"]["error"] is None
    assert isinstance(data["record"]["id"], int)
    assert {"name": "metadata", "type": "jsonb"} in data["columns"]
    assert data["commit_timestamp"].endswith("Z")
    told.execute("update jobs set status = 'queued' where job_id = %s", [first])
    payload = await wire.change()
    assert (payload["ids"], payload["data"]["type"]) == ([updates], "UPDATE")
    assert payload["data"]["old_record"] == {"id": payload["data"]["record"]["id"]}
    told.execute("update jobs set status = 'error'")
    await wire.silence()


async def test_the_record_is_what_the_database_would_write_as_json(wire: Wire, told: psycopg.Connection) -> None:
    await wire.subscribe()
    told.execute(INSERT, [uuid4(), "queued", '{"deep": {"list": [1, 2.5, "x", true, null]}}'])
    record = (await wire.change())["data"]["record"]
    assert told.execute("select to_jsonb(jobs) from jobs").fetchone() == (record,)


async def test_a_deleted_row_is_told_by_its_key_whatever_the_filter_says(wire: Wire, told: psycopg.Connection) -> None:
    (number,) = await wire.subscribe([{**BINDINGS[0], "event": "DELETE"}])
    told.execute(INSERT, [uuid4(), "error", None])
    told.execute("delete from jobs")
    payload = await wire.change()
    assert payload["ids"] == [number]
    assert payload["data"]["old_record"] == {"id": 1}
    assert "record" not in payload["data"]


async def test_what_is_rolled_back_is_not_told(wire: Wire, told: psycopg.Connection) -> None:
    await wire.subscribe()
    with told.transaction(force_rollback=True):
        told.execute(INSERT, [uuid4(), "queued", None])
    await wire.silence()


@pytest.fixture
def jobs_of_owners(told: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """The database, with a policy by which users see their own jobs."""
    told.execute(
        "create policy own_jobs on jobs for select to authenticated using (auth.uid()::text = metadata ->> 'user_id')"
    )
    yield told
    told.execute("drop policy own_jobs on jobs")


async def test_policies_decide_who_is_told_of_a_row(
    stack: StackInfo, session: aiohttp.ClientSession, jobs_of_owners: psycopg.Connection
) -> None:
    owner, stranger = str(uuid4()), str(uuid4())
    tokens = [mint_jwt(stack, role="authenticated", subject=user) for user in (owner, stranger)]
    tokens.append(stack.anon_key)
    async with contextlib.AsyncExitStack() as sockets:
        wires = []
        for token in tokens:
            socket = await sockets.enter_async_context(session.ws_connect(_address(stack, stack.publishable_key)))
            wires.append(Wire(socket, token))
            await wires[-1].subscribe()
        jobs_of_owners.execute(INSERT, [uuid4(), "queued", json.dumps({"user_id": owner})])
        assert (await wires[0].change())["data"]["record"]["metadata"] == {"user_id": owner}
        for wire in wires[1:]:
            await wire.silence()


async def test_a_deleted_row_is_told_to_all_by_its_key(
    stack: StackInfo, session: aiohttp.ClientSession, told: psycopg.Connection
) -> None:
    told.execute(INSERT, [uuid4(), "queued", None])
    async with session.ws_connect(_address(stack, stack.anon_key)) as socket:
        wire = Wire(socket, stack.anon_key)
        await wire.subscribe([{"event": "DELETE", "schema": "public", "table": "jobs"}])
        told.execute("delete from jobs")
        assert (await wire.change())["data"]["old_record"] == {"id": 1}


async def test_a_role_without_grants_is_told_nothing(
    stack: StackInfo, session: aiohttp.ClientSession, told: psycopg.Connection
) -> None:
    told.execute("revoke select on jobs from anon")
    try:
        async with session.ws_connect(_address(stack, stack.anon_key)) as socket:
            wire = Wire(socket, stack.anon_key)
            await wire.subscribe()
            told.execute(INSERT, [uuid4(), "queued", None])
            await wire.silence()
    finally:
        told.execute("grant select on jobs to anon")


async def test_a_table_that_is_not_in_the_publication_is_told_in_the_words_of_the_service(wire: Wire) -> None:
    answer = await wire.join()
    assert answer["payload"]["status"] == "ok"
    payload = (await wire.receive())["payload"]
    assert payload["status"] == "error"
    assert payload["message"] == (
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect "
        'parameters: [event: INSERT, schema: public, table: jobs, filters: [{"status", "eq", "queued", false}], '
        "select: nil]"
    )


@pytest.mark.usefixtures("told")
async def test_a_column_that_is_not_there_is_refused(wire: Wire) -> None:
    await wire.join([{**BINDINGS[0], "filter": "colour=eq.red"}])
    payload = (await wire.receive())["payload"]
    assert payload["status"] == "error"
    assert payload["message"].endswith("invalid column for filter colour")


async def test_heartbeats_are_answered_with_and_without_a_number(wire: Wire) -> None:
    for ref in (None, "7"):
        await wire.send("heartbeat", {}, topic="phoenix", ref=ref)
        assert await wire.receive() == {
            "event": "phx_reply",
            "topic": "phoenix",
            "ref": ref,
            "payload": {"status": "ok", "response": {}},
        }


async def test_leaving_is_answered_and_then_nothing_is_told(wire: Wire, told: psycopg.Connection) -> None:
    await wire.subscribe()
    await wire.send("phx_leave", {}, ref="2")
    assert [(frame["event"], frame["ref"]) for frame in (await wire.receive(), await wire.receive())] == [
        ("phx_reply", "2"),
        ("phx_close", "1"),
    ]
    told.execute(INSERT, [uuid4(), "queued", None])
    await wire.silence()


@pytest.mark.usefixtures("told")
async def test_what_is_not_understood_is_passed_over(wire: Wire) -> None:
    await wire.socket.send_str("no json")
    await wire.socket.send_str("[1]")
    await wire.send("whatever", {})
    assert (await wire.receive())["payload"] == {"status": "error", "response": {"reason": "unmatched topic"}}
    await wire.subscribe()
    await wire.send("whatever", {})
    await wire.silence(0.2)


async def test_joining_again_ends_the_earlier_channel(wire: Wire, told: psycopg.Connection) -> None:
    await wire.subscribe()
    await wire.send("phx_join", {"config": {"postgres_changes": BINDINGS}}, ref="2")
    frames = [await wire.receive() for _ in range(3)]
    assert [frame["event"] for frame in frames] == ["phx_close", "phx_reply", "system"]
    told.execute(INSERT, [uuid4(), "queued", None])
    await wire.change()
    await wire.silence(0.3)


async def test_a_topic_of_no_channel_cannot_be_joined(wire: Wire) -> None:
    await wire.send("phx_join", {}, topic="other:thing")
    assert (await wire.receive())["payload"]["response"] == {"reason": "unmatched topic"}
    await wire.send("phx_join", {}, topic="realtime:")
    assert (await wire.receive())["payload"]["response"]["reason"].startswith("TopicNameRequired")


@pytest.mark.parametrize(
    ("key", "status", "word"),
    [
        ("", 401, "No API key found in request"),
        ("sb_secret_wrong", 401, "Invalid API key"),
    ],
)
async def test_the_door_refuses_keys_it_does_not_know(
    stack: StackInfo, session: aiohttp.ClientSession, key: str, status: int, word: str
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(_address(stack, key))
    assert refused.value.status == status
    async with session.get(_address(stack, key)) as answer:
        assert (await answer.json())["message"] == word


async def test_the_door_refuses_an_expired_token_and_another_version(
    stack: StackInfo, session: aiohttp.ClientSession
) -> None:
    async with session.get(_address(stack, mint_jwt(stack, role="service_role", expires_in=-5))) as answer:
        assert (answer.status, await answer.json()) == (401, {"error": "Token has expired"})
    for version in ("3.0.0", "1.0", ""):
        async with session.get(_address(stack, stack.secret_key, version=version)) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    ("token", "reason"),
    [("nonsense", "MalformedJWT: The token provided is not a valid JWT"), ("expired", "InvalidJWTToken: Token has")],
)
async def test_a_channel_is_refused_for_its_token(stack: StackInfo, wire: Wire, token: str, reason: str) -> None:
    text = mint_jwt(stack, role="service_role", expires_in=-5) if token == "expired" else token
    payload = (await wire.join(token=text))["payload"]
    assert (payload["status"], payload["response"]["reason"][: len(reason)]) == ("error", reason)


def _brief(stack: StackInfo) -> str:
    """Return a token that lasts just long enough to join."""
    return mint_jwt(stack, role="service_role", expires_in=4)


async def _ended(wire: Wire) -> str:
    """Return why a channel ended."""
    system, close = await wire.receive(), await wire.receive()
    assert (system["event"], close["event"]) == ("system", "phx_close")
    payload = system["payload"]
    assert (payload["status"], payload["extension"]) == ("error", "system")
    return str(payload["message"])


@pytest.mark.usefixtures("told")
async def test_a_channel_ends_when_its_token_expires(stack: StackInfo, wire: Wire) -> None:
    await wire.join(token=_brief(stack))
    await wire.receive()
    assert (await _ended(wire)).startswith("Token has expired ")


@pytest.mark.usefixtures("told")
async def test_a_channel_goes_on_with_a_newer_token_and_ends_by_a_bad_one(stack: StackInfo, wire: Wire) -> None:
    await wire.join(token=_brief(stack))
    await wire.receive()
    await wire.send("access_token", {"access_token": mint_jwt(stack, role="service_role")})
    await wire.silence(4.5)
    await wire.send("access_token", {"access_token": "nonsense"})
    assert await _ended(wire) == "The token provided is not a valid JWT"


@pytest.mark.usefixtures("told")
async def test_after_a_crash_of_the_database_there_is_a_new_slot_and_what_came_between_is_lost(
    stack: StackInfo, wire: Wire
) -> None:
    await wire.subscribe()
    stop_postgres(stack)
    start_postgres(stack)
    # The connections of the test were lost too.
    async with await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True) as database:
        assert (await wire.receive())["payload"]["message"] == "Subscribed to PostgreSQL"
        await database.execute(INSERT, [uuid4(), "queued", None])
        await wire.change()
        await wire.silence(0.3)


async def test_a_slot_is_held_only_while_somebody_listens(wire: Wire, told: psycopg.Connection) -> None:
    async def slots(wanted: int) -> None:
        async with asyncio.timeout(120):
            while True:
                row = told.execute("select count(*) from pg_replication_slots").fetchone()
                if row == (wanted,):
                    return
                await asyncio.sleep(0.05)

    await slots(0)
    await wire.subscribe()
    await slots(1)
    await wire.socket.close()
    await slots(0)


@pytest.mark.parametrize("status", [503, 429])
async def test_switch_refuse(stack: StackInfo, session: aiohttp.ClientSession, switches: Switches, status: int) -> None:
    set_switches(stack.url, switches.model_copy(update={"realtime": "refuse", "realtime_refusal": status}))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(_address(stack, stack.secret_key))
    assert refused.value.status == status


@pytest.mark.usefixtures("told")
async def test_switch_drop(stack: StackInfo, session: aiohttp.ClientSession, wire: Wire, switches: Switches) -> None:
    await wire.subscribe()
    set_switches(stack.url, switches.model_copy(update={"realtime": "drop"}))
    assert (await wire.socket.receive(timeout=120)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    async with session.ws_connect(_address(stack, stack.secret_key)) as socket:
        await Wire(socket, stack.secret_key).join()
        assert (await socket.receive(timeout=120)).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == aiohttp.WSCloseCode.GOING_AWAY


async def test_switch_silent(stack: StackInfo, wire: Wire, switches: Switches, told: psycopg.Connection) -> None:
    set_switches(stack.url, switches.model_copy(update={"realtime": "silent"}))
    await wire.subscribe()
    told.execute(INSERT, [uuid4(), "queued", None])
    await wire.silence()
    await wire.send("heartbeat", {}, topic="phoenix")
    assert (await wire.receive())["payload"]["status"] == "ok"


@pytest.mark.usefixtures("told")
async def test_switch_unconfirmed(stack: StackInfo, wire: Wire, switches: Switches) -> None:
    set_switches(stack.url, switches.model_copy(update={"realtime": "unconfirmed"}))
    assert (await wire.join())["payload"]["status"] == "ok"
    await wire.silence()


@pytest.mark.usefixtures("told")
async def test_switch_expire(stack: StackInfo, wire: Wire, switches: Switches) -> None:
    await wire.subscribe()
    set_switches(stack.url, switches.model_copy(update={"realtime": "expire"}))
    assert await _ended(wire) == "Token has expired 0 seconds ago"


@pytest.mark.usefixtures("told")
async def test_switch_frozen(stack: StackInfo, wire: Wire, switches: Switches) -> None:
    await wire.subscribe()
    set_switches(stack.url, switches.model_copy(update={"realtime": "frozen"}))
    await wire.send("heartbeat", {}, topic="phoenix")
    await wire.silence()
    set_switches(stack.url, switches)
    assert (await wire.receive())["event"] == "phx_reply"


class NewerWire:
    """A websocket that speaks version 2.0.0, as supabase-js opens it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, *frame: Any) -> None:
        await self.socket.send_json(frame)

    async def receive(self, seconds: float = 120.0) -> list[Any]:
        frame: list[Any] = await self.socket.receive_json(timeout=seconds)
        return frame

    async def join(self, config: Frame, *, join_ref: str = "1") -> list[Any]:
        await self.send(join_ref, join_ref, TOPIC, "phx_join", {"config": config})
        return await self.receive()


@pytest.fixture
async def newer(stack: StackInfo, session: aiohttp.ClientSession) -> AsyncIterator[NewerWire]:
    async with session.ws_connect(_address(stack, stack.secret_key, "2.0.0")) as socket:
        yield NewerWire(socket)


async def test_version_2_names_the_join_in_all_that_is_for_one_channel(
    newer: NewerWire, told: psycopg.Connection
) -> None:
    """The client drops what names another join, and takes what names none."""
    join_ref, ref, topic, event, payload = await newer.join({"postgres_changes": BINDINGS}, join_ref="4")
    assert (join_ref, ref, topic, event, payload["status"]) == ("4", "4", TOPIC, "phx_reply", "ok")
    assert (await newer.receive())[:4] == ["4", None, TOPIC, "system"]
    told.execute(INSERT, [uuid4(), "queued", None])
    assert (await newer.receive())[:4] == [None, None, TOPIC, "postgres_changes"]
    await newer.send(None, "5", "phoenix", "heartbeat", {})
    assert await newer.receive() == [None, "5", "phoenix", "phx_reply", {"status": "ok", "response": {}}]
    await newer.send("4", "6", TOPIC, "phx_leave", {})
    assert (await newer.receive())[:4] == ["4", "6", TOPIC, "phx_reply"]
    assert await newer.receive() == ["4", "4", TOPIC, "phx_close", {}]


async def test_a_refused_join_names_itself(newer: NewerWire) -> None:
    await newer.send("3", "3", TOPIC, "phx_join", {"config": {}, "access_token": "nonsense"})
    join_ref, ref, _, event, payload = await newer.receive()
    assert (join_ref, ref, event, payload["status"]) == ("3", "3", "phx_reply", "error")


async def test_a_broadcast_reaches_both_versions_and_its_sender_only_on_request(
    stack: StackInfo, session: aiohttp.ClientSession, newer: NewerWire, wire: Wire
) -> None:
    pushed = b"\x03\x01\x01" + bytes([len(TOPIC), 4]) + b"\x00\x01" + b"19" + TOPIC.encode() + b"move" + b'{"x":1}'
    told = b"\x04" + bytes([len(TOPIC), 4]) + b"\x00\x01" + TOPIC.encode() + b"move" + b'{"x":1}'
    await wire.join([])
    async with session.ws_connect(_address(stack, stack.anon_key, "2.0.0")) as socket:
        await NewerWire(socket).join({})
        await newer.join({"broadcast": {"self": False, "ack": True}})
        await newer.socket.send_bytes(pushed)
        assert (await newer.receive())[:4] == ["1", "9", TOPIC, "phx_reply"]
        assert await socket.receive_bytes(timeout=120) == told
        assert (await wire.receive())["payload"] == {"type": "broadcast", "event": "move", "payload": {"x": 1}}
        await newer.join({"broadcast": {"self": True}}, join_ref="2")
        await newer.receive()
        await newer.socket.send_bytes(pushed)
        assert await newer.socket.receive_bytes(timeout=120) == told
        assert await socket.receive_bytes(timeout=120) == told
        await wire.receive()
        await wire.send("broadcast", {"type": "broadcast", "event": "e", "payload": {}})
        expected = [None, None, TOPIC, "broadcast", {"type": "broadcast", "event": "e", "payload": {}}]
        assert await newer.receive() == expected


async def test_a_broadcast_to_a_topic_that_was_not_joined_is_refused(newer: NewerWire) -> None:
    await newer.socket.send_bytes(
        b"\x03\x01\x01" + bytes([len(TOPIC), 1]) + b"\x00\x01" + b"19" + TOPIC.encode() + b"e{}"
    )
    assert (await newer.receive())[4] == {"status": "error", "response": {"reason": "unmatched topic"}}


async def test_a_private_channel_is_for_the_role_that_no_policy_limits(
    stack: StackInfo, session: aiohttp.ClientSession, newer: NewerWire
) -> None:
    assert (await newer.join({"private": True}))[4]["status"] == "ok"
    async with session.ws_connect(_address(stack, stack.anon_key, "2.0.0")) as socket:
        payload = (await NewerWire(socket).join({"private": True}))[4]
    assert payload["status"] == "error"
    assert payload["response"]["reason"] == (
        "Unauthorized: You do not have permissions to read from this Channel topic: a-feed"
    )
