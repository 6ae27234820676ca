"""Who may see the page and act on it, decided without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_ui.security.clients import client_of, networks_of
from runops_ui.security.hosts import is_loopback, is_own_host, same_site
from runops_ui.security.sessions import LONGEST_SESSION_SECONDS, Session, Sessions
from runops_ui.security.throttle import Throttle
from runops_ui.settings import UiSettings, refusal, settings_of

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8765", "LOCALHOST:1", "127.0.0.1:8765", "[::1]:8765", "10.1.2.3", "queue.example.com"],
)
def test_the_page_answers_under_its_own_names_and_addresses(host: str) -> None:
    assert is_own_host(host, {"queue.example.com"})


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "localhost.evil.example", "evil.example:8765", "127.0.0.1.evil.example",
     "localhost@evil",
     "a b", "localhost:port", "localhost/evil.example", "localhost#a", "[::1"],
)  # fmt: skip
def test_a_name_that_somebody_else_may_point_here_is_refused(host: str | None) -> None:
    assert not is_own_host(host, {"queue.example.com"})


@given(st.text(max_size=60))
def test_no_host_header_breaks_the_check(host: str) -> None:
    assert is_own_host(host, set()) in {True, False}


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        ("http://localhost:8765", True),
        ("https://localhost:8765", True),
        ("http://localhost", False),
        ("http://localhost:9", False),
        ("http://localhost:8765.evil.example", False),
        ("null", False),
        ("", False),
        (None, False),
    ],
)
def test_a_form_of_another_site_is_told_by_its_origin(origin: str | None, *, same: bool) -> None:
    assert same_site(origin, "localhost:8765") is same


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True),
                                                ("0.0.0.0", False), ("::", False), ("192.168.0.1", False)])  # fmt: skip
def test_only_this_machine_reaches_loopback(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_cookie_is_read_back_until_it_ends_and_only_by_the_same_token() -> None:
    sessions = Sessions(TOKEN)
    session = sessions.begin(1000.0)
    cookie = sessions.cookie(session)
    assert Sessions(TOKEN).read(cookie, 1000.0 + LONGEST_SESSION_SECONDS - 1) == session
    assert sessions.read(cookie, 1000.0 + LONGEST_SESSION_SECONDS) is None
    assert Sessions(TOKEN + "x").read(cookie, 1000.0) is None
    assert Sessions(None).read(cookie, 1000.0) is None
    assert sessions.form_token(session) != sessions.form_token(sessions.begin(1000.0))
    assert TOKEN not in cookie


@given(st.text(max_size=120), st.integers(0, 200))
def test_a_cookie_that_was_changed_is_none_of_ours(text: str, place: int) -> None:
    sessions = Sessions(TOKEN)
    cookie = sessions.cookie(Session("name", 5000))
    changed = cookie[: place % len(cookie)] + text + cookie[place % len(cookie) + 1 :]
    assert changed == cookie or sessions.read(changed, 1000.0) is None
    assert sessions.read(text, 1000.0) is None


def test_tokens_can_be_tried_ten_times_a_minute() -> None:
    throttle = Throttle()
    for second in range(10):
        assert throttle.wait_seconds("a", float(second)) == 0
        throttle.refused("a", float(second))
    assert throttle.wait_seconds("a", 20.0) == 40.0
    assert throttle.wait_seconds("b", 20.0) == 0, "nobody else waits"
    assert throttle.wait_seconds("a", 60.0) == 0
    throttle.refused("a", 60.0)
    assert throttle.wait_seconds("a", 60.5) == 0.5
    assert throttle.wait_seconds("a", 200.0) == 0


def test_what_is_kept_of_clients_is_bounded() -> None:
    throttle = Throttle()
    for number in range(10_010):
        for _ in range(10 if number == 0 else 1):
            throttle.refused(str(number), 0.0)
    assert throttle.wait_seconds("0", 1.0) == 0, "the one that tried first is forgotten"
    assert len(throttle._refused) == 10_000


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        # Nobody named this peer: what it says about others is not believed.
        ("192.0.2.7", ["203.0.113.9"], "192.0.2.7"),
        ("10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
        # The client wrote the first one itself.
        ("10.1.2.3", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", ["198.51.100.1", "203.0.113.9, 10.9.9.9"], "203.0.113.9"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["unknown"], "10.1.2.3"),
        ("10.1.2.3", ["203.0.113.9, garbage"], "10.1.2.3"),
        # Gateways of Azure add the port.
        ("10.1.2.3", ["203.0.113.9:51834"], "203.0.113.9"),
        ("10.1.2.3", ["203.0.113.9:51834, 10.9.9.9:443"], "203.0.113.9"),
        ("10.1.2.3", ["[2001:db8:1:2::9]:51834"], "2001:db8:1:2::/64"),
        ("10.1.2.3", ["203.0.113.9:port"], "10.1.2.3"),
        ("10.1.2.3", ["[]:51834"], "10.1.2.3"),
        ("2001:db8:1:2:3::4", [], "2001:db8:1:2::/64"),
        ("fd00::1", ["2001:db8:1:2::9"], "2001:db8:1:2::/64"),
        (None, ["203.0.113.9"], "unknown"),
        ("a socket", [], "unknown"),
    ],
)
def test_a_client_is_told_by_its_address_through_named_proxies(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert client_of(peer, forwarded, networks_of(["10.0.0.0/8", "fd00::/8", " "])) == client


@given(st.text(max_size=20), st.lists(st.text(max_size=30), max_size=3))
def test_nobody_but_a_named_proxy_chooses_its_client(peer: str, forwarded: list[str]) -> None:
    assert client_of("192.0.2.7", forwarded, networks_of(["10.0.0.0/8"])) == "192.0.2.7"
    assert client_of(peer, forwarded, ())


@given(st.lists(st.text(alphabet="[]:.%,/ 0129af", max_size=30), max_size=3))
def test_whatever_a_named_proxy_writes_there_is_a_client(forwarded: list[str]) -> None:
    assert client_of("10.1.2.3", forwarded, networks_of(["10.0.0.0/8"]))


def test_a_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'proxy\.example' is no address and no network"):
        networks_of(["10.0.0.1", "proxy.example"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (UiSettings(), None),
        (UiSettings(host="::1"), None),
        (UiSettings(host="0.0.0.0"), "it needs a token"),
        (UiSettings(host="0.0.0.0", token=TOKEN), None),
        (UiSettings(host="0.0.0.0", behind_proxy=True), None),
        (UiSettings(host="0.0.0.0", token="short"), "fewer than 16 characters"),
        (UiSettings(token=""), "fewer than 16 characters"),
        (UiSettings(token=TOKEN, behind_proxy=True), "only one would be used"),
    ],
)
def test_others_reach_the_page_with_a_token_only(settings: UiSettings, said: str | None) -> None:
    sentence = refusal(settings)
    assert sentence is None if said is None else said in (sentence or "")
    assert TOKEN not in repr(settings)


def test_the_deployments_settings_are_read_from_its_environment() -> None:
    environ = {
        "RUNOPS_UI_HOST": "::",
        "RUNOPS_UI_PORT": "9000",
        "RUNOPS_UI_TOKEN": f" {TOKEN}\n",
        "RUNOPS_UI_ALLOW_ACTIONS": "true",
        "RUNOPS_UI_HOSTS": "Queue.example.com, runops-ui",
    }
    assert settings_of(environ) == UiSettings(
        host="::", port=9000, token=TOKEN, allow_actions=True, hosts=frozenset({"queue.example.com", "runops-ui"})
    )
    assert settings_of({}) == UiSettings()
    with pytest.raises(ValueError, match="RUNOPS_UI_PORT is '80a'"):
        settings_of({"RUNOPS_UI_PORT": "80a"})
