"""An image of the development build as an OCI archive, labelled with what it was released as."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.archives import rewrite_tar
from release.commit import Commit
from release.failure import ReleaseFailed
from release.image_files import read_files
from release.layout import IMAGE_MANIFEST, BlobFolder, Descriptor, canonical_json, manifest_bytes, write_layout
from release.packed_layers import PackedLayers

__all__ = ["ReleasedImage", "labels", "release_image", "released_config"]

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_LABEL = "org.opencontainers.image."
# What the engine fills in by itself or for itself.
_KEPT = ("architecture", "config", "os", "variant")
_KEPT_CONFIG = ("Cmd", "Entrypoint", "Env", "Labels", "User", "WorkingDir")


@dataclass(frozen=True, slots=True)
class ReleasedImage:
    """An image as it was written.

    Attributes
    ----------
    digest, config_digest
        Of its manifest and its configuration.
    platform
        `os` and `architecture`.
    unpacked_bytes, packed_bytes
        Of all layers.
    labels
        As they stand in the image.
    files
        Those that tell what is in it, by path.
    """

    digest: str
    config_digest: str
    platform: dict[str, str]
    unpacked_bytes: int
    packed_bytes: int
    labels: dict[str, str]
    files: dict[str, bytes]


def labels(built: Mapping[str, str], *, version: str, commit: Commit, source: str) -> dict[str, str]:
    """Return an image's labels: title, licences and description as built, the rest as released."""
    kept = {f"{_LABEL}{word}" for word in ("title", "description", "licenses")}
    if missing := kept - built.keys():
        raise ReleaseFailed(f"The image lacks {', '.join(sorted(missing))}; its Containerfile sets them.")
    return {key: value for key, value in built.items() if key in kept} | {
        f"{_LABEL}created": commit.timestamp,
        f"{_LABEL}revision": commit.revision,
        f"{_LABEL}source": source,
        f"{_LABEL}version": version,
    }


def released_config(
    built: Mapping[str, Any], layers: list[str], *, labels: Mapping[str, str], commit: Commit
) -> dict[str, Any]:
    """Return the configuration of the released image.

    Parameters
    ----------
    built
        The engine's configuration.
    layers
        Hash of each layer's tar file.
    labels
        What `labels` gave.
    commit
        The commit of the release.
    """
    config = {key: built[key] for key in _KEPT if key in built}
    config["config"] = {key: built["config"][key] for key in _KEPT_CONFIG if built["config"].get(key)}
    config["config"]["Labels"] = dict(labels)
    config["created"] = commit.timestamp
    config["rootfs"] = {"type": "layers", "diff_ids": layers}
    config["history"] = [{"created": commit.timestamp, "comment": "runops release"} for _ in layers]
    return config


def release_image(
    archive: Path, target: Path, *, version: str, commit: Commit, source: str, packed_layers: PackedLayers
) -> ReleasedImage:
    """Write a docker archive as an OCI archive that depends on content and commit alone.

    Parameters
    ----------
    archive
        What `docker save` or `buildah push docker-archive:` wrote, layers not compressed.
    target
        The tar file to be written.
    version
        The tag.
    commit
        Gives revision and times.
    source
        Address of the sources.
    packed_layers
        Compresses its layers.

    Raises
    ------
    ReleaseFailed
        The archive holds no image, or one without its labels.
    """
    with tempfile.TemporaryDirectory(prefix="release-", dir=target.parent) as temporary:
        unpacked, blob_folder = Path(temporary) / "built", Path(temporary) / "blobs"
        blob_folder.mkdir()
        with tarfile.open(archive, mode="r:") as saved:
            # Python 3.11.2, which Debian 12 has, knows no argument `filter` (3.11.4 does).
            saved.extraction_filter = getattr(tarfile, "data_filter", None)
            saved.extractall(unpacked)  # noqa: S202 - an archive that this program has just made
        try:
            (entry,) = json.loads((unpacked / "manifest.json").read_bytes())
            built = json.loads((unpacked / entry["Config"]).read_bytes())
            layer_files = [unpacked / name for name in entry["Layers"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReleaseFailed(f"{archive} is no docker archive of one image ({error!r}); build it anew.") from error
        blobs = BlobFolder(blob_folder)
        plain: list[Path] = []
        diff_ids: list[str] = []
        layers: list[Descriptor] = []
        for number, layer in enumerate(layer_files):
            rewritten = Path(temporary) / f"layer-{number}.tar"
            packed = Path(temporary) / f"layer-{number}.tar.gz"
            # A layer may be a link to another; both hold the content.
            with layer.open("rb") as old, rewritten.open("wb") as new:
                rewrite_tar(old, new, latest=commit.seconds)
            plain.append(rewritten)
            diff_ids.append(_digest(rewritten))
            packed_layers.write(rewritten, diff_ids[-1], packed)
            layers.append(blobs.take(packed, _LAYER))
        stamped = labels(built["config"].get("Labels") or {}, version=version, commit=commit, source=source)
        config = released_config(built, diff_ids, labels=stamped, commit=commit)
        config_blob = blobs.add(canonical_json(config), _CONFIG)
        manifest = blobs.add(manifest_bytes(config_blob, layers, stamped), IMAGE_MANIFEST)
        platform = {"os": config["os"], "architecture": config["architecture"]}
        write_layout(blobs, manifest, target, reference=version, seconds=commit.seconds, platform=platform)
        return ReleasedImage(
            digest=manifest.digest,
            config_digest=config_blob.digest,
            platform=platform,
            unpacked_bytes=sum(path.stat().st_size for path in plain),
            packed_bytes=sum(layer.size for layer in layers),
            labels=stamped,
            files=read_files(plain),
        )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
