"""Both forms of a message on the wire, with bytes as realtime-js 2.119 sends them."""

import json
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devstack.supabase.gateway.realtime.frames import Frame, UserBroadcast, Version, read, write


def _pushed(*fields: str, payload: bytes, is_json: bool) -> bytes:
    """Return a frame as `_encodeUserBroadcastPush` of realtime-js lays it out."""
    pieces = [one.encode() for one in fields]
    return bytes([3, *map(len, pieces), int(is_json)]) + b"".join(pieces) + payload


def test_an_array_and_an_object_say_the_same() -> None:
    expected = Frame("realtime:a", "phx_join", {"config": {}}, ref="2", join_ref="1")
    assert read('["1","2","realtime:a","phx_join",{"config":{}}]', "2.0.0") == expected
    text = '{"join_ref":"1","ref":"2","topic":"realtime:a","event":"phx_join","payload":{"config":{}}}'
    assert read(text, "1.0.0") == expected
    assert json.loads(write(expected, "2.0.0") or "") == ["1", "2", "realtime:a", "phx_join", {"config": {}}]
    assert "join_ref" not in json.loads(write(expected, "1.0.0") or "")


def test_a_heartbeat_of_the_client_has_no_join() -> None:
    assert read('[null,"3","phoenix","heartbeat",{}]', "2.0.0") == Frame("phoenix", "heartbeat", {}, ref="3")


def test_a_broadcast_is_read_from_the_clients_bytes_and_written_as_the_service_does() -> None:
    pushed = _pushed("1", "7", "realtime:a", "né", '{"persist":true}', payload=b'{"n":1}', is_json=True)
    message = read(pushed, "2.0.0")
    assert message == UserBroadcast("realtime:a", "né", b'{"n":1}', is_json=True, ref="7", join_ref="1")
    assert write(message, "2.0.0") == b"\x04\x0a\x03\x00\x01realtime:an\xc3\xa9" + b'{"n":1}'
    assert json.loads(write(message, "1.0.0") or "") == {
        "ref": None,
        "topic": "realtime:a",
        "event": "broadcast",
        "payload": {"type": "broadcast", "event": "né", "payload": {"n": 1}},
    }


def test_bytes_of_a_client_have_no_form_in_version_1() -> None:
    message = read(_pushed("1", "7", "realtime:a", "e", "", payload=b"\xff\x00", is_json=False), "2.0.0")
    assert isinstance(message, UserBroadcast)
    assert (message.payload, write(message, "1.0.0")) == (b"\xff\x00", None)
    assert read(b"\x03", "1.0.0") is None


@pytest.mark.parametrize(
    "data",
    [
        "no json",
        '{"topic":"realtime:a","event":"e","payload":{}}',
        '["1","2","realtime:a","e"]',
        '["1","2",3,"e",{}]',
        '["1","2","realtime:a","e",[]]',
        "[" * 100_000,
        b"",
        b"\x03\x01\x01\x0a\x01\x00\x00short",
        _pushed("1", "7", "realtime:a", "e", "", payload=b"no json", is_json=True),
        b"\x00" + _pushed("1", "7", "realtime:a", "e", "", payload=b"", is_json=False)[1:],
        _pushed("1", "7", "realtime:a", "e", "", payload=b"", is_json=False).replace(b"realtime", b"realtim\xff"),
    ],
)
def test_what_is_no_message_is_passed_over(data: str | bytes) -> None:
    assert read(data, "2.0.0") is None


_NUMBERS = st.none() | st.text(st.characters(codec="ascii", categories=["Nd"]), min_size=1)
_JSON = st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.booleans()))


@given(topic=st.text(), event=st.text(), payload=_JSON, ref=_NUMBERS, join_ref=_NUMBERS)
def test_what_is_written_is_read_again(
    topic: str, event: str, payload: dict[str, Any], ref: str | None, join_ref: str | None
) -> None:
    message = Frame(topic, event, payload, ref=ref, join_ref=join_ref)
    assert read(write(message, "2.0.0") or "", "2.0.0") == message
    assert read(write(message, "1.0.0") or "", "1.0.0") == Frame(topic, event, payload, ref=ref)


@given(data=st.binary() | st.text(), version=st.sampled_from(get_args(Version)))
@example(data=b"\x03\x00\x00\x00\x00\x00\x01" + b"[" * 100_000, version="2.0.0")
@example(data='["1","2","t","e",{"n":' + "9" * 5000 + "}]", version="2.0.0")
def test_nothing_a_client_sends_raises(data: str | bytes, version: Version) -> None:
    message = read(data, version)
    if message is not None:
        write(message, version)
