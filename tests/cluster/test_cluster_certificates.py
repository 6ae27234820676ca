from __future__ import annotations

import base64
import ipaddress
import json
import socket
import ssl
import stat
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from devstack.cluster.configuration.certificates import Authority, Pair
from devstack.cluster.configuration.components import serving_names
from devstack.cluster.configuration.kubeconfig import render_kubeconfig
from devstack.cluster.machine.addresses import Addresses


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("runops-test")


def test_groups_and_user_stand_where_kubernetes_reads_them(authority: Authority) -> None:
    pair = authority.issue("system:node:a", groups=("system:nodes", "others"))
    subject = x509.load_pem_x509_certificate(pair.certificate).subject
    assert [name.value for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["system:node:a"]
    groups = [name.value for name in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    assert groups == ["system:nodes", "others"]


def test_the_server_is_trusted_under_every_name_it_is_called_by(authority: Authority) -> None:
    pair = authority.issue("kube-apiserver", names=serving_names(Addresses(7)))
    names = x509.load_pem_x509_certificate(pair.certificate).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    addresses = {str(each) for each in names.value.get_values_for_type(x509.IPAddress)}
    assert addresses == {"127.0.0.1", "10.96.0.1", "10.88.7.1", "10.89.7.2"}
    assert {"localhost", "kubernetes.default.svc"} <= set(names.value.get_values_for_type(x509.DNSName))
    assert all(isinstance(each, ipaddress.IPv4Address) for each in names.value.get_values_for_type(x509.IPAddress))


def handshake(tmp_path: Path, *, server: Pair, client: Pair, trusted: bytes, server_name: str) -> str:
    """Shake hands over a socket pair and give the user that the server saw."""
    server.write(tmp_path, "server")
    client.write(tmp_path, "client")
    (tmp_path / "ca.crt").write_bytes(trusted)
    listening = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "ca.crt"))
    listening.verify_mode = ssl.CERT_REQUIRED
    listening.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    calling = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    calling.load_cert_chain(tmp_path / "client.crt", tmp_path / "client.key")
    near, far = socket.socketpair()
    seen: list[str] = []

    def serve() -> None:
        far.settimeout(120)
        try:
            with listening.wrap_socket(far, server_side=True) as connection:
                peer = connection.getpeercert() or {}
                subject = dict(pair for part in peer["subject"] for pair in part)  # type: ignore[misc]
                seen.append(str(subject["commonName"]))
                connection.sendall(b"x")
        except OSError:
            far.close()

    thread = Thread(target=serve)
    thread.start()
    try:
        near.settimeout(120)
        with calling.wrap_socket(near, server_hostname=server_name) as connection:
            connection.recv(1)
    finally:
        near.close()
        thread.join(timeout=120)
    return seen[0]


def test_clients_and_servers_of_one_cluster_trust_each_other(authority: Authority, tmp_path: Path) -> None:
    server = authority.issue("kube-apiserver", names=("10.89.7.2",))
    client = authority.issue("admin")
    user = handshake(tmp_path, server=server, client=client, trusted=authority.certificate, server_name="10.89.7.2")
    assert user == "admin"


def test_another_clusters_server_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority("runops-test").issue("kube-apiserver", names=("10.89.7.2",))
    client = authority.issue("admin")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, server=stranger, client=client, trusted=authority.certificate, server_name="10.89.7.2")


def test_a_client_certificate_serves_nobody(authority: Authority, tmp_path: Path) -> None:
    client = authority.issue("admin")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, server=client, client=client, trusted=authority.certificate, server_name="10.89.7.2")


def test_keys_are_readable_for_their_owner_only(authority: Authority, tmp_path: Path) -> None:
    authority.issue("admin").write(tmp_path, "admin")
    assert stat.S_IMODE((tmp_path / "admin.key").stat().st_mode) == 0o600


def test_a_kubeconfig_carries_everything_in_itself(authority: Authority) -> None:
    pair = authority.issue("admin")
    text = render_kubeconfig(
        cluster="runops-dev", server="https://10.89.7.2:443", authority=authority.certificate, user="admin", pair=pair
    )
    document = json.loads(text)
    context = {entry["name"]: entry["context"] for entry in document["contexts"]}[document["current-context"]]
    cluster = {entry["name"]: entry["cluster"] for entry in document["clusters"]}[context["cluster"]]
    user = {entry["name"]: entry["user"] for entry in document["users"]}[context["user"]]
    assert cluster["server"] == "https://10.89.7.2:443"
    assert base64.b64decode(cluster["certificate-authority-data"]) == authority.certificate
    assert base64.b64decode(user["client-certificate-data"]) == pair.certificate
    assert base64.b64decode(user["client-key-data"]) == pair.key
