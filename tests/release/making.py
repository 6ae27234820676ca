"""Releases in folders of a test's own, and the programs that make and read them."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
_HAND = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Test"), ("EMAIL", "test@example.invalid"), ("DATE", "2026-01-02T03:04:05Z"))
}


@dataclass(frozen=True)
class Release:
    """A folder that `make package` filled."""

    folder: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """release.json."""
        content: dict[str, Any] = json.loads((self.folder / "release.json").read_text("utf-8"))
        return content

    def file(self, *keys: str) -> Path:
        """The file that release.json names under these keys."""
        value: Any = self.manifest
        for key in keys:
            value = value[key]
        return self.folder / str(value)


def run(*command: str, folder: Path, seconds: float = 240.0, **environment: str) -> str:
    """Run a program that must end well."""
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def commit_all(folder: Path, message: str) -> None:
    """Make a commit of a folder, always at the same hour and by the same hand."""
    run("git", "add", "--all", folder=folder)
    run("git", "commit", "--quiet", "--message", message, folder=folder, seconds=240.0, **_HAND)
