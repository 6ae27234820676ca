"""What a file is by its first bytes."""

import pytest

from runops_worker.media.containers import CONTAINERS
from runops_worker.media.errors import MediaRejected
from runops_worker.media.probe.magic import demuxer_for

NOT_A_VIDEO = "NotAVideo: The file is {}, not a video recording."
SOUND = "NoVideoStream: The recording is {}: it has sound but no picture."
OTHER = "UnsupportedMedia: The recording is {}, which cannot be read. Export it as MP4."
UNKNOWN = NOT_A_VIDEO.format("of no known recording format")
TEXT = NOT_A_VIDEO.format("a text file")
# A zero, so that no beginning is taken for a text.
REST = b"\x00\x01" * 20

BEGINNINGS = [
    (b"\xff\xd8\xff", NOT_A_VIDEO.format("a JPEG image")),
    (b"\x89PNG", NOT_A_VIDEO.format("a PNG image")),
    (b"BM", NOT_A_VIDEO.format("a bitmap image")),
    (b"II*\x00", NOT_A_VIDEO.format("a TIFF image")),
    (b"MM\x00*", NOT_A_VIDEO.format("a TIFF image")),
    (b"%PDF", NOT_A_VIDEO.format("a PDF document")),
    (b"PK\x03\x04", NOT_A_VIDEO.format("a ZIP archive or an office document")),
    (b"\x1f\x8b", NOT_A_VIDEO.format("a compressed file")),
    (b"\x7fELF", NOT_A_VIDEO.format("a program")),
    (b"RIFF....WEBP", NOT_A_VIDEO.format("a WebP image")),
    (b"RIFF....WAVE", SOUND.format("a WAV file")),
    (b"ID3", SOUND.format("an MP3 file")),
    (b"fLaC", SOUND.format("a FLAC file")),
    (b".RMF", OTHER.format("a RealMedia file")),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", OTHER.format("an MXF file")),
    (b"DKIF", OTHER.format("an IVF file")),
    (b"CWS", OTHER.format("a Flash animation")),
    (b"FWS", OTHER.format("a Flash animation")),
    (b"\x00\x00\x01\xb3", OTHER.format("a bare MPEG video without a container")),
    (b"\x00\x00\x00\x01\x67", OTHER.format("a bare H.264 video without a container")),
    (b"#EXTM3U", NOT_A_VIDEO.format("a playlist")),
    (b"ffconcat", NOT_A_VIDEO.format("a list of other files")),
    (b"<!DOCTYPE html", NOT_A_VIDEO.format("a web page (often the error page of a failed download)")),
    (b"<html", NOT_A_VIDEO.format("a web page (often the error page of a failed download)")),
    (b"<?xml", NOT_A_VIDEO.format("an XML document")),
    (b"{", NOT_A_VIDEO.format("a JSON text")),
]


def refused(head: bytes) -> str:
    with pytest.raises(MediaRejected) as caught:
        demuxer_for(head)
    return str(caught.value)


@pytest.mark.parametrize(("beginning", "expected"), BEGINNINGS)
def test_a_beginning_has_a_name(beginning: bytes, expected: str) -> None:
    assert refused(beginning + REST) == expected
    assert refused(beginning[:-1] + b"\x02" + REST) == UNKNOWN
    assert refused(b"\x02" + beginning + REST) == UNKNOWN


@pytest.mark.parametrize(
    "kind",
    [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"styp", b"moof", b"sidx", b"pnot"],
)
def test_an_mp4_or_mov_begins_with_a_box(kind: bytes) -> None:
    assert demuxer_for(b"\x00\x00\x00\x18" + kind + b"isom" + REST) == "mov"
    assert demuxer_for(b"\x00\x00\x00\x18" + kind) == "mov"
    assert refused(b"\x00\x00\x00" + kind + REST) == UNKNOWN
    assert refused(b"\x00\x00\x00\x18" + kind[:3] + b"\x00" + REST) == UNKNOWN


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"])
def test_an_image_in_an_mp4_is_not_a_video(brand: bytes) -> None:
    assert refused(b"\x00\x00\x00\x18ftyp" + brand + REST) == NOT_A_VIDEO.format("a HEIC or AVIF image")
    assert demuxer_for(b"\x00\x00\x00\x18free" + brand + REST) == "mov"
    assert demuxer_for(b"\x00\x00\x00\x18ftypisom" + brand + REST) == "mov"


@pytest.mark.parametrize(
    ("beginning", "demuxer"),
    [
        (b"FLV\x01", "flv"),
        (b"GIF87a", "gif"),
        (b"GIF89a", "gif"),
        (b"OggS", "ogg"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
        (b"\x00\x00\x01\xba", "mpeg"),
        (b"RIFF....AVI ", "avi"),
        (b"G" + b"\x00" * 187 + b"G", "mpegts"),
        (b"\x01" * 4 + b"G" + b"\x00" * 191 + b"G", "mpegts"),
        (b"G" + b"\x00" * 203 + b"G", "mpegts"),
    ],
)
def test_other_containers_have_their_demuxer(beginning: bytes, demuxer: str) -> None:
    assert demuxer_for(beginning + REST) == demuxer
    assert demuxer in CONTAINERS
    assert refused(beginning[:-1] + b"\x02" + REST) == UNKNOWN
    assert refused(b"\x02" + beginning + REST) == UNKNOWN


def test_each_packet_of_a_transport_stream_has_its_mark() -> None:
    packet = b"G" + bytes(187)
    assert demuxer_for(packet * 20) == "mpegts"
    assert refused(packet * 19 + bytes(188)) == UNKNOWN
    assert refused(packet) == UNKNOWN


def test_webm_and_mkv_begin_with_ebml() -> None:
    assert demuxer_for(b"\x1a\x45\xdf\xa3" + REST) == "matroska"
    assert demuxer_for(b"\x1a\x45\xdf\xa3") == "matroska"
    assert refused(b"\x1a\x45\xdf" + REST) == UNKNOWN


def test_an_empty_file_is_empty() -> None:
    assert refused(b"") == "SourceEmpty: The recording is an empty file (0 bytes)."


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Dear Sir or Madam", TEXT),
        ("Sehr geehrte Frau Müller".encode(), TEXT),
        # The head is cut within the two bytes of a character.
        ("Sehr geehrte Frau Mü".encode()[:-1], TEXT),
        (b"Sehr geehrte Frau M\xfcller", UNKNOWN),
        (b"Dear Sir\x00", UNKNOWN),
        (b"\xef\xbb\xbf  \r\n#EXTM3U\n", NOT_A_VIDEO.format("a playlist")),
        (b"\xef\xbb\xbfDear Sir", TEXT),
        (b"\n\t {}", NOT_A_VIDEO.format("a JSON text")),
        (b"<HTML>", NOT_A_VIDEO.format("a web page (often the error page of a failed download)")),
        (b"G", TEXT),
        (b"RIFF....TEXT", TEXT),
        (b"riff....WEBP", TEXT),
    ],
)
def test_a_text_is_named_as_one(head: bytes, expected: str) -> None:
    assert refused(head) == expected
