"""Releases of two architectures become images with one tag, read by a real builder for each of them."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from release.__main__ import main
from release.commit import Commit
from release.failure import ReleaseFailed
from release.image import release_image
from release.join import join
from release.packed_layers import PackedLayers
from tests.release.making import run

_COMMIT = Commit("c0ffee", 1767323045)
_LABELS = {f"org.opencontainers.image.{word}": word for word in ("title", "description", "licenses")}


def _tar(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def _built(folder: Path, architecture: str, layers: list[bytes]) -> Path:
    """Write a docker archive, as an engine does."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Labels": _LABELS},
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    names = [f"{number}.tar" for number in range(len(layers))]
    files = {
        **dict(zip(names, layers, strict=True)),
        "config.json": json.dumps(config).encode(),
        "manifest.json": json.dumps([{"Config": "config.json", "Layers": names}]).encode(),
    }
    path = folder / "built.tar"
    path.write_bytes(_tar(files))
    return path


@pytest.fixture
def release(tmp_path: Path) -> Callable[..., Path]:
    """Make a small release of one platform: the same layer for all, and one of its own."""

    def make(architecture: str, *, name: str = "", **changes: Any) -> Path:
        folder = tmp_path / (name or architecture)
        folder.mkdir()
        images = {}
        for which in ("operator", "worker"):
            layers = [_tar({"shared": b"for all"}), _tar({"program": f"{which} {architecture}".encode()})]
            file = f"runops-{which}-image-1.2.3-linux-{architecture}.oci.tar"
            image = release_image(
                _built(folder, architecture, layers),
                folder / file,
                version="1.2.3",
                commit=_COMMIT,
                source="https://example.invalid/x",
                packed_layers=PackedLayers(tmp_path / "packed", progress=print),
            )
            images[which] = {
                "name": f"runops-{which}",
                "ociArchive": file,
                "digest": image.digest,
                "configDigest": image.config_digest,
                "platform": f"linux/{architecture}",
            }
        content = {
            "version": "1.2.3",
            "commit": "c0ffee",
            "sourceDateEpoch": _COMMIT.seconds,
            "chart": {"digest": "sha256:chart"},
            "images": images,
        }
        (folder / "release.json").write_text(json.dumps({**content, **changes}))
        return folder

    return make


def test_the_joined_release_depends_on_the_releases_alone(release: Callable[..., Path], tmp_path: Path) -> None:
    one, two = release("amd64"), release("arm64")
    join([one, two], tmp_path / "a")
    assert main(["join", str(two), str(one), "--into", str(tmp_path / "b")]) == 0

    written = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert written == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert sorted(written) == [
        *("SHA256SUMS", "release.json", "runops-operator-image-1.2.3.oci.tar", "runops-worker-image-1.2.3.oci.tar"),
    ]
    sums = dict(line.split("  ")[::-1] for line in written["SHA256SUMS"].decode().splitlines())
    assert sums == {
        name: hashlib.sha256(content).hexdigest() for name, content in written.items() if name != "SHA256SUMS"
    }


def test_every_blob_is_there_once_and_has_its_hash(release: Callable[..., Path], tmp_path: Path) -> None:
    join([release("amd64"), release("arm64")], tmp_path / "all")
    told = json.loads((tmp_path / "all" / "release.json").read_text())["images"]["worker"]
    with tarfile.open(tmp_path / "all" / told["ociArchive"]) as archive:
        files = {entry.name: stream.read() for entry in archive if (stream := archive.extractfile(entry)) is not None}
    blobs = {name.rpartition("/")[2]: content for name, content in files.items() if name.startswith("blobs/")}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in blobs.items()} == {
        name: name for name in blobs
    }
    (tagged,) = json.loads(files["index.json"])["manifests"]
    assert tagged["digest"] == told["digest"]
    assert tagged["annotations"] == {"org.opencontainers.image.ref.name": "1.2.3"}
    index = json.loads(blobs[tagged["digest"].removeprefix("sha256:")])
    assert [item["platform"] for item in index["manifests"]] == [
        {"os": "linux", "architecture": architecture} for architecture in ("amd64", "arm64")
    ]
    assert told["platforms"] == {
        f"linux/{item['platform']['architecture']}": item["digest"] for item in index["manifests"]
    }
    # An index; for each platform a manifest, a configuration and a layer; and the layer that both have.
    assert len(blobs) == 1 + 2 * 3 + 1


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_a_builder_finds_the_image_of_its_architecture(
    release: Callable[..., Path], tmp_path: Path, architecture: str
) -> None:
    folders = {name: release(name) for name in ("amd64", "arm64")}
    join(list(folders.values()), tmp_path / "all")
    if shutil.which("buildah") is None:
        pytest.skip("NO BUILDAH, so this shows nothing: apt-get install buildah")
    archive = tmp_path / "all" / "runops-worker-image-1.2.3.oci.tar"
    places = ("--root", str(tmp_path / "store"), "--runroot", str(tmp_path / "run"), "--storage-driver", "vfs")
    read = run(
        "buildah", *places, "pull", "--quiet", f"--arch={architecture}", f"oci-archive:{archive}", folder=tmp_path
    )
    wanted = json.loads((folders[architecture] / "release.json").read_text())["images"]["worker"]["configDigest"]
    assert read.strip() == wanted.removeprefix("sha256:")


def test_what_does_not_belong_together_is_refused(release: Callable[..., Path], tmp_path: Path) -> None:
    good, target = release("amd64"), tmp_path / "all"
    for other, why in (
        (release("arm64", name="later", commit="decaf"), "differ in commit: c0ffee and decaf"),
        (release("arm64", name="charted", chart={"digest": "sha256:other"}), "hold different charts"),
        (release("amd64", name="again"), "for one platform: linux/amd64, linux/amd64"),
        (tmp_path / "nothing", "holds no release of one platform"),
    ):
        with pytest.raises(ReleaseFailed, match=why):
            join([good, other], target)
    with pytest.raises(ReleaseFailed, match="One release cannot be joined"):
        join([good], target)
    damaged = release("arm64", name="damaged")
    archive = next(damaged.glob("runops-operator*.oci.tar"))
    archive.write_bytes(archive.read_bytes().replace(b"\x1f\x8b", b"\x1f\x8c", 1))
    with pytest.raises(ReleaseFailed, match="has another hash"):
        join([good, damaged], target)


def test_a_folder_with_something_in_it_is_left_alone(release: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("keep")
    with pytest.raises(ReleaseFailed, match="is not empty"):
        join([release("amd64"), release("arm64")], tmp_path / "full")
    assert (tmp_path / "full" / "mine").read_text() == "keep"
