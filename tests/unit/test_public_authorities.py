"""A test process trusts no public authority, and trusts those of a test as ever."""

import ssl
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from google import genai

from devstack.cluster.configuration.certificates import Authority


@pytest.fixture
def authority() -> bytes:
    return Authority("of a test").certificate


def read_by(context: ssl.SSLContext) -> int:
    return context.cert_store_stats()["x509"]


def test_clients_read_no_public_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    new = ssl.SSLContext.__new__

    def noted(*arguments: Any) -> ssl.SSLContext:
        made.append(new(*arguments))
        return made[-1]

    monkeypatch.setattr(ssl.SSLContext, "__new__", noted)
    httpx.Client().close()
    httpx2.Client().close()
    genai.Client(api_key="key").close()
    made.append(ssl.create_default_context())
    assert len(made) >= 4
    assert [read_by(context) for context in made] == [0] * len(made)


def test_the_authority_of_a_test_is_read_from_a_file_and_from_text(authority: bytes, tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_bytes(authority)
    assert read_by(ssl.create_default_context(cafile=str(file))) == 1
    assert read_by(ssl.create_default_context(cadata=authority.decode())) == 1


def test_a_folder_of_authorities_is_used(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ssl.create_default_context(cafile=str(tmp_path / "missing"))
    ssl.create_default_context(capath=str(tmp_path))
