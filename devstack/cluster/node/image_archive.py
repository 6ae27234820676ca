"""Writes small container images as docker-archive files, without any image tool.

Format: the tar that `docker save` makes, as the Docker Image Specification v1.2 describes it.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_image_archive(
    path: Path, *, tag: str, files: Mapping[str, bytes], entrypoint: Sequence[str], user: str = "65532:65532"
) -> None:
    """Write an image of one layer, the same bytes for the same input.

    Parameters
    ----------
    path
        The archive to write.
    tag
        The image's name, such as `localhost/tiny:1`.
    files
        Path in the image -> content; all are executable.
    entrypoint
        What the image runs.
    user
        Whom it runs as.
    """
    layer = _tar(files)
    machine = platform.machine()
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "User": user, "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
            "history": [{"created_by": "runops development stack"}],
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [tag], "Layers": ["layer.tar"]}]).encode()
    path.write_bytes(_tar({config_name: config, "layer.tar": layer, "manifest.json": manifest}))


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.lstrip("/"))
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
