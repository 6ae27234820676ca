"""One release: everything that is handed out, in one folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devstack.cluster import ensure
from devstack.images import WHICH, Which, build
from devstack.images.cache import cache_folder
from devstack.images.sources import CHECKOUT
from devstack.images.wheels import ensure_wheels
from release.chart import ReleasedChart, release_chart
from release.commit import Commit, read_commit
from release.failure import ReleaseFailed
from release.image import ReleasedImage, release_image
from release.inventory import inventory, locked_hashes
from release.layout import read_layout
from release.packed_layers import PackedLayers
from release.sbom import Subject, chart_sbom, image_sbom

__all__ = ["Progress", "package", "project", "write_sums"]

Progress = Callable[[str], None]
"""Takes one line about what happens now."""

_PART = ".part-"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_TITLES: dict[Which, str] = {"operator": "runops-operator", "worker": "runops-worker"}


def project() -> tuple[str, str]:
    """Return the version and the address of the sources, from pyproject.toml."""
    with (CHECKOUT / "pyproject.toml").open("rb") as stream:
        table = tomllib.load(stream)["project"]
    return str(table["version"]), str(table["urls"]["Source"])


def package(target: Path, *, dirty_allowed: bool, progress: Progress) -> None:
    """Fill a folder with a release of the commit that is checked out.

    An older release in the folder is replaced when the new one is whole; until then it stays.

    Parameters
    ----------
    target
        The folder.
    dirty_allowed
        Whether files may differ from the commit.
    progress
        Told about long steps.

    Raises
    ------
    ReleaseFailed
        The checkout is not one that a release can be made of, or the folder holds something else.
    devstack.images.ImageBuildFailed
        An image could not be built.
    devstack.cluster.ClusterUnavailable
        helm could not be built.
    """
    commit = read_commit(CHECKOUT, dirty_allowed=dirty_allowed)
    version, source = project()
    helm = ensure("helm", progress)
    _refuse_other_files(target)
    target.mkdir(parents=True, exist_ok=True)
    # Inside the folder, since that is ignored by git: a run that was killed leaves no dirty checkout.
    partial = Path(tempfile.mkdtemp(prefix=_PART, dir=target))
    try:
        progress(f"packing the chart, version {version}")
        chart = release_chart(
            CHECKOUT / "deploy" / "helm" / "runops-operator",
            helm=helm,
            plain=partial / f"runops-operator-{version}.tgz",
            layout=partial / f"runops-operator-chart-{version}.oci.tar",
            version=version,
            commit=commit,
            source=source,
        )
        images = {
            which: _image(which, partial, version=version, commit=commit, source=source, progress=progress)
            for which in WHICH
        }
        _write_chart_sbom(partial, chart, images, commit)
        _write_manifest(partial, chart, images, version=version, commit=commit)
        write_sums(partial)
        for layout in sorted(partial.glob("*.oci.tar")):
            read_layout(layout)
        for path in target.iterdir():
            if path.is_file():
                path.unlink()
            elif path != partial:
                shutil.rmtree(path)
        for path in sorted(partial.iterdir()):
            path.rename(target / path.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _refuse_other_files(target: Path) -> None:
    """See to it that nothing but a release is deleted."""
    found = [path.name for path in target.iterdir() if not path.name.startswith(_PART)] if target.is_dir() else []
    if target.is_file() or (found and "release.json" not in found):
        raise ReleaseFailed(f"{target} holds something else than a release. Name an empty folder or a new one.")


def _image_file(which: Which, version: str, platform: dict[str, str]) -> str:
    """Return the name of an image's archive."""
    return f"{_TITLES[which]}-image-{version}-{platform['os']}-{platform['architecture']}.oci.tar"


def _image(
    which: Which, folder: Path, *, version: str, commit: Commit, source: str, progress: Progress
) -> ReleasedImage:
    built = build(which, progress=progress)
    progress(f"writing the image of the {which}")
    unnamed = folder / f"{which}.oci.tar"
    image = release_image(
        built.archive,
        unnamed,
        version=version,
        commit=commit,
        source=source,
        packed_layers=PackedLayers(cache_folder() / "packed-layers", progress=progress),
    )
    unnamed.rename(folder / _image_file(which, version, image.platform))
    wheels, _ = ensure_wheels(
        cache_folder(),
        CHECKOUT / "requirements" / f"{which}.txt",
        architecture=_MACHINES[image.platform["architecture"]],
        progress=progress,
    )
    hashes = locked_hashes(
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(wheels.iterdir())}
    )
    bill = image_sbom(
        _image_subject(which, image, version),
        inventory(image.files, hashes),
        distribution=_distribution(image.files),
        commit=commit,
    )
    (folder / f"{_TITLES[which]}-image-{version}.cdx.json").write_text(bill, "utf-8")
    return image


def _image_subject(which: Which, image: ReleasedImage, version: str) -> Subject:
    label = "org.opencontainers.image."
    return Subject(
        _TITLES[which], version, image.digest, image.labels[f"{label}licenses"], image.labels[f"{label}description"]
    )


def _distribution(files: dict[str, bytes]) -> str:
    text = (files.get("usr/lib/os-release") or files.get("etc/os-release") or b"").decode()
    facts = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    try:
        return f"{facts['ID']}-{facts['VERSION_ID']}".replace('"', "")
    except KeyError as error:
        raise ReleaseFailed(f"The image's os-release names no {error}; is its base a Debian?") from error


def _write_chart_sbom(folder: Path, chart: ReleasedChart, images: dict[Which, ReleasedImage], commit: Commit) -> None:
    subject = Subject(f"{chart.name}-chart", chart.version, chart.digest, "Apache-2.0", chart.description)
    started = [_image_subject(which, image, chart.version) for which, image in images.items()]
    bill = chart_sbom(subject, sorted(chart.files.items()), started, commit=commit)
    (folder / f"{chart.name}-chart-{chart.version}.cdx.json").write_text(bill, "utf-8")


def _write_manifest(
    folder: Path, chart: ReleasedChart, images: dict[Which, ReleasedImage], *, version: str, commit: Commit
) -> None:
    content: dict[str, Any] = {
        "version": version,
        "commit": commit.revision,
        "sourceDateEpoch": commit.seconds,
        "chart": {
            "name": chart.name,
            "archive": f"{chart.name}-{version}.tgz",
            "archiveDigest": chart.archive_digest,
            "ociArchive": f"{chart.name}-chart-{version}.oci.tar",
            "digest": chart.digest,
            "sbom": f"{chart.name}-chart-{version}.cdx.json",
        },
        "images": {
            which: {
                "name": _TITLES[which],
                "ociArchive": _image_file(which, version, image.platform),
                "digest": image.digest,
                "configDigest": image.config_digest,
                "platform": f"{image.platform['os']}/{image.platform['architecture']}",
                "packedBytes": image.packed_bytes,
                "unpackedBytes": image.unpacked_bytes,
                "sbom": f"{_TITLES[which]}-image-{version}.cdx.json",
            }
            for which, image in images.items()
        },
    }
    (folder / "release.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS for every file of a folder."""
    lines = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            lines.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {path.name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), "ascii")
