"""Every hostile file and what must become of it: the reason it is refused for, or a slim video like any other."""

from pathlib import Path
from typing import Final

from devstack.media_corpus.disguised import DISGUISED, SPARSE
from devstack.media_corpus.hostile_matroska import MATROSKA
from devstack.media_corpus.hostile_mp4 import MP4
from devstack.media_corpus.hostile_rare import RARE

__all__ = ["GOOD_ENOUGH", "HOSTILE", "make_hostile"]

GOOD_ENOUGH: Final = "good"
"""In place of a reason: the file is harmless and its pictures can be read."""

_ENDS: Final[dict[str, str]] = {
    "SourceEmpty": """
        nothing-at-all
    """,
    "NotAVideo": """
        one-byte seven-bytes zeros noise hls hls-after-a-mark ffconcat dash sdp edit-decision-list
        windows-playlist imf-list svg-with-a-link shell-script python-script php-script batch-script
        filter-script avisynth-script json program zip zip-then-mp4 html-then-mp4 gif-then-webm gif-of-noise
    """,
    "UnsupportedMedia": """
        mp4-codec-nobody-knows mkv-attachments-10000 mkv-tracks-10000 mkv-codec-nobody-knows
    """,
    "NoVideoStream": """
        mp4-sound-only mp4-subtitles-only mkv-data-only
    """,
    "MediaTooShort": """
        mkv-segment-of-size-max mkv-tracks-of-size-max mkv-all-at-one-time mkv-times-negative
        mkv-lacing-wrong
    """,
    "MediaTooLong": """
        mp4-pictures-of-a-week mkv-gaps-of-29-minutes gif-pictures-that-last-11-minutes
    """,
    "MediaTooLarge": """
        mp4-of-5-gigabytes
    """,
    "PictureTooLarge": """
        hls-posing-as-gif avi-size-16000
    """,
    "MediaCorrupt": """
        avi-of-noise hls-posing-as-avi mkv-no-tracks mkv-size-of-no-length mov-reference-movie mp4-no-tracks
        hls-posing-as-asf hls-posing-as-flv hls-posing-as-ogg hls-posing-as-ps asf-of-noise flv-of-noise ogg-of-noise
        ps-of-noise ts-of-noise avi-size-max gif-size-max
        type-and-noise matroska-and-noise hls-after-a-box hls-posing-as-a-box hls-after-matroska
        mp4-4-gigabytes-of-nothing-inside mp4-cut-in-its-type mp4-cut-in-its-index mp4-cut-after-its-index
        mp4-cut-early mp4-cut-before-its-index mp4-in-pieces-cut-in-a-head mp4-box-of-size-0 mp4-box-of-size-7
        mp4-box-of-size-max mp4-box-of-64-bit-size-max mp4-box-of-64-bit-size-negative mp4-nested-40000-deep
        mp4-samples-max mp4-samples-of-2-gigabytes mp4-key-pictures-max mp4-time-table-max
        mp4-edit-before-the-begin mp4-tracks-10000 mp4-descriptions-5000 mp4-compressed-index-bomb
        mov-pictures-in-etc-passwd-alias mov-pictures-in-a-neighbour mp4-encrypted mp4-codec-of-another-name
        mp4-h264-called-hevc mp4-h264-parameters-of-noise mp4-hevc-parameters-of-noise mp4-hevc-parameters-max
        mp4-hevc-pictures-of-noise mp4-h264-pictures-of-noise mp4-in-pieces-samples-max mkv-cut-in-its-head
        mkv-cut-in-its-tracks mkv-cut-before-its-pictures mkv-cut-in-the-middle webm-cut-in-the-middle
        mkv-head-of-size-max mkv-time-scale-max mkv-size-1-x-1 mkv-pictures-grow-to-16383
        mkv-compressed-picture-bomb mkv-block-of-no-track mkv-codec-of-another-name mkv-vp8-called-av1
        mkv-no-pictures mkv-times-backwards webm-vp9-broken webm-av1-broken mkv-vp8-pictures-of-noise
    """,
    "TimestampGap": """
        mp4-edit-empty-for-ages mkv-times-max mkv-gap-of-25-hours mkv-gap-of-an-age
    """,
    GOOD_ENOUGH: """
        avi-subtitles-are-a-playlist avi-subtitles-are-a-list avi-subtitles-are-an-mp4 avi-pictures-of-no-length
        gif-pictures-20000
        mkv-claims-10-years mp4-then-zip mp4-with-html-in-front mp4-with-pdf-in-front webm-then-mp4 mp4-then-webm
        mp4-then-4-gigabytes-of-nothing mkv-then-400-megabytes-of-nothing mp4-in-pieces-cut mp4-chunks-max
        mp4-chunks-behind-the-end mp4-chunks-in-the-head mp4-chunk-table-of-zeros mp4-pictures-of-no-length
        mp4-pictures-of-negative-length mp4-pictures-by-the-milliard mp4-no-time-scale mp4-a-milliard-per-second
        mp4-claims-a-century mp4-size-0-x-0 mp4-size-65535-x-65535 mp4-edits-20000 mp4-edit-at-no-speed
        mp4-compressed-index mp4-title-of-48-megabytes mp4-title-posing-as-output mov-pictures-in-etc-passwd-url
        mov-pictures-on-the-net mp4-in-pieces-index-of-itself mp4-two-indexes mkv-sizes-unknown
        mkv-chapters-3000-deep mkv-tags-3000-deep mkv-attachment-of-64-megabytes mkv-index-in-a-circle
        mkv-time-scale-0 mkv-claims-no-number mkv-a-milliard-per-second mkv-no-rate mkv-times-from-far-away
        mkv-size-0-x-0 mkv-size-2-x-16000 mkv-size-max mkv-subtitle-of-40-megabytes mkv-document-of-no-kind
    """,
}

HOSTILE: Final[dict[str, str]] = {name: end for end, names in _ENDS.items() for name in names.split()}
"""What becomes of each by its name. `docs/sandbox.md` shows the same."""


def make_hostile(name: str, folder: Path) -> Path:
    """Write one of them, or give the one already there.

    Parameters
    ----------
    name
        A key of `HOSTILE`.
    folder
        Where it goes, as `NAME.mp4` whatever it is.
    """
    path = folder / f"{name}.mp4"
    if path.exists():
        return path
    part = folder / f"{name}.part"
    if name in SPARSE:
        recipe, size = SPARSE[name]
        part.write_bytes(recipe(folder))
        with part.open("r+b") as file:
            file.truncate(size)
    else:
        part.write_bytes((DISGUISED | MP4 | MATROSKA | RARE)[name](folder))
    part.replace(path)
    return path
