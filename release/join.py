"""Releases of one commit for several architectures, joined: each image under one tag, as an OCI index."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.failure import ReleaseFailed
from release.layout import (
    IMAGE_INDEX,
    IMAGE_MANIFEST,
    BlobFolder,
    Descriptor,
    canonical_json,
    read_layout,
    write_layout,
)
from release.package import write_sums

__all__ = ["join"]

_SAME = ("version", "commit", "sourceDateEpoch")


@dataclass(frozen=True, slots=True)
class _Release:
    folder: Path
    manifest: dict[str, Any]

    @property
    def platforms(self) -> set[str]:
        return {image["platform"] for image in self.manifest["images"].values()}


def join(folders: Sequence[Path], target: Path) -> None:
    """Write the images of several releases as layouts that hold all architectures, with checksums.

    The bytes depend on the releases alone, not on their order.

    Parameters
    ----------
    folders
        Each filled by `make package` on a machine of another architecture.
    target
        A folder that is empty or not there.

    Raises
    ------
    ReleaseFailed
        They are not of one commit, two are for the same platform, a layout is damaged, or the folder holds something.
    """
    releases = sorted((_read(folder) for folder in folders), key=lambda release: sorted(release.platforms))
    _check(releases)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ReleaseFailed(f"{target} is not empty. Name an empty folder or a new one.")
    target.mkdir(parents=True, exist_ok=True)
    first = releases[0].manifest
    images = {which: _join_image(which, releases, target) for which in first["images"]}
    content = {**{key: first[key] for key in _SAME}, "images": images}
    (target / "release.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    write_sums(target)


def _read(folder: Path) -> _Release:
    try:
        manifest: dict[str, Any] = json.loads((folder / "release.json").read_bytes())
        release = _Release(folder, manifest)
        known = all(key in manifest for key in (*_SAME, "chart")) and len(release.platforms) == 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        known = False
    if not known:
        raise ReleaseFailed(f"{folder} holds no release of one platform. `make package` makes one.")
    return release


def _check(releases: Sequence[_Release]) -> None:
    if len(releases) < 2:
        raise ReleaseFailed("One release cannot be joined. Name the folders of two architectures or more.")
    first = releases[0]
    for other in releases[1:]:
        for key in _SAME:
            if other.manifest[key] != first.manifest[key]:
                raise ReleaseFailed(
                    f"{first.folder} and {other.folder} differ in {key}: {first.manifest[key]} and "
                    f"{other.manifest[key]}. Make both from one commit."
                )
        if other.manifest["chart"]["digest"] != first.manifest["chart"]["digest"]:
            raise ReleaseFailed(f"{first.folder} and {other.folder} hold different charts. Make both from one commit.")
    platforms = [platform for release in releases for platform in release.platforms]
    if len(set(platforms)) < len(platforms):
        raise ReleaseFailed(f"Two of the releases are for one platform: {', '.join(sorted(platforms))}.")


def _join_image(which: str, releases: Sequence[_Release], target: Path) -> dict[str, Any]:
    version, name = releases[0].manifest["version"], releases[0].manifest["images"][which]["name"]
    file = target / f"{name}-image-{version}.oci.tar"
    with tempfile.TemporaryDirectory(prefix="join-", dir=target) as temporary:
        blobs, manifests = BlobFolder(Path(temporary)), []
        for release in releases:
            archive = release.folder / release.manifest["images"][which]["ociArchive"]
            layout = read_layout(archive)
            size = _take_blobs(archive, blobs)[layout.manifest_digest]
            manifests.append(
                {
                    **Descriptor(IMAGE_MANIFEST, layout.manifest_digest, size).as_json(),
                    "platform": {key: layout.config[key] for key in ("os", "architecture")},
                }
            )
        index = blobs.add(
            canonical_json({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": manifests}), IMAGE_INDEX
        )
        seconds = int(releases[0].manifest["sourceDateEpoch"])
        write_layout(blobs, index, file, reference=version, seconds=seconds, platform={})
    return {
        "name": name,
        "ociArchive": file.name,
        "digest": index.digest,
        "platforms": {
            "/".join((item["platform"]["os"], item["platform"]["architecture"])): item["digest"] for item in manifests
        },
    }


def _take_blobs(archive: Path, blobs: BlobFolder) -> dict[str, int]:
    """Copy the blobs of a layout that was checked; return their sizes by digest."""
    sizes = {}
    with tarfile.open(archive, mode="r:") as layout:
        for entry in layout:
            if (stream := layout.extractfile(entry)) is not None and entry.name.startswith("blobs/sha256/"):
                digest = f"sha256:{entry.name.rpartition('/')[2]}"
                blobs.copy(stream, digest)
                sizes[digest] = entry.size
    return sizes
