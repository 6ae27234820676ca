"""OCI image layouts as one tar file: what `skopeo copy`, `oras copy`, `buildah pull` and containerd's import read."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from release.archives import plain_tar
from release.failure import ReleaseFailed

__all__ = [
    "IMAGE_INDEX",
    "IMAGE_MANIFEST",
    "BlobFolder",
    "Descriptor",
    "Layout",
    "canonical_json",
    "manifest_bytes",
    "read_layout",
    "write_layout",
]

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"
_REFERENCE_NAME = "org.opencontainers.image.ref.name"
_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob as a manifest names it.

    Attributes
    ----------
    media_type
        What it is.
    digest
        `sha256:` and the hash of its bytes.
    size
        Bytes.
    """

    media_type: str
    digest: str
    size: int

    def as_json(self) -> dict[str, Any]:
        """Return the object that stands in a manifest."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout that was read and whose every digest is right.

    Attributes
    ----------
    reference
        The tag it is found under.
    manifest_digest
        Of its one manifest.
    manifest, config
        Both as objects.
    """

    reference: str
    manifest_digest: str
    manifest: dict[str, Any]
    config: dict[str, Any]


class BlobFolder:
    """Blobs on their way into a layout, each in a file named by its hash.

    Parameters
    ----------
    folder
        An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, content: bytes, media_type: str) -> Descriptor:
        """Keep bytes."""
        digest = hashlib.sha256(content).hexdigest()
        (self._folder / digest).write_bytes(content)
        return Descriptor(media_type, f"sha256:{digest}", len(content))

    def take(self, path: Path, media_type: str) -> Descriptor:
        """Keep a file, which is moved."""
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        kept = path.replace(self._folder / digest)
        return Descriptor(media_type, f"sha256:{digest}", kept.stat().st_size)

    def copy(self, stream: IO[bytes], digest: str) -> None:
        """Keep a copy of bytes whose digest is known."""
        with (self._folder / digest.removeprefix("sha256:")).open("wb") as kept:
            shutil.copyfileobj(stream, kept)

    def files(self) -> list[Path]:
        """Return all blobs, ordered by hash."""
        return sorted(self._folder.iterdir())


def canonical_json(value: Any) -> bytes:
    """Return JSON that depends on the value alone."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def manifest_bytes(config: Descriptor, layers: Sequence[Descriptor], annotations: Mapping[str, str]) -> bytes:
    """Return an image manifest."""
    return canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": config.as_json(),
            "layers": [layer.as_json() for layer in layers],
            "annotations": dict(annotations),
        }
    )


def write_layout(
    blobs: BlobFolder, manifest: Descriptor, target: Path, *, reference: str, seconds: int, platform: Mapping[str, str]
) -> None:
    """Write blobs and their manifest as a layout.

    Parameters
    ----------
    blobs
        Everything the manifest names, and itself.
    manifest
        The manifest.
    target
        The tar file to be written.
    reference
        The tag under which the manifest is found.
    seconds
        Time of every file in the archive, since 1970.
    platform
        What an image runs on; empty for what is no image.
    """
    named = {**manifest.as_json(), "annotations": {_REFERENCE_NAME: reference}}
    if platform:
        named["platform"] = dict(platform)
    index = canonical_json({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [named]})
    files: list[tuple[str, bytes | Path]] = [
        ("oci-layout", canonical_json({"imageLayoutVersion": "1.0.0"})),
        ("index.json", index),
        *((f"blobs/sha256/{path.name}", path) for path in blobs.files()),
    ]
    with target.open("wb") as stream:
        plain_tar(files, stream, seconds=seconds)


def read_layout(path: Path) -> Layout:
    """Read a layout and check it: one manifest, every blob named and there, every hash and size right.

    Raises
    ------
    ReleaseFailed
        Something in it is wrong; the message says what.
    """
    sizes: dict[str, int] = {}
    kept: dict[str, bytes] = {}
    with tarfile.open(path, mode="r:") as archive:
        for entry in archive:
            stream = archive.extractfile(entry)
            if stream is None:
                raise ReleaseFailed(f"{path.name} holds {entry.name}, which is no file; build the release anew.")
            found = _BLOB.fullmatch(entry.name)
            if found is None:
                kept[entry.name] = stream.read()
                continue
            digest = hashlib.sha256()
            whole = b""
            while block := stream.read(1 << 20):
                digest.update(block)
                # Manifests and configurations are small; of a layer only the hash is wanted.
                whole = block if entry.size <= len(block) else b""
            if digest.hexdigest() != found[1]:
                raise ReleaseFailed(f"{path.name}: the content of {entry.name} has another hash; build it anew.")
            sizes[f"sha256:{found[1]}"] = entry.size
            if whole:
                kept[f"sha256:{found[1]}"] = whole
    return _checked(path.name, sizes, kept)


def _checked(name: str, sizes: Mapping[str, int], kept: Mapping[str, bytes]) -> Layout:
    try:
        version = json.loads(kept["oci-layout"])["imageLayoutVersion"]
        (named,) = json.loads(kept["index.json"])["manifests"]
        manifest = json.loads(kept[named["digest"]])
        config = json.loads(kept[manifest["config"]["digest"]])
        reference = named["annotations"][_REFERENCE_NAME]
        wanted = [named, manifest["config"], *manifest["layers"]]
        wrong = [item["digest"] for item in wanted if sizes.get(item["digest"]) != item["size"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ReleaseFailed(f"{name} is no OCI layout of one image ({error!r}); build the release anew.") from error
    if version != "1.0.0" or wrong:
        raise ReleaseFailed(f"{name} lacks or has in another size: {', '.join(wrong) or 'oci-layout 1.0.0'}.")
    if surplus := set(sizes) - {item["digest"] for item in wanted}:
        raise ReleaseFailed(f"{name} holds blobs that nothing names: {', '.join(sorted(surplus))}.")
    return Layout(reference, named["digest"], manifest, config)
