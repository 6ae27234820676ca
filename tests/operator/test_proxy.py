import pytest

from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.kubernetes_api.proxy import proxy_to_cluster

_SERVER = "https://10.96.0.1:443"


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "10.0.0.0/8"}, None),
        ({"ALL_PROXY": "http://proxy:3128"}, None),
        ({"all_proxy": "socks5://127.0.0.1:1080"}, None),
    ],
)
def test_the_api_server_is_reached_as_kubectl_reaches_it(environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_to_cluster(_SERVER, environment) == proxy


@pytest.mark.parametrize("proxy", ["socks5://who:secret@127.0.0.1:1080", "socks4://who:secret@127.0.0.1:1080"])
def test_a_proxy_that_cannot_lead_to_the_api_server_is_said_without_its_address(proxy: str) -> None:
    with pytest.raises(ClusterError, match="NO_PROXY") as refused:
        proxy_to_cluster(_SERVER, {"HTTPS_PROXY": proxy})
    assert "secret" not in str(refused.value)
