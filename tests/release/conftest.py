"""A release of the checkout as it is now, made once in each of two clones."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.cluster import ensure
from devstack.images.cache import cache_folder, exclusive
from tests.release.making import CHECKOUT, Release, commit_all, run

_NOT_OURS = (".git", ".venv", "dist", "build", "node_modules", "__pycache__")


def _files() -> list[str]:
    """The checkout's files as they are now, committed or not; it need not be a git clone."""
    if (CHECKOUT / ".git").exists():
        listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=CHECKOUT)
        return [name for name in listed.split("\0") if name and os.path.lexists(CHECKOUT / name)]
    found = []
    for folder, folders, files in os.walk(CHECKOUT):
        folders[:] = [name for name in folders if name not in _NOT_OURS]
        found += [str((Path(folder) / name).relative_to(CHECKOUT)) for name in files]
    return found


@pytest.fixture(scope="session")
def clones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two clones of one commit, which holds the checkout as it is now."""
    folder = tmp_path_factory.mktemp("clones")
    origin = folder / "origin"
    for name in _files():
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, origin / name, follow_symlinks=False)
    run("git", "init", "--quiet", folder=origin)
    commit_all(origin, "the checkout as it is now")
    for name in ("one", "two"):
        run("git", "clone", "--quiet", str(origin), name, folder=folder)
    yield folder / "one", folder / "two"
    # pytest keeps the folders of three runs; releases would be a gigabyte of them.
    shutil.rmtree(folder)


def _package(clone: Path, **environment: str) -> Release:
    run(sys.executable, "-m", "release", "package", folder=clone, seconds=900.0, **environment)
    return Release(clone / "dist")


@pytest.fixture(scope="session")
def release(clones: tuple[Path, Path]) -> Release:
    """The release of the first clone, from whatever is in the cache of this machine."""
    return _package(clones[0])


@pytest.fixture(scope="session")
def second_release(
    clones: tuple[Path, Path], release: Release, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Release]:
    """The release of the second clone. Layers are built again; base, wheels and compressed layers come from the cache.

    Only a layer of the very same content is found there, compressed. A layer that differs is compressed again and gives
    another release. `test_release_parts.py` shows that compressing depends on nothing but the content, and
    `make package-check` compresses everything twice.
    """
    assert release.folder.is_dir()
    cache = tmp_path_factory.mktemp("cache")
    images = cache / "runops-operator" / "images"
    images.mkdir(parents=True)
    (cache / "tmp").mkdir()
    (cache / "runops-operator" / "bin").symlink_to(cache_folder().parent / "bin")
    packed_layers = cache_folder() / "packed-layers"
    with exclusive(packed_layers, progress=print):
        shutil.copytree(packed_layers, images / packed_layers.name)
    for entry in [*cache_folder().glob("base-*"), *cache_folder().glob("wheels-*")]:
        if entry.is_dir():
            shutil.copytree(entry, images / entry.name)
        else:
            shutil.copyfile(entry, images / entry.name)
    yield _package(clones[1], XDG_CACHE_HOME=str(cache), TMPDIR=str(cache / "tmp"))
    shutil.rmtree(cache)


@pytest.fixture(scope="session")
def helm() -> Path:
    return Path(ensure("helm"))
