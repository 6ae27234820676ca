"""What `make package` hands out, looked at as its users would."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from release.image_files import read_files
from release.layout import read_layout
from release.sbom import problems
from release.twice import differences, hashes
from tests.release.making import CHECKOUT, Release, run
from tests.release.registry import serving

pytestmark = [
    pytest.mark.timeout(2400),
    pytest.mark.slow(
        "the first two tests package the release in two clones; the second clone builds every image layer again",
        first=True,
    ),
]

_IMAGES = ("operator", "worker")
_LABEL = "org.opencontainers.image."


def _bill(release: Release, *keys: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(release.file(*keys, "sbom").read_text("utf-8"))
    return content


def _parts(bill: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {part["purl"].partition("@")[0]: part for part in bill["components"]}


def test_two_clones_give_the_same_bytes(release: Release, second_release: Release) -> None:
    one, two = hashes(release.folder), hashes(second_release.folder)

    assert len(one) == 9, "chart twice, two images, three bills, release.json, SHA256SUMS"
    assert differences(one, two) == []


def test_sums_are_those_of_every_file(release: Release) -> None:
    lines = (release.folder / "SHA256SUMS").read_text("ascii").splitlines()

    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert sums == {name: digest for name, digest in hashes(release.folder).items() if name != "SHA256SUMS"}


def test_manifest_tells_commit_and_digests(release: Release, clones: tuple[Path, Path]) -> None:
    manifest = release.manifest
    with (CHECKOUT / "pyproject.toml").open("rb") as stream:
        assert manifest["version"] == tomllib.load(stream)["project"]["version"]

    assert manifest["commit"] == run("git", "rev-parse", "HEAD", folder=clones[0]).strip()
    assert manifest["sourceDateEpoch"] == 1767323045
    assert manifest["chart"]["digest"] == read_layout(release.file("chart", "ociArchive")).manifest_digest
    archive = release.file("chart", "archive").read_bytes()
    assert manifest["chart"]["archiveDigest"] == f"sha256:{hashlib.sha256(archive).hexdigest()}"
    for which in _IMAGES:
        layout = read_layout(release.file("images", which, "ociArchive"))
        assert manifest["images"][which]["digest"] == layout.manifest_digest
        assert manifest["images"][which]["configDigest"] == layout.manifest["config"]["digest"]


def test_packed_chart_renders_as_the_checkout(release: Release, helm: Path, clones: tuple[Path, Path]) -> None:
    def rendered(chart: Path) -> str:
        values = str(CHECKOUT / "tests" / "chart" / "full-values.yaml")
        return run(str(helm), "template", "x", str(chart), "--namespace", "n", "--values", values, folder=CHECKOUT)

    packed = rendered(release.file("chart", "archive"))
    assert "kind: Deployment" in packed
    assert packed == rendered(clones[1] / "deploy" / "helm" / "runops-operator")


def test_chart_layout_has_helms_media_types_and_the_plain_archive(release: Release) -> None:
    layout = read_layout(release.file("chart", "ociArchive"))

    assert layout.reference == release.manifest["version"]
    assert layout.manifest["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
    (content,) = layout.manifest["layers"]
    assert content["mediaType"] == "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    assert content["digest"] == release.manifest["chart"]["archiveDigest"]
    assert layout.config["name"] == "runops-operator"


def test_helm_pulls_the_chart_from_a_registry_that_serves_the_layout(
    release: Release, helm: Path, tmp_path: Path
) -> None:
    version = release.manifest["version"]
    with serving(release.file("chart", "ociArchive")) as address:
        where = ("pull", f"oci://{address}/charts/runops-operator", "--version", version, "--plain-http")
        run(str(helm), *where, folder=tmp_path, HELM_REGISTRY_CONFIG=str(tmp_path / "none.json"))

    pulled = tmp_path / f"runops-operator-{version}.tgz"
    assert pulled.read_bytes() == release.file("chart", "archive").read_bytes()


@pytest.mark.parametrize("which", _IMAGES)
def test_image_is_labelled_with_what_it_was_made_of(release: Release, which: str) -> None:
    layout = read_layout(release.file("images", which, "ociArchive"))

    stamped = layout.config["config"]["Labels"]
    assert stamped[f"{_LABEL}title"] == f"runops-{which}"
    assert stamped[f"{_LABEL}revision"] == release.manifest["commit"]
    assert stamped[f"{_LABEL}version"] == release.manifest["version"]
    assert stamped[f"{_LABEL}created"] == layout.config["created"] == "2026-01-02T03:04:05Z"
    assert stamped[f"{_LABEL}source"].startswith("https://")
    assert ("GPL-3.0-or-later" in stamped[f"{_LABEL}licenses"]) == (which == "worker")
    assert layout.config["config"]["User"] == "65532:65532"
    assert layout.config["config"]["Entrypoint"] == [f"/opt/runops/bin/runops-{which}"]


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Buildah with an empty store: overlay where the file system below lets it, else plain copies of each layer."""
    if shutil.which("buildah") is None:
        # With Docker nothing here installs it, and Docker's own `load` does not read every layout.
        pytest.skip("NO BUILDAH, so this shows nothing: apt-get install buildah")
    folder = tmp_path_factory.mktemp("buildah")
    places = ["buildah", "--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver"]
    # Else a mount stays on the folder, which then cannot be deleted.
    overlay = [*places, "overlay", "--storage-opt", "overlay.skip_mount_home=true"]
    there = subprocess.run([*overlay, "info"], capture_output=True, timeout=240, check=False).returncode == 0
    yield overlay if there else [*places, "vfs"]
    shutil.rmtree(folder)


@pytest.mark.parametrize("which", _IMAGES)
def test_builder_reads_the_image_archive(release: Release, buildah: list[str], tmp_path: Path, which: str) -> None:
    archive = release.file("images", which, "ociArchive")
    read = run(*buildah, "pull", "--quiet", f"oci-archive:{archive}", folder=tmp_path, seconds=300)

    assert read.strip() == release.manifest["images"][which]["configDigest"].removeprefix("sha256:")


@pytest.fixture(scope="module")
def contents(release: Release, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Every file's name, and the content of small ones, in each image."""
    found = {}
    for which in _IMAGES:
        archive = release.file("images", which, "ociArchive")
        folder = tmp_path_factory.mktemp(which)
        layers = []
        with tarfile.open(archive) as packed:
            for layer in read_layout(archive).manifest["layers"]:
                stream = packed.extractfile(f"blobs/sha256/{layer['digest'].removeprefix('sha256:')}")
                assert stream is not None
                layers.append(folder / layer["digest"])
                with gzip.open(stream) as small, layers[-1].open("wb") as plain:
                    shutil.copyfileobj(small, plain, 1 << 20)
        found[which] = read_files(layers, re.compile(r"(?!.*/ffmpeg-).*"))
        shutil.rmtree(folder)
    return found


def _own_base(files: dict[str, bytes]) -> bool:
    """Tell our base from the published one, which Docker takes and which has its Python elsewhere."""
    return "usr/local/bin/python3.13" not in files


@pytest.mark.parametrize("which", _IMAGES)
def test_image_stays_within_its_size(release: Release, contents: dict[str, dict[str, bytes]], which: str) -> None:
    most = {"operator": 160e6, "worker": 350e6}[which] + (0 if _own_base(contents[which]) else 70e6)

    assert 50e6 < release.manifest["images"][which]["unpackedBytes"] <= most


@pytest.mark.parametrize("which", _IMAGES)
def test_image_holds_nothing_to_install_or_log_in_with(contents: dict[str, dict[str, bytes]], which: str) -> None:
    files = contents[which]
    folders = r"(usr/(local/)?)?s?bin/|opt/runops/bin/"
    programs = {path.rpartition("/")[2] for path in files if re.match(folders, path)}

    assert "python3.13" in programs
    assert "pip" not in programs
    assert not [path for path in files if "/site-packages/pip/" in path]
    if _own_base(files):
        unwanted = {"apt", "apt-get", "bash", "login", "mount", "openssl", "passwd", "perl", "su", "tar"}
        assert programs.isdisjoint(unwanted)
        assert not [path for path in files if path.startswith(("var/log/", "var/cache/", "tmp/"))]


@pytest.mark.parametrize("which", _IMAGES)
def test_image_holds_certificates_and_every_licence(contents: dict[str, dict[str, bytes]], which: str) -> None:
    files = contents[which]
    names = re.findall(r"(?m)^Package: (.+)$", files["var/lib/dpkg/status"].decode())

    assert len(names) > 30
    assert files["etc/ssl/certs/ca-certificates.crt"].count(b"BEGIN CERTIFICATE") > 100
    texts = {path.split("/")[3] for path in files if path.startswith("usr/share/doc/") and path.endswith("/copyright")}
    assert set(names) - texts == set()
    assert [path for path in files if re.search(r"site-packages/runops_operator-.*\.dist-info/licenses/LICENSE$", path)]


@pytest.mark.parametrize("keys", [("chart",), *(("images", which) for which in _IMAGES)], ids=str)
def test_bill_of_materials_follows_cyclonedx(release: Release, keys: tuple[str, ...]) -> None:
    text = release.file(*keys, "sbom").read_text("utf-8")

    assert problems(text) is None
    assert json.loads(text)["metadata"]["timestamp"] == "2026-01-02T03:04:05+00:00"


@pytest.mark.parametrize("which", _IMAGES)
def test_image_bill_has_every_package_with_hash_and_licence(
    release: Release, contents: dict[str, dict[str, bytes]], which: str
) -> None:
    parts = _parts(_bill(release, "images", which))
    lock = (CHECKOUT / "requirements" / f"{which}.txt").read_text("utf-8")
    installed = {path for path in contents[which] if path.endswith(".dist-info/METADATA")}
    debian = set(re.findall(r"(?m)^Package: (.+)$", contents[which]["var/lib/dpkg/status"].decode()))

    python = {name: part for name, part in parts.items() if name.startswith("pkg:pypi/")}
    assert len(python) == len(installed) > 20
    for name, part in python.items():
        (digest,) = part["hashes"]
        assert part["licenses"], name
        assert name == "pkg:pypi/runops-operator" or f"sha256:{digest['content']}" in lock, name
    deb = {part["name"]: part for name, part in parts.items() if name.startswith("pkg:deb/debian/")}
    assert set(deb) == debian
    assert all(part["licenses"] and "distro=debian-13" in part["purl"] for part in deb.values())


def test_workers_bill_names_ffmpeg_with_version_and_licence(release: Release) -> None:
    part = _parts(_bill(release, "images", "worker"))["pkg:generic/ffmpeg"]

    assert re.match(r"n?\d+\.\d", part["version"])
    assert part["licenses"] == [{"license": {"id": "GPL-3.0-or-later"}}]
    assert "pkg:generic/ffmpeg" not in _parts(_bill(release, "images", "operator"))
    assert "libx264" in {item["name"]: item["value"] for item in part["properties"]}["ffmpeg:libraries"]


def test_charts_bill_names_its_files_and_the_images_it_starts(release: Release) -> None:
    bill = _bill(release, "chart")

    started = {part["purl"] for part in bill["components"] if part["type"] == "container"}
    digests = [release.manifest["images"][which]["digest"] for which in _IMAGES]
    assert len(started) == 2
    assert all(any(digest in purl for purl in started) for digest in digests)
    assert "runops-operator/values.yaml" in {part["name"] for part in bill["components"]}


def test_nothing_handed_out_names_a_folder_of_this_machine(release: Release, clones: tuple[Path, Path]) -> None:
    for path in release.folder.iterdir():
        if path.suffix != ".tar":
            text = path.read_bytes()
            assert os.fsencode(clones[0]) not in text
            assert os.fsencode(Path.home() / ".cache") not in text
