"""The test with Node.js fails in CI where it cannot run, and is skipped by name elsewhere."""

from pathlib import Path

import pytest

from devstack.processes import npm
from devstack.processes.errors import StackError
from tests.supabase_js import program


def _put(folder: Path, name: str, says: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("devstack.processes.places.cache_folder", lambda: tmp_path)
    return folder


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        (None, "node is not on PATH"),
        ("v18.20.4", "node is v18.20.4. Install Node.js 20 or newer"),
        ("nonsense", "node is nonsense"),
        ("v20.0.0", "supabase-js comes from npm, which is not on PATH"),
    ],
)
def test_a_machine_that_cannot_run_it_is_told_what_is_missing(
    on_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    ci: str,
    outcome: type[BaseException],
    node: str | None,
    sentence: str,
) -> None:
    monkeypatch.setenv("CI", ci)
    if node is not None:
        _put(on_path, "node", node)
    with pytest.raises(outcome, match=f"NO NODE, so this shows nothing: {sentence}"):
        program.node_of_tests()


def test_an_installation_that_fails_leaves_nothing_that_looks_whole(on_path: Path, tmp_path: Path) -> None:
    (on_path / "npm").write_text("#!/bin/sh\necho no network\nexit 1\n")
    (on_path / "npm").chmod(0o755)
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    for name in ("package.json", "package-lock.json"):
        (recipe / name).write_text("{}")
    with pytest.raises(StackError, match="npm could not install it"):
        npm.installed(recipe, name="it", what="it")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["bin", "recipe"]
