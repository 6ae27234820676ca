"""The two programs that can build our Containerfiles: a Docker engine, or buildah with its own base image."""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devstack.images.base import ensure_base
from devstack.images.cache import Progress
from devstack.images.failure import ImageBuildFailed
from devstack.images.programs import capture, ensure_debian_programs, run

__all__ = ["Base", "Buildah", "Docker", "Engine", "choose_engine"]

PUBLISHED_BASE = "python:3.13-slim-trixie"
"""Where a registry can be reached; also the default in the Containerfiles."""

_BUILD_SECONDS = 1800.0
_PULL_SECONDS = 300.0
_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Base:
    """What an image starts from: its name in the engine, and a hash of its content."""

    reference: str
    identity: str


class Engine(Protocol):
    """What builds an image from a prepared context and writes it to a file."""

    @property
    def architecture(self) -> str:
        """Of the images: `x86_64` or `aarch64`."""
        ...

    def base(self, *, progress: Progress) -> Base:
        """Return the base image, made or pulled where it is missing."""
        ...

    def build(self, name: str, context: Path, *, base: Base, arguments: Mapping[str, str]) -> None:
        """Build the context's Containerfile under a name."""
        ...

    def save(self, name: str, archive: Path) -> None:
        """Write an image as a docker archive."""
        ...

    def forget_others(self, name: str) -> None:
        """Remove the engine's copies of the same repository under other tags."""
        ...


def _machine(word: str) -> str:
    machine = _MACHINES.get(word.lower())
    if machine is None:
        raise ImageBuildFailed(f"Images are built for x86_64 and aarch64; this engine is {word}.")
    return machine


class Docker:
    """A Docker engine that answers.

    Parameters
    ----------
    folder
        The cache folder.
    machine
        The engine's architecture as it calls it.
    """

    def __init__(self, folder: Path, machine: str) -> None:
        self._folder = folder
        self.architecture = _machine(machine)

    def base(self, *, progress: Progress) -> Base:
        """Return the published base; one of our own where its registry cannot be reached."""
        identity = self._identity(PUBLISHED_BASE)
        if identity is None:
            progress(f"pulling {PUBLISHED_BASE}")
            capture(["docker", "pull", "--quiet", PUBLISHED_BASE], timeout_seconds=_PULL_SECONDS)
            identity = self._identity(PUBLISHED_BASE)
        if identity is not None:
            return Base(PUBLISHED_BASE, identity)
        progress("the registry of the base image cannot be reached")
        tarball = ensure_base(self._folder, progress=progress)
        reference = f"runops.local/base:{tarball.identity[:16]}"
        if self._identity(reference) is None:
            run(
                ["docker", "import", str(tarball.archive), reference],
                purpose="importing the base image",
                timeout_seconds=_BUILD_SECONDS,
            )
        return Base(reference, tarball.identity)

    def build(self, name: str, context: Path, *, base: Base, arguments: Mapping[str, str]) -> None:
        """Build with BuildKit, without network."""
        run(
            [
                *("docker", "build", "--network", "none", "--file", str(context / "Containerfile"), "--tag", name),
                *_build_arguments(base, arguments),
                str(context),
            ],
            purpose=f"building {name}",
            timeout_seconds=_BUILD_SECONDS,
            environment={"DOCKER_BUILDKIT": "1"},
        )

    def save(self, name: str, archive: Path) -> None:
        """Write the image with `docker save`."""
        run(
            ["docker", "save", "--output", str(archive), name],
            purpose=f"saving {name}",
            timeout_seconds=_BUILD_SECONDS,
        )

    def forget_others(self, name: str) -> None:
        """Untag older builds; those that a container uses stay."""
        listed = capture(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name.rpartition(":")[0]])
        for other in (listed or "").splitlines():
            if other != name:
                capture(["docker", "image", "rm", other])

    def _identity(self, reference: str) -> str | None:
        return capture(["docker", "image", "inspect", "--format", "{{.Id}}", reference])


class Buildah:
    """Buildah as root, with its storage in the cache folder and chroot for isolation: no daemon, no registry.

    Parameters
    ----------
    folder
        The cache folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.architecture = _machine(platform.machine())
        self._options: list[str] = []

    def base(self, *, progress: Progress) -> Base:
        """Return the base made by mmdebstrap."""
        ensure_debian_programs(["buildah", "mmdebstrap"], progress=progress)
        tarball = ensure_base(self._folder, progress=progress)
        reference = f"localhost/runops-base:{tarball.identity[:16]}"
        if capture([*self._buildah(), "inspect", "--type", "image", reference]) is None:
            with tempfile.TemporaryDirectory(dir=self._folder) as temporary:
                context = Path(temporary)
                (context / "base.tar").hardlink_to(tarball.archive)
                (context / "Containerfile").write_text("FROM scratch\nADD base.tar /\n", "ascii")
                run(
                    [*self._buildah(), "bud", *_BUD, "--tag", reference, str(context)],
                    purpose="importing the base image",
                    timeout_seconds=_BUILD_SECONDS,
                )
        return Base(reference, tarball.identity)

    def build(self, name: str, context: Path, *, base: Base, arguments: Mapping[str, str]) -> None:
        """Build with layers, so that dependencies are installed once."""
        # What a build that was killed left behind; nobody else uses this storage while we hold the lock.
        capture([*self._buildah(), "rm", "--all"])
        run(
            [
                *(*self._buildah(), "bud", *_BUD, "--layers", "--force-rm", "--pull=false", "--tag", name),
                *_build_arguments(base, arguments),
                *("--file", str(context / "Containerfile"), str(context)),
            ],
            purpose=f"building {name}",
            timeout_seconds=_BUILD_SECONDS,
        )

    def save(self, name: str, archive: Path) -> None:
        """Write the image with `buildah push`."""
        run(
            [*self._buildah(), "push", "--quiet", name, f"docker-archive:{archive}:{name}"],
            purpose=f"saving {name}",
            timeout_seconds=_BUILD_SECONDS,
        )

    def forget_others(self, name: str) -> None:
        """Remove older builds with the layers that only they use."""
        repository = name.rpartition(":")[0]
        listed = capture(
            [*self._buildah(), "images", "--format", "{{.Name}}:{{.Tag}}", "--filter", f"reference={repository}"]
        )
        for other in (listed or "").splitlines():
            if other != name and other.startswith(f"{repository}:"):
                capture([*self._buildah(), "rmi", other])

    def _buildah(self) -> list[str]:
        """Return buildah with its storage: overlay where the file system below lets it, else plain copies."""
        if not self._options:
            for driver in ("overlay", "vfs"):
                root = self._folder / f"buildah-{driver}"
                run_root = Path(tempfile.gettempdir()) / f"runops-{hashlib.sha256(bytes(root)).hexdigest()[:12]}"
                options = ["buildah", "--storage-driver", driver, "--root", str(root), "--runroot", str(run_root)]
                if driver == "overlay":
                    # Else a mount stays on the cache folder, which then cannot be deleted.
                    options += ["--storage-opt", "overlay.skip_mount_home=true"]
                if driver == "vfs" or capture([*options, "info"]) is not None:
                    self._options = options
                    break
        return self._options


# A fixed time of the layers' files: the same content gives the same layer.
_BUD = ("--isolation", "chroot", "--network", "host", "--format", "docker", "--timestamp", "0")


def _build_arguments(base: Base, arguments: Mapping[str, str]) -> list[str]:
    given = {"BASE_IMAGE": base.reference, **arguments}
    return [word for key, value in given.items() for word in ("--build-arg", f"{key}={value}")]


def choose_engine(folder: Path) -> Engine:
    """Return the Docker engine where one answers, else buildah.

    Raises
    ------
    ImageBuildFailed
        There is no Docker engine, and buildah would need root.
    """
    machine = capture(["docker", "version", "--format", "{{.Server.Arch}}"])
    if machine:
        return Docker(folder, machine)
    if platform.system() != "Linux" or os.geteuid() != 0:
        raise ImageBuildFailed(
            "Building images needs a Docker engine that answers, or root on Debian or Ubuntu (for buildah). "
            "Start Docker, or run this as root."
        )
    return Buildah(folder)
