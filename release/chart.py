"""The chart, packed by helm, without what helm writes down of the hour; and the same as an OCI archive."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devstack.images.failure import ImageBuildFailed
from devstack.images.programs import run
from release.archives import compressed, plain_tar
from release.commit import Commit
from release.failure import ReleaseFailed
from release.layout import IMAGE_MANIFEST, BlobFolder, canonical_json, manifest_bytes, write_layout

__all__ = ["CONFIG", "CONTENT", "ReleasedChart", "chart_annotations", "normalised", "release_chart"]

CONFIG = "application/vnd.cncf.helm.config.v1+json"
CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_LABEL = "org.opencontainers.image."
_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class ReleasedChart:
    """The chart as it was written.

    Attributes
    ----------
    name, version, description
        As in Chart.yaml.
    digest
        Of its manifest.
    archive_digest
        `sha256:` and the hash of the plain archive, which is the manifest's one layer.
    files
        What is in it, by path.
    """

    name: str
    version: str
    description: str
    digest: str
    archive_digest: str
    files: dict[str, bytes]


def _read(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as packed:
        streams = [(entry.name, packed.extractfile(entry)) for entry in packed if entry.isfile()]
        return {name: stream.read() for name, stream in streams if stream is not None}


def normalised(archive: bytes, *, seconds: int) -> bytes:
    """Return a chart archive with the same files, in the order of their names, all of one time.

    Chart.yaml comes first, as helm has it: what only wants to know the chart's name then reads one block.
    """
    files = _read(archive)
    order = sorted(files, key=lambda name: (name.count("/") != 1 or not name.endswith("/Chart.yaml"), name))
    target = io.BytesIO()
    plain_tar([(name, files[name]) for name in order], target, seconds=seconds)
    return compressed(target.getvalue())


def chart_annotations(chart: dict[str, Any], *, commit: Commit, source: str) -> dict[str, str]:
    """Return the annotations of the chart's manifest."""
    return {
        f"{_LABEL}created": commit.timestamp,
        f"{_LABEL}description": str(chart["description"]),
        f"{_LABEL}licenses": str(chart.get("annotations", {}).get("licenses", "Apache-2.0")),
        f"{_LABEL}revision": commit.revision,
        f"{_LABEL}source": source,
        f"{_LABEL}title": str(chart["name"]),
        f"{_LABEL}version": str(chart["version"]),
    }


def release_chart(
    folder: Path, *, helm: Path, plain: Path, layout: Path, version: str, commit: Commit, source: str
) -> ReleasedChart:
    """Write the chart as the archive that `helm install` takes, and as the OCI archive that a registry takes.

    Parameters
    ----------
    folder
        The chart in the checkout.
    helm
        The program.
    plain, layout
        The two files to be written.
    version
        What Chart.yaml must say.
    commit
        Gives revision and times.
    source
        Address of the sources.

    Raises
    ------
    ReleaseFailed
        helm refused the chart, or it has another version.
    """
    with tempfile.TemporaryDirectory(prefix="release-chart-") as temporary:
        try:
            run(
                [str(helm), "package", str(folder), "--destination", temporary],
                purpose="helm package",
                timeout_seconds=_SECONDS,
            )
        except ImageBuildFailed as failure:
            raise ReleaseFailed(str(failure)) from failure
        (made,) = Path(temporary).glob("*.tgz")
        packed = normalised(made.read_bytes(), seconds=commit.seconds)
    files = _read(packed)
    (root,) = {name.partition("/")[0] for name in files}
    chart: dict[str, Any] = yaml.safe_load(files[f"{root}/Chart.yaml"])
    if chart["version"] != version or str(chart["appVersion"]) != version:
        raise ReleaseFailed(
            f"Chart.yaml says version {chart['version']}, appVersion {chart['appVersion']}; pyproject.toml says "
            f"{version}. Run: make version"
        )
    plain.write_bytes(packed)
    with tempfile.TemporaryDirectory(prefix="release-", dir=layout.parent) as temporary:
        blobs = BlobFolder(Path(temporary))
        config = blobs.add(canonical_json(json.loads(json.dumps(chart))), CONFIG)
        content = blobs.add(packed, CONTENT)
        stamped = chart_annotations(chart, commit=commit, source=source)
        manifest = blobs.add(manifest_bytes(config, [content], stamped), IMAGE_MANIFEST)
        write_layout(blobs, manifest, layout, reference=version, seconds=commit.seconds, platform={})
    return ReleasedChart(
        name=chart["name"],
        version=version,
        description=chart["description"],
        digest=manifest.digest,
        archive_digest=f"sha256:{hashlib.sha256(packed).hexdigest()}",
        files=files,
    )
