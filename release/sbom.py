"""Bills of materials as CycloneDX JSON, checked against its schema before they are given out."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cyclonedx.contrib.license.exceptions import InvalidSpdxLicenseException
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from release.commit import Commit
from release.failure import ReleaseFailed
from release.inventory import Part

__all__ = ["Subject", "chart_sbom", "image_sbom", "problems"]

_LICENCES = LicenseFactory()


@dataclass(frozen=True, slots=True)
class Subject:
    """What a bill is about.

    Attributes
    ----------
    name, version
        Of the image or the chart.
    digest
        `sha256:` and the hash of its manifest.
    licences
        An SPDX expression.
    description
        One line.
    """

    name: str
    version: str
    digest: str
    licences: str
    description: str


def _licences(words: Sequence[str]) -> list[License]:
    if len(words) == 1:
        return [_LICENCES.make_from_string(words[0])]
    # CycloneDX takes one expression or several licences, not several expressions.
    made = []
    for word in words:
        try:
            made.append(_LICENCES.make_with_id(word))
        except InvalidSpdxLicenseException:
            made.append(_LICENCES.make_with_name(word))
    return list(made)


def _sha256(value: str) -> list[HashType]:
    return [HashType(alg=HashAlgorithm.SHA_256, content=value)]


def _subject(subject: Subject, kind: ComponentType) -> Component:
    purl = PackageURL("oci", name=subject.name, version=subject.digest, qualifiers={"tag": subject.version})
    return Component(
        name=subject.name,
        type=kind,
        version=subject.version,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=_sha256(subject.digest.removeprefix("sha256:")),
        licenses=_licences([subject.licences]),
        description=subject.description,
    )


def _component(part: Part, distribution: str) -> Component:
    qualifiers = {"arch": part.architecture, "distro": distribution} if part.kind == "deb" else None
    purl = PackageURL(
        part.kind,
        namespace="debian" if part.kind == "deb" else None,
        name=part.name,
        version=part.version,
        qualifiers=qualifiers,
    )
    return Component(
        name=part.name,
        type=ComponentType.APPLICATION if part.kind == "generic" else ComponentType.LIBRARY,
        version=part.version,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=_sha256(part.sha256) if part.sha256 else (),
        licenses=_licences(part.licences),
        description=part.description or None,
        properties=[Property(name=name, value=value) for name, value in part.notes],
    )


def _written(root: Component, components: Iterable[Component], commit: Commit) -> str:
    parts = list(components)
    bom = Bom(
        # The same content has the same number: the bill of a release does not change with who writes it.
        serial_number=uuid.UUID(bytes=hashlib.sha256(str(root.bom_ref.value).encode()).digest()[:16], version=4),
        metadata=BomMetaData(component=root, timestamp=commit.time),
        components=parts,
    )
    bom.register_dependency(root, parts)
    text = str(JsonV1Dot6(bom).output_as_string(indent=2)) + "\n"
    if found := problems(text):
        raise ReleaseFailed(f"The bill of materials of {root.name} breaks CycloneDX's schema: {found}")
    return text


def problems(text: str) -> str | None:
    """Return what CycloneDX 1.6's schema, strictly read, has against a bill of materials; None where nothing."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return None if error is None else repr(error)


def image_sbom(subject: Subject, parts: Iterable[Part], *, distribution: str, commit: Commit) -> str:
    """Return an image's bill.

    Parameters
    ----------
    subject
        The image.
    parts
        What is in it.
    distribution
        As package URLs name it, such as `debian-13`.
    commit
        What it was built from.
    """
    components = [_component(part, distribution) for part in parts]
    return _written(_subject(subject, ComponentType.CONTAINER), components, commit)


def chart_sbom(
    subject: Subject, files: Iterable[tuple[str, bytes]], images: Iterable[Subject], *, commit: Commit
) -> str:
    """Return the chart's bill: its files, and the images it starts.

    Parameters
    ----------
    subject
        The chart.
    files
        Names and contents.
    images
        What it starts by default.
    commit
        What it was made from.
    """
    components = [_subject(image, ComponentType.CONTAINER) for image in images]
    for name, content in files:
        digest = hashlib.sha256(content).hexdigest()
        components.append(Component(name=name, type=ComponentType.FILE, bom_ref=f"file:{name}", hashes=_sha256(digest)))
    return _written(_subject(subject, ComponentType.APPLICATION), components, commit)
