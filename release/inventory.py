"""What is in an image, read from its package metadata. Pure: files in, parts out."""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from release.failure import ReleaseFailed

__all__ = ["Part", "debian_packages", "ffmpeg", "interpreter", "inventory", "locked_hashes", "python_packages"]

_DISTRIBUTION = re.compile(r".*\.dist-info/METADATA")
_FFMPEG = re.compile(r".*/imageio_ffmpeg/binaries/ffmpeg-[^/]+")
_FFMPEG_VERSION = re.compile(rb"FFmpeg version ([\x21-\x7e]{3,80})\0")
_FFMPEG_OPTIONS = re.compile(rb"--(?:prefix=|enable-|disable-|arch=|cc=)[\x20-\x7e]{100,20000}")
_PATCHLEVEL = re.compile(r'#define\s+PY_VERSION\s+"([^"]+)"')
_MAX_LICENCE_WORDS = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an image.

    Attributes
    ----------
    kind
        `pypi`, `deb`, or `generic` for what no package manager knows.
    name, version
        As its packager writes them.
    licences
        SPDX expressions where the packager gives such, else its own words.
    sha256
        Of what was installed: the wheel, or the program; None where nothing says.
    architecture
        Debian's word for it; empty where it does not matter.
    description
        One line.
    notes
        Further facts by name.
    """

    kind: Literal["pypi", "deb", "generic"]
    name: str
    version: str
    licences: tuple[str, ...]
    sha256: str | None = None
    architecture: str = ""
    description: str = ""
    notes: tuple[tuple[str, str], ...] = ()


def locked_hashes(wheel_files: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Return each wheel's hash by name and version of what it holds.

    Parameters
    ----------
    wheel_files
        Hashes by file name; what is no wheel is passed over.
    """
    hashes: dict[tuple[str, str], str] = {}
    for file, digest in wheel_files.items():
        try:
            name, version, _, _ = parse_wheel_filename(file)
        except InvalidWheelFilename:
            continue
        hashes[name, str(version)] = digest
    return hashes


def python_packages(files: Mapping[str, bytes], hashes: Mapping[tuple[str, str], str]) -> list[Part]:
    """Return the installed Python packages.

    Parameters
    ----------
    files
        The image's files by path.
    hashes
        What `locked_hashes` gave.
    """
    parser = email.parser.BytesParser(policy=email.policy.compat32)
    parts = []
    for path, content in files.items():
        if not _DISTRIBUTION.fullmatch(path):
            continue
        metadata = parser.parsebytes(content, headersonly=True)
        name, version = str(metadata["Name"]), str(metadata["Version"])
        parts.append(
            Part(
                "pypi",
                canonicalize_name(name),
                version,
                _python_licences(
                    metadata.get("License-Expression"), metadata.get("License"), metadata.get_all("Classifier", [])
                ),
                sha256=hashes.get((canonicalize_name(name), version))
                or _own_hash(files.get(path.replace("METADATA", "direct_url.json"))),
                description=" ".join(str(metadata.get("Summary", "")).split()),
            )
        )
    return parts


def _own_hash(record: bytes | None) -> str | None:
    """Return the hash that pip writes down of a wheel named by its file, as ours is: no lock has it."""
    if record is None:
        return None
    digest = json.loads(record).get("archive_info", {}).get("hashes", {}).get("sha256")
    return None if digest is None else str(digest)


def _python_licences(expression: str | None, text: str | None, classifiers: list[str]) -> tuple[str, ...]:
    if expression:
        return (expression,)
    # Some put the whole licence there, and older builders "UNKNOWN"; a name is a line.
    name = (text or "").strip()
    if name not in {"", "UNKNOWN"} and "\n" not in name and len(name) <= _MAX_LICENCE_WORDS:
        return (name,)
    return tuple(line.rpartition("::")[2].strip() for line in classifiers if line.startswith("License ::"))


def debian_packages(files: Mapping[str, bytes]) -> list[Part]:
    """Return the installed Debian packages, with the licences that their copyright files name."""
    parts = []
    for block in files.get("var/lib/dpkg/status", b"").decode("utf-8", "replace").split("\n\n"):
        fields: dict[str, str] = dict(re.findall(r"(?m)^([A-Z][A-Za-z-]*): ?(.*)$", block))
        if fields.get("Status", "").split(" ")[-1] != "installed":
            continue
        name = fields["Package"]
        source, _, source_version = fields.get("Source", name).partition(" ")
        parts.append(
            Part(
                "deb",
                name,
                fields["Version"],
                _debian_licences(name, files.get(f"usr/share/doc/{name}/copyright")),
                architecture=fields.get("Architecture", ""),
                description=fields.get("Description", ""),
                # Debian keeps sources by these two, for good.
                notes=(
                    ("debian:source", source),
                    ("debian:source-version", source_version.strip("()") or fields["Version"]),
                ),
            )
        )
    return parts


def _debian_licences(name: str, copyright_file: bytes | None) -> tuple[str, ...]:
    text = (copyright_file or b"").decode("utf-8", "replace")
    found = re.findall(r"(?m)^License: *(\S.*)$", text) if text.startswith("Format:") else []
    if not found:
        return (f"see /usr/share/doc/{name}/copyright",)
    return tuple(dict.fromkeys(" ".join(line.split()) for line in found))


def ffmpeg(files: Mapping[str, bytes]) -> list[Part]:
    """Return the static ffmpeg, which no package manager knows, by what is written in the program itself.

    Raises
    ------
    ReleaseFailed
        The program does not tell how it was configured, and with that not its licence.
    """
    parts = []
    for path, program in files.items():
        if not _FFMPEG.fullmatch(path):
            continue
        # Libraries inside tell how they were configured too; ffmpeg's own list is by far the longest.
        configured = max(_FFMPEG_OPTIONS.findall(program), key=len, default=None)
        named = _FFMPEG_VERSION.search(program)
        if configured is None or named is None:
            raise ReleaseFailed(
                f"{path} does not tell its version and configuration where ffmpeg used to; see release/inventory.py."
            )
        options = configured.decode("ascii").split()
        libraries = sorted(
            {option.removeprefix("--enable-") for option in options if option.startswith("--enable-lib")}
        )
        parts.append(
            Part(
                "generic",
                "ffmpeg",
                named[1].decode("ascii"),
                (_ffmpeg_licence(frozenset(options)),),
                sha256=hashlib.sha256(program).hexdigest(),
                description="Static program from the imageio-ffmpeg wheel",
                notes=(
                    ("ffmpeg:configuration", " ".join(options)),
                    ("ffmpeg:libraries", " ".join(libraries)),
                    ("runops:path", f"/{path}"),
                ),
            )
        )
    return parts


def _ffmpeg_licence(options: frozenset[str]) -> str:
    """Return the licence that ffmpeg's own configure script gives such a build."""
    if "--enable-nonfree" in options:
        raise ReleaseFailed(
            "This ffmpeg was built with --enable-nonfree and must not be passed on; take another build."
        )
    gpl, third = "--enable-gpl" in options, "--enable-version3" in options
    if gpl:
        return "GPL-3.0-or-later" if third else "GPL-2.0-or-later"
    return "LGPL-3.0-or-later" if third else "LGPL-2.1-or-later"


def interpreter(files: Mapping[str, bytes]) -> list[Part]:
    """Return the Python of an official Python image, which lies beside Debian's packages and is none."""
    headers = [content for path, content in files.items() if path.endswith("/patchlevel.h")]
    found = [_PATCHLEVEL.search(content.decode("utf-8", "replace")) for content in headers]
    return [Part("generic", "cpython", match[1], ("PSF-2.0",)) for match in found if match]


def inventory(files: Mapping[str, bytes], hashes: Mapping[tuple[str, str], str]) -> list[Part]:
    """Return everything in an image, ordered by kind and name."""
    parts = [*python_packages(files, hashes), *debian_packages(files), *ffmpeg(files), *interpreter(files)]
    return sorted(parts, key=lambda part: (part.kind, part.name, part.version))
