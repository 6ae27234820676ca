"""The decisions of the release program, on small made-up input."""

import datetime as dt
import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import pytest

from release import packed_layers
from release.__main__ import main
from release.archives import compress, compressed, plain_tar, rewrite_tar
from release.chart import normalised
from release.commit import Commit, read_commit
from release.failure import ReleaseFailed
from release.image import release_image
from release.image_files import read_files
from release.inventory import Part, debian_packages, ffmpeg, interpreter, locked_hashes, python_packages
from release.layout import IMAGE_MANIFEST, BlobFolder, manifest_bytes, read_layout, write_layout
from release.package import project
from release.packed_layers import PackedLayers
from release.sbom import Subject, image_sbom, problems
from release.twice import differences
from release.version import chart_file, with_version, write_chart_version
from tests.release.making import CHECKOUT, commit_all, run

_COMMIT = Commit("c0ffee", 1767323045)
_LABELS = {f"org.opencontainers.image.{word}": word for word in ("title", "description", "licenses")}


def _tar(entries: dict[str, bytes | str | None], *, mtime: float = 0.0, owner: str = "") -> bytes:
    """Make a tar file: bytes are files, None is a folder, a str a link's target."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.mtime = mtime
            entry.uname = entry.gname = owner
            if content is None:
                entry.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
            else:
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content) if isinstance(content, bytes) else None)
    return target.getvalue()


def _image(path: Path, layers: list[bytes], labels: dict[str, str] | None = None, created: str = "now") -> Path:
    """Write a docker archive."""
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": {"Labels": _LABELS if labels is None else labels, "User": "65532:65532", "Hostname": created},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [{"created": created}],
    }
    names = [f"{number}.tar" for number in range(len(layers))]
    manifest = [{"Config": "config.json", "RepoTags": ["x:y"], "Layers": names}]
    files: dict[str, bytes | str | None] = dict(zip(names, layers, strict=True))
    files["config.json"] = json.dumps(config).encode()
    files["manifest.json"] = json.dumps(manifest).encode()
    path.write_bytes(_tar(files))
    return path


def _released(archive: Path) -> tuple[Any, bytes]:
    target = archive.with_suffix(".oci.tar")
    image = release_image(
        archive,
        target,
        version="1.2.3",
        commit=_COMMIT,
        source="https://example.invalid/x",
        packed_layers=PackedLayers(archive.parent / "packed", progress=print),
    )
    return image, target.read_bytes()


# archives


def test_gzip_tells_neither_name_nor_hour() -> None:
    packed = compressed(b"content")

    assert gzip.decompress(packed) == b"content"
    assert packed[4:8] == b"\0\0\0\0"
    assert packed[3] == 0, "no file name"


def test_gzip_of_a_layer_depends_on_its_content_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = random.Random(7).randbytes(1 << 20) + b"runops" * (1 << 19)  # noqa: S311 - the same each time
    made = []
    for hour, name in ((1e9, "one"), (2e9, "two")):
        monkeypatch.setattr("time.time", lambda hour=hour: hour)
        (tmp_path / name).write_bytes(content)
        with (tmp_path / name).open("rb") as layer, (tmp_path / f"{name}.gz").open("wb") as target:
            compress(layer, target)
        made.append((tmp_path / f"{name}.gz").read_bytes())

    assert made[0] == made[1]
    assert gzip.decompress(made[0]) == content


def test_plain_tar_is_roots_and_of_the_given_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"from a file")
    target = io.BytesIO()
    plain_tar([("b", b"bytes"), ("a", tmp_path / "file")], target, seconds=7)

    with tarfile.open(fileobj=io.BytesIO(target.getvalue())) as archive:
        entries = archive.getmembers()
        assert [(entry.name, entry.mtime, entry.mode, entry.uid) for entry in entries] == [
            ("b", 7, 0o644, 0),
            ("a", 7, 0o644, 0),
        ]
        stream = archive.extractfile("a")
        assert stream is not None
        assert stream.read() == b"from a file"


def test_layer_is_rewritten_without_hour_and_owners_names() -> None:
    entries: dict[str, bytes | str | None] = {"d": None, "d/f": b"1" * 5000, "l": "d/f"}
    written = []
    for mtime, owner in ((2e9 + 0.25, "me"), (1.9e9, "you")):
        target = io.BytesIO()
        rewrite_tar(io.BytesIO(_tar(entries, mtime=mtime, owner=owner)), target, latest=100)
        written.append(target.getvalue())

    assert written[0] == written[1]
    with tarfile.open(fileobj=io.BytesIO(written[0])) as archive:
        assert [(entry.name, entry.type) for entry in archive] == [
            ("d", tarfile.DIRTYPE),
            ("d/f", tarfile.REGTYPE),
            ("l", tarfile.SYMTYPE),
        ]
        assert {entry.mtime for entry in archive.getmembers()} == {100}


def test_older_times_and_extended_attributes_of_a_layer_stay() -> None:
    source = io.BytesIO()
    with tarfile.open(fileobj=source, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("ping")
        entry.mtime = 5
        entry.pax_headers = {"SCHILY.xattr.user.note": "kept", "atime": "9.5"}
        archive.addfile(entry)
    target = io.BytesIO()
    rewrite_tar(io.BytesIO(source.getvalue()), target, latest=100)

    with tarfile.open(fileobj=io.BytesIO(target.getvalue())) as archive:
        (kept,) = archive.getmembers()
    assert kept.mtime == 5
    assert kept.pax_headers == {"SCHILY.xattr.user.note": "kept"}


# packed layers


@pytest.fixture
def compressions(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was compressed, in order."""
    done: list[bytes] = []

    def noted(source: IO[bytes], target: IO[bytes]) -> None:
        done.append(source.read())
        source.seek(0)
        compress(source, target)

    monkeypatch.setattr(packed_layers, "compress", noted)
    return done


def _packed(folder: Path, content: bytes) -> bytes:
    layer, target = folder / "layer.tar", folder / "layer.tar.gz"
    layer.write_bytes(content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    PackedLayers(folder / "kept", progress=print).write(layer, digest, target)
    return target.read_bytes()


def test_layer_is_compressed_once_and_always_given_the_same(tmp_path: Path, compressions: list[bytes]) -> None:
    given = [_packed(tmp_path, content) for content in (b"base", b"code 1", b"base", b"code 2")]

    assert given == [compressed(content) for content in (b"base", b"code 1", b"base", b"code 2")]
    assert compressions == [b"base", b"code 1", b"code 2"]


@pytest.mark.parametrize("damage", [lambda kept: kept[:-9], lambda _: b"", lambda _: gzip.compress(b"other")])
def test_kept_layer_that_is_damaged_is_compressed_again(
    tmp_path: Path, compressions: list[bytes], damage: Callable[[bytes], bytes]
) -> None:
    _packed(tmp_path, b"base")
    (kept,) = (tmp_path / "kept").glob("*.gz")
    kept.write_bytes(damage(kept.read_bytes()))

    assert _packed(tmp_path, b"base") == compressed(b"base")
    assert _packed(tmp_path, b"base") == compressed(b"base")
    assert compressions == [b"base"] * 2


def test_layers_of_two_releases_are_kept(tmp_path: Path) -> None:
    for number in range(14):
        _packed(tmp_path, b"%d" % number)

    assert len(list((tmp_path / "kept").glob("*.gz"))) == 10


# layouts


def _layout(path: Path, *, surplus: bool = False, spoilt: bool = False) -> Path:
    folder = path.with_suffix(".blobs")
    folder.mkdir()
    blobs = BlobFolder(folder)
    config, layer = blobs.add(b"{}", "config/x"), blobs.add(b"content", "layer/x")
    if surplus:
        blobs.add(b"nobody asked", "layer/x")
    manifest = blobs.add(manifest_bytes(config, [layer], {"a": "b"}), IMAGE_MANIFEST)
    if spoilt:
        (folder / layer.digest.removeprefix("sha256:")).write_bytes(b"c0ntent")
    write_layout(blobs, manifest, path, reference="1.2.3", seconds=1, platform={})
    return path


def test_layout_is_read_back(tmp_path: Path) -> None:
    layout = read_layout(_layout(tmp_path / "a.tar"))

    assert layout.reference == "1.2.3"
    assert layout.manifest["annotations"] == {"a": "b"}
    assert layout.config == {}
    assert (tmp_path / "a.tar").read_bytes() == _layout(tmp_path / "b.tar").read_bytes()


def test_layout_with_another_content_than_its_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseFailed, match="has another hash"):
        read_layout(_layout(tmp_path / "a.tar", spoilt=True))


def test_layout_with_a_blob_nobody_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseFailed, match="nothing names"):
        read_layout(_layout(tmp_path / "a.tar", surplus=True))


def test_tar_that_is_no_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(_tar({"oci-layout": b"{}"}))

    with pytest.raises(ReleaseFailed, match="no OCI layout"):
        read_layout(tmp_path / "a.tar")


# chart


def test_charts_archive_depends_on_names_and_contents_alone() -> None:
    def packed(names: list[str], mtime: float) -> bytes:
        return gzip.compress(_tar({name: name.encode() for name in names}, mtime=mtime))

    names = ["c/values.yaml", "c/Chart.yaml", "c/templates/a.yaml", "c/charts/d/Chart.yaml"]
    one, two = normalised(packed(names, 5e8), seconds=9), normalised(packed(names[::-1], 6e8), seconds=9)

    assert one == two
    with tarfile.open(fileobj=io.BytesIO(one)) as archive:
        assert archive.getnames() == ["c/Chart.yaml", "c/charts/d/Chart.yaml", "c/templates/a.yaml", "c/values.yaml"]


# images


def test_image_depends_on_content_and_commit_alone(tmp_path: Path) -> None:
    written = [
        _released(_image(tmp_path / name, [_tar({"f": b"1"}, mtime=mtime)], created=name))[1]
        for name, mtime in (("one", 1.9e9), ("two", 2e9))
    ]

    assert written[0] == written[1]


def test_image_carries_the_releases_labels_and_not_the_builders_name(tmp_path: Path) -> None:
    image, _ = _released(_image(tmp_path / "image", [_tar({"f": b"1"}), _tar({"g": b"2"})]))
    layout = read_layout(tmp_path / "image.oci.tar")

    assert layout.config["config"]["Labels"] == _LABELS | {
        "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
        "org.opencontainers.image.revision": "c0ffee",
        "org.opencontainers.image.source": "https://example.invalid/x",
        "org.opencontainers.image.version": "1.2.3",
    }
    assert "Hostname" not in layout.config["config"]
    assert len(layout.config["rootfs"]["diff_ids"]) == len(layout.manifest["layers"]) == 2
    assert image.platform == {"os": "linux", "architecture": "amd64"}


def test_image_without_its_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseFailed, match=r"lacks org\.opencontainers\.image\.description"):
        _released(_image(tmp_path / "image", [_tar({"f": b"1"})], labels={}))


def test_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(_tar({"f": b"1"}))

    with pytest.raises(ReleaseFailed, match="no docker archive"):
        _released(tmp_path / "image")


def test_files_are_those_a_container_would_see(tmp_path: Path) -> None:
    def dist(name: str) -> str:
        return f"lib/{name}.dist-info/METADATA"

    layers: list[dict[str, bytes | str | None]] = [
        {dist("a"): b"old", dist("b"): b"gone", "x/c.dist-info/METADATA": b"gone", "lib/other": b"not asked for"},
        {dist("a"): b"new", "lib/.wh.b.dist-info": b"", "x/.wh..wh..opq": b"", "x/d.dist-info/METADATA": b"d"},
        {"usr/share/doc/m/copyright": b"text", "usr/share/doc/l": "m"},
    ]
    paths = []
    for number, layer in enumerate(layers):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(_tar(layer))

    assert read_files(paths) == {
        dist("a"): b"new",
        "x/d.dist-info/METADATA": b"d",
        "usr/share/doc/m/copyright": b"text",
        "usr/share/doc/l/copyright": b"text",
    }


# inventory


@pytest.mark.parametrize(
    ("header", "licences"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: no", ("MIT OR Apache-2.0",)),
        ("License: BSD-3-Clause", ("BSD-3-Clause",)),
        (f"License: {'text ' * 50}\nClassifier: License :: OSI Approved :: MIT License", ("MIT License",)),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License", ("MIT License",)),
        ("Classifier: Topic :: Software", ()),
    ],
)
def test_python_packages_licence_is_the_best_that_is_told(header: str, licences: tuple[str, ...]) -> None:
    content = f"Metadata-Version: 2.4\nName: Some_Thing\nVersion: 1.0\nSummary: One line\n{header}\n\nLong text"
    hashes = locked_hashes({"some_thing-1.0-py3-none-any.whl": "5" * 64, "requirements.txt": "6" * 64})

    assert python_packages({"a/some_thing-1.0.dist-info/METADATA": content.encode()}, hashes) == [
        Part("pypi", "some-thing", "1.0", licences, sha256="5" * 64, description="One line")
    ]


def test_wheel_that_no_lock_names_has_the_hash_pip_wrote_down() -> None:
    record = {"archive_info": {"hashes": {"sha256": "7" * 64}}, "url": "file:///code/x.whl"}
    files = {
        "x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n\n",
        "x-1.dist-info/direct_url.json": json.dumps(record).encode(),
    }

    assert [part.sha256 for part in python_packages(files, {})] == ["7" * 64]


def test_debian_packages_are_those_installed_with_source_and_licences() -> None:
    status = (
        "Package: libx1\nStatus: install ok installed\nSource: x (1.0-2)\nVersion: 1.0-2+b1\nArchitecture: amd64\n"
        "Description: does x\n more\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
        "Package: y\nStatus: install ok installed\nVersion: 2\nArchitecture: all\n"
    )
    files = {
        "var/lib/dpkg/status": status.encode(),
        "usr/share/doc/libx1/copyright": b"Format: x\n\nFiles: *\nLicense: MIT\n t\n\nLicense: GPL-2+\n\nLicense: MIT",
        "usr/share/doc/y/copyright": b"This is y.\nLicense: none in the machine's form\n",
    }

    x, y = debian_packages(files)
    assert (x.name, x.version, x.architecture, x.licences) == ("libx1", "1.0-2+b1", "amd64", ("MIT", "GPL-2+"))
    assert x.notes == (("debian:source", "x"), ("debian:source-version", "1.0-2"))
    assert y.licences == ("see /usr/share/doc/y/copyright",)
    assert y.notes == (("debian:source", "y"), ("debian:source-version", "2"))


def test_ffmpeg_is_told_as_it_tells_itself() -> None:
    import imageio_ffmpeg  # noqa: PLC0415 - the worker's, here only to be looked at

    program = Path(imageio_ffmpeg.get_ffmpeg_exe())
    (part,) = ffmpeg({f"lib/imageio_ffmpeg/binaries/{program.name}": program.read_bytes()})
    told = run(str(program), "-version", folder=CHECKOUT)

    assert told.startswith(f"ffmpeg version {part.version} ")
    assert f"configuration: {dict(part.notes)['ffmpeg:configuration']}\n" in told
    assert part.licences == ("GPL-3.0-or-later",)
    assert "GNU General Public License" in run(str(program), "-L", folder=CHECKOUT)


@pytest.mark.parametrize(
    ("options", "licence"),
    [
        ("--enable-gpl --enable-version3", "GPL-3.0-or-later"),
        ("--enable-gpl", "GPL-2.0-or-later"),
        ("--enable-version3", "LGPL-3.0-or-later"),
        ("--enable-shared", "LGPL-2.1-or-later"),
    ],
)
def test_ffmpegs_licence_follows_from_how_it_was_built(options: str, licence: str) -> None:
    program = f"\0FFmpeg version 9.1\0--prefix=/x {options} {'--enable-libx ' * 20}\0".encode()

    (part,) = ffmpeg({"a/imageio_ffmpeg/binaries/ffmpeg-linux": program})
    assert (part.version, part.licences) == ("9.1", (licence,))


def test_ffmpeg_that_may_not_be_passed_on_stops_the_release() -> None:
    program = f"\0FFmpeg version 9.1\0--prefix=/x --enable-nonfree {'--enable-libx ' * 20}\0".encode()

    with pytest.raises(ReleaseFailed, match="nonfree"):
        ffmpeg({"a/imageio_ffmpeg/binaries/ffmpeg-linux": program})


def test_ffmpeg_that_tells_nothing_stops_the_release() -> None:
    with pytest.raises(ReleaseFailed, match="does not tell"):
        ffmpeg({"a/imageio_ffmpeg/binaries/ffmpeg-linux": b"silent"})


def test_python_beside_debians_packages_is_found() -> None:
    header = b'#define PY_MAJOR_VERSION 3\n#define PY_VERSION              "3.13.5"\n'

    assert [part.version for part in interpreter({"usr/local/include/python3.13/patchlevel.h": header})] == ["3.13.5"]


# bill of materials


def test_bill_is_the_same_each_time_whatever_the_order() -> None:
    subject = Subject("x", "1", "sha256:" + "a" * 64, "MIT", "an x")
    parts = [
        Part("pypi", "p", "1", ("MIT",), sha256="b" * 64),
        Part("deb", "d", "1:2+b1", ("GPL-2+", "MIT"), architecture="amd64"),
        Part("generic", "g", "3", ("MIT OR Apache-2.0",), notes=(("k", "v"),)),
        Part("pypi", "bare", "1", ()),
    ]
    one, two = (image_sbom(subject, order, distribution="debian-13", commit=_COMMIT) for order in (parts, parts[::-1]))

    assert one == two
    assert problems(one) is None
    assert json.loads(one)["metadata"]["component"]["version"] == "1"
    assert "pkg:deb/debian/d@1:2%2Bb1?arch=amd64&distro=debian-13" in one


def test_text_that_is_no_bill_is_found_out() -> None:
    assert problems('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "x"}]}') is not None


# commit


def test_clean_clone_gives_commit_and_its_time(tmp_path: Path) -> None:
    run("git", "init", "--quiet", folder=tmp_path)
    (tmp_path / "file").touch()
    commit_all(tmp_path, "first")

    commit = read_commit(tmp_path, dirty_allowed=False)
    assert commit.revision == run("git", "rev-parse", "HEAD", folder=tmp_path).strip()
    assert commit.timestamp == "2026-01-02T03:04:05Z"
    assert commit.time == dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def test_changed_file_is_refused_unless_told_and_then_shows(tmp_path: Path) -> None:
    run("git", "init", "--quiet", folder=tmp_path)
    (tmp_path / "file").touch()
    commit_all(tmp_path, "first")
    (tmp_path / "new").touch()

    with pytest.raises(ReleaseFailed, match=r"1 files differ from commit [0-9a-f]{12}, such as new: .*PACKAGE_DIRTY=1"):
        read_commit(tmp_path, dirty_allowed=False)
    assert read_commit(tmp_path, dirty_allowed=True).revision.endswith("-dirty")


def test_folder_without_git_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseFailed, match="is no git clone with a commit"):
        read_commit(tmp_path, dirty_allowed=True)


# version


def test_chart_says_the_version_of_pyproject() -> None:
    text = chart_file(CHECKOUT).read_text("utf-8")

    assert text == with_version(text, project()[0]), "Run: make version"


def test_programs_say_the_version_of_pyproject() -> None:
    assert metadata.version("runops-operator") == project()[0], "Run: scripts/setup"


def test_version_goes_into_both_lines_and_only_once(tmp_path: Path) -> None:
    path = chart_file(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text('name: x\nversion: 0.0.1\nappVersion: "0.0.1"\nkeep: version: 3\n', "utf-8")

    assert write_chart_version(tmp_path, "1.2.3")
    assert path.read_text("utf-8") == 'name: x\nversion: 1.2.3\nappVersion: "1.2.3"\nkeep: version: 3\n'
    assert not write_chart_version(tmp_path, "1.2.3")


@pytest.mark.parametrize("version", ["1.2", "1.2.3rc1", "v1.2.3", "01.2.3"])
def test_version_helm_would_not_take_is_refused(version: str) -> None:
    with pytest.raises(ReleaseFailed, match="not of the form"):
        with_version("version: 1\nappVersion: 1\n", version)


def test_chart_without_its_lines_is_refused() -> None:
    with pytest.raises(ReleaseFailed, match="0 lines like appVersion"):
        with_version("version: 1\n", "1.2.3")


# command line


def test_differing_releases_are_told_by_file() -> None:
    assert differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "x", "d": "4"}) == ["b", "c", "d"]


def test_refusal_is_one_sentence_and_exit_code_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("release.package.CHECKOUT", tmp_path)

    assert main(["package", str(tmp_path / "dist")]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path} is no git clone")
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize("name", ["thesis.txt", "folder"])
def test_folder_of_something_else_is_not_replaced(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PACKAGE_DIRTY", "1")
    monkeypatch.setattr("release.package.read_commit", lambda *_, **__: _COMMIT)
    monkeypatch.setattr("release.package.ensure", lambda *_: Path("helm"))
    (tmp_path / name).mkdir()

    assert main(["package", str(tmp_path)]) == 1
    assert "holds something else than a release" in capsys.readouterr().err
    assert (tmp_path / name).is_dir()
