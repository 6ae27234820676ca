import pytest

from runops_operator.kubernetes_api.proxy import proxy_for

_SERVER = "https://api.example.com:6443"


@pytest.mark.parametrize(
    ("server", "environment", "proxy"),
    [
        (_SERVER, {}, None),
        (_SERVER, {"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        (_SERVER, {"https_proxy": "http://proxy:3128"}, "http://proxy:3128"),
        (_SERVER, {"HTTPS_PROXY": "proxy:3128"}, "http://proxy:3128"),
        (_SERVER, {"HTTPS_PROXY": ""}, None),
        (_SERVER, {"HTTP_PROXY": "http://proxy:3128"}, None),
        ("http://api.example.com", {"HTTP_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
    ],
)
def test_the_scheme_of_the_server_chooses_the_variable(
    server: str, environment: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(server, environment) == proxy


@pytest.mark.parametrize(
    ("server", "excepted", "direct"),
    [
        (_SERVER, "*", True),
        (_SERVER, "example.com", True),
        (_SERVER, ".example.com", True),
        (_SERVER, "*.example.com", True),
        (_SERVER, " other.org , API.EXAMPLE.COM ", True),
        (_SERVER, "ample.com", False),
        (_SERVER, "api.example.com:6443", True),
        (_SERVER, "api.example.com:443", False),
        ("https://10.96.0.1:443", "10.0.0.0/8", True),
        ("https://10.96.0.1:443", "10.96.0.1/12,example.com", True),
        ("https://10.96.0.1:443", "10.0.0.0/16", False),
        ("https://10.96.0.1:443", "10.96.0.1", True),
        ("https://[fd00::1]:443", "fd00::/8", True),
        ("https://[fd00::1]:443", "fd00::1", True),
        ("https://[fd00::1]:443", "10.0.0.0/8", False),
        (_SERVER, "not/a/range", False),
        ("https://127.0.0.1:6443", "", True),
        ("https://localhost:6443", "", True),
        ("https://[::1]:6443", "", True),
    ],
)
def test_names_ports_and_ranges_of_no_proxy_and_this_machine_are_reached_directly(
    server: str, excepted: str, direct: bool
) -> None:
    environment = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": excepted}
    assert proxy_for(server, environment) == (None if direct else "http://proxy:3128")
