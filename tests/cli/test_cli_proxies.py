"""Commands behind the proxies of companies and clusters: they work or end with a sentence, never with a traceback."""

import pytest
from typer.testing import CliRunner, Result

from runops_cli.main import app

_CLOSED = "127.0.0.1:9"
_PROJECT = {
    "SUPABASE_URL": "https://abc.supabase.co",
    "SUPABASE_SECRET_KEY": "sb_secret_" + "x" * 32,
    "GEMINI_API_KEY": "key",
}
_DUAL_STACK = "localhost,10.0.0.0/8,fd00::/8"


@pytest.fixture(autouse=True)
def no_other_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "SUPABASE_SERVICE_ROLE_KEY",
        "RUNOPS_SECRETS_DIR",
    ):
        for spelled in (name, name.upper()):
            monkeypatch.delenv(spelled, raising=False)
    monkeypatch.chdir(str(tmp_path))


def _run(*arguments: str, **proxies: str) -> Result:
    return CliRunner().invoke(app, arguments, env={**_PROJECT, **proxies})


@pytest.mark.parametrize(
    "proxies",
    [
        {"HTTPS_PROXY": f"http://{_CLOSED}", "NO_PROXY": _DUAL_STACK},
        {"ALL_PROXY": f"socks5://{_CLOSED}", "NO_PROXY": _DUAL_STACK},
    ],
)
def test_a_proxy_that_is_away_is_a_project_that_cannot_be_reached(proxies: dict[str, str]) -> None:
    result = _run("list", **proxies)
    assert (result.exit_code, type(result.exception)) == (5, SystemExit)
    assert "Supabase could not be reached while looking at the table jobs (ConnectError)." in result.stderr
    assert result.stderr.endswith("`runops check` tests the project at abc.supabase.co.\n")
    assert "fault of runops" not in result.stderr


def test_check_ends_with_its_findings_behind_such_a_proxy() -> None:
    result = _run("check", "--no-cluster", HTTPS_PROXY=f"http://{_CLOSED}", NO_PROXY=_DUAL_STACK)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "Gemini could not be reached at generativelanguage.googleapis.com (ConnectError)" in result.stdout


@pytest.mark.parametrize("arguments", [("list",), ("work", "--once")])
def test_a_proxy_of_another_kind_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...]) -> None:
    result = _run(*arguments, ALL_PROXY=f"socks4://who:secret@{_CLOSED}")
    assert result.exit_code == 2
    assert result.stderr == (
        "ALL_PROXY names a proxy of the kind socks4, and runops can use http, https, socks5 and socks5h. "
        "Name one of these, or name abc.supabase.co in NO_PROXY. `runops check` tests the settings.\n"
    )
