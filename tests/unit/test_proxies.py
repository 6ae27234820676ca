from ipaddress import ip_address, ip_network

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from runops.proxies import ProxyUnusable, proxy_for

_SERVER = "https://abc.supabase.co"
_PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("server", "environment", "proxy"),
    [
        (_SERVER, {}, None),
        (_SERVER, {"HTTPS_PROXY": _PROXY}, _PROXY),
        (_SERVER, {"https_proxy": _PROXY}, _PROXY),
        (_SERVER, {"https_proxy": "http://lower:1", "HTTPS_PROXY": "http://upper:1"}, "http://lower:1"),
        (_SERVER, {"https_proxy": " ", "HTTPS_PROXY": "http://upper:1"}, "http://upper:1"),
        (_SERVER, {"HTTPS_PROXY": "proxy:3128"}, _PROXY),
        (_SERVER, {"HTTPS_PROXY": "proxy"}, "http://proxy"),
        (_SERVER, {"HTTPS_PROXY": "http://who:secret@proxy:3128"}, "http://who:secret@proxy:3128"),
        (_SERVER, {"HTTPS_PROXY": "https://proxy"}, "https://proxy"),
        (_SERVER, {"HTTPS_PROXY": ""}, None),
        (_SERVER, {"HTTP_PROXY": _PROXY}, None),
        (_SERVER, {"ALL_PROXY": "socks5://127.0.0.1:1080"}, "socks5://127.0.0.1:1080"),
        (_SERVER, {"all_proxy": "socks5h://127.0.0.1:1080"}, "socks5h://127.0.0.1:1080"),
        (_SERVER, {"ALL_PROXY": "http://all:1", "HTTPS_PROXY": _PROXY}, _PROXY),
        ("http://api.example.com", {"HTTP_PROXY": _PROXY, "HTTPS_PROXY": "http://other:1"}, _PROXY),
        ("wss://abc.supabase.co/realtime/v1/websocket?apikey=x", {"HTTPS_PROXY": _PROXY}, _PROXY),
        ("ws://api.example.com", {"HTTP_PROXY": _PROXY}, _PROXY),
        ("ftp://api.example.com", {"ALL_PROXY": _PROXY}, None),
        ("http://", {"ALL_PROXY": _PROXY}, None),
        ("http://[::1", {"ALL_PROXY": _PROXY}, None),
        ("http://api.example.com:port", {"ALL_PROXY": _PROXY}, None),
    ],
)
def test_the_scheme_of_the_server_chooses_the_variable(
    server: str, environment: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(server, environment) == proxy


# What Go's own test of its rule (golang.org/x/net/http/httpproxy) says of this list.
_OF_GO = (
    "foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, "
    "2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64"
)


@pytest.mark.parametrize(
    ("host", "direct"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("[::1]", True),
        ("[::ffff:127.0.0.1]", True),
        ("[::2]", False),
        ("192.168.1.1", True),
        ("192.168.1.2", False),
        ("192.168.1.3", True),
        ("192.168.1.4", False),
        ("10.0.0.2", True),
        ("[2001:db8::52:0:1]", True),
        ("[2001:db8:0:0:0:52:0:1]", True),
        ("[2001:db8::52:0:2]", False),
        ("[2001:db8::52:0:3]", True),
        ("[2002:db8:a::123]", True),
        ("[fe80::424b:c8be:1643:a1b6]", False),
        ("www.barbaz.net", True),
        ("foobar.com", True),
        ("www.foobar.com", True),
        ("foofoobar.com", False),
        ("baz.com", False),
        ("localhost.net", False),
        ("local.localhost", False),
        ("barbarbaz.net", False),
        ("nested.wildcard.io", True),
        ("awildcard.io", False),
    ],
)
def test_the_list_of_gos_own_test_is_read_as_go_reads_it(host: str, direct: bool) -> None:
    environment = {"HTTP_PROXY": _PROXY, "NO_PROXY": _OF_GO}
    assert proxy_for(f"http://{host}", environment) == (None if direct else _PROXY)


@pytest.mark.parametrize(
    ("host", "excepted", "direct"),
    [
        # From curl's own test of its rule (unit1614): a dot at either end of a name or an entry says nothing.
        ("www.example.com.", "localhost,.example.com,.example.de", True),
        ("example.com", "localhost,.example.com,.example.de", True),
        ("www.example.com", "localhost,.example.com.,.example.de", True),
        ("192.168.0.1", "192.168.0.0/24", True),
        ("192.168.0.1", "192.168.0.0/32", False),
        ("192.168.0.1", "192.168.0.0", False),
        ("192.168.1.1", "foo, bar, 192.168.0.0/16", True),
        ("[fd00::1]", "foo, bar, 192.168.0.0/16", False),
        ("[fd00::1]", "foo, bar, fd00::1/64", True),
        ("BAr", "foo,,,,,              bar, ::1/64", True),
        ("nonexample.com", ".example.com, .example.net", False),
        # What clusters and k3s hand out.
        ("supabase-kong.supabase.svc", "localhost,10.0.0.0/8,fd00::/8,.svc,.cluster.local", True),
        ("kong.supabase.svc.cluster.local", "10.0.0.0/8,*.svc.cluster.local", True),
        ("10.43.0.10", "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16", True),
        ("[fd12::7]", "fc00::/7", True),
        ("[fd12::7]", "[fc00::]/7", True),
        ("abc.supabase.co", "localhost,10.0.0.0/8,fd00::/8", False),
        # Ports, also the one that the address leaves out.
        ("api.example.com:6443", "api.example.com:6443", True),
        ("api.example.com:6443", "api.example.com:443", False),
        ("api.example.com", "api.example.com:443", True),
        ("[fd00::1]:6443", "[fd00::1]:6443", True),
        ("[fd00::1]:6443", "[fd00::1]:443", False),
        # An address is no name with an ending, and an unreadable entry excepts nothing.
        ("10.0.0.1", "0.1", False),
        ("10.0.0.1", ".0.0.1", False),
        ("api.example.com", "not/a/range", False),
        ("10.0.0.1", "not/a/range,10.0.0.0/33,fd00::/8", False),
        ("api.example.com", ".", False),
        ("api.example.com", ":443", False),
        ("api.example.com", "http://api.example.com", False),
        ("api.example.com", "*", True),
        ("api.example.com", "a,*", True),
        ("api.example.com", "a b\texample.com", True),
    ],
)
def test_no_proxy_is_read_as_curl_and_clusters_mean_it(host: str, excepted: str, direct: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        environment = {"HTTPS_PROXY": _PROXY, name: excepted}
        assert proxy_for(f"https://{host}", environment) == (None if direct else _PROXY)


def test_no_proxy_in_lower_case_wins() -> None:
    environment = {"HTTPS_PROXY": _PROXY, "no_proxy": "other", "NO_PROXY": "supabase.co"}
    assert proxy_for(_SERVER, environment) == _PROXY


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ALL_PROXY", "socks4://who:secret@127.0.0.1:1080", "ALL_PROXY names a proxy of the kind socks4"),
        ("all_proxy", "socks://127.0.0.1:1080", "all_proxy names a proxy of the kind socks,"),
        ("HTTPS_PROXY", "ftp://who:secret@proxy", "HTTPS_PROXY names a proxy of the kind ftp"),
        ("HTTPS_PROXY", "http://", "HTTPS_PROXY is not the address of a proxy"),
        ("HTTPS_PROXY", "http://who:secret@proxy:3128a", "HTTPS_PROXY is not the address of a proxy"),
        ("HTTPS_PROXY", "http://[fd00::1", "HTTPS_PROXY is not the address of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable_and_not_shown(
    name: str, value: str, sentence: str
) -> None:
    with pytest.raises(ProxyUnusable, match=sentence) as refused:
        proxy_for(_SERVER, {name: value})
    assert "abc.supabase.co in NO_PROXY" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert proxy_for(_SERVER, {name: value, "NO_PROXY": "supabase.co"}) is None


@given(address=st.ip_addresses(), other=st.ip_addresses(), data=st.data())
def test_a_range_excepts_the_addresses_in_it_and_no_others(address: object, other: object, data: st.DataObject) -> None:
    one, two = ip_address(str(address)), ip_address(str(other))
    assume(not one.is_loopback)
    width = data.draw(st.integers(0, two.max_prefixlen))
    network = ip_network(f"{two}/{width}", strict=False)
    host = f"[{one}]" if one.version == 6 else str(one)
    expected = None if (getattr(one, "ipv4_mapped", None) or one) in network else _PROXY
    assert proxy_for(f"https://{host}:6443", {"HTTPS_PROXY": _PROXY, "NO_PROXY": f"x,{two}/{width}"}) == expected
    around = ip_network(f"{one}/{min(width, one.max_prefixlen)}", strict=False)
    if getattr(one, "ipv4_mapped", None) is None:
        assert proxy_for(f"https://{host}", {"HTTPS_PROXY": _PROXY, "NO_PROXY": str(around)}) is None


_LABELS = st.lists(st.text("abc-1", min_size=1, max_size=3).filter(lambda text: not text.isdigit()), min_size=1)


@given(host=_LABELS, entry=_LABELS, dots=st.sampled_from(["", ".", "*."]))
def test_a_name_excepts_itself_and_the_names_below_it(host: list[str], entry: list[str], dots: str) -> None:
    excepted = host[-len(entry) :] == entry
    environment = {"HTTPS_PROXY": _PROXY, "NO_PROXY": dots + ".".join(entry)}
    assert proxy_for(f"https://{'.'.join(host)}", environment) == (None if excepted else _PROXY)


@given(server=st.text(), excepted=st.text(), proxy=st.text())
@example(server="https://x", excepted="[", proxy="http://p")
@example(server="https://[fe80::1%25eth0]", excepted="fe80::/10", proxy="http://p")
def test_nothing_in_the_environment_raises_anything_else(server: str, excepted: str, proxy: str) -> None:
    for url in (server, f"https://{server}", _SERVER):
        try:
            found = proxy_for(url, {"ALL_PROXY": proxy, "NO_PROXY": excepted})
        except ProxyUnusable:
            continue
        assert found is None or "://" in found
