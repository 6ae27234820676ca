"""For each coding the slim video is the same: with most pictures left out, with all decoded, and cut while it grows."""

from dataclasses import replace
from pathlib import Path

import pytest

from devstack.media_corpus.codings import CODINGS
from tests.media.slimming import CODED_HEIGHT, Codings, Watching, boxes, packets, slimmed

pytestmark = pytest.mark.slow(
    "ffmpeg decodes each recording with and without the pictures that are left out, and once while it is cut; "
    "every picture is compared",
    first=True,
)

WHOLE, TRIED = ["whole"], ["selected", "whole"]
NOT_SELECTED = {
    # Each picture is needed.
    "h264-sparse": WHOLE,
    # To part the lines of two moments takes the pictures before and after.
    "h264-interlaced": WHOLE,
    # Nothing says which pictures are needed.
    "mpeg4-b-frames": WHOLE,
    "h264-times-alike": WHOLE,
    "h264-times-in-wrong-order": WHOLE,
    "h264-begins-within-a-group": WHOLE,
    # Matroska has no times below 0.
    "h264-begins-below-0": WHOLE,
    # What is built upon a picture that is not there is found out only when it is decoded.
    "h264-pictures-missing": TRIED,
}


@pytest.fixture(scope="module")
def codings(tmp_path_factory: pytest.TempPathFactory) -> Codings:
    return Codings(tmp_path_factory.mktemp("codings"))


@pytest.mark.parametrize("name", CODINGS)
async def test_leaving_pictures_out_changes_no_picture(
    name: str, codings: Codings, tmp_path: Path, ways: list[str]
) -> None:
    selected = await codings.coded(name, ways)
    del ways[:]
    decoded_whole = replace(selected.examined, pictures=None)
    whole = await slimmed(selected.source, decoded_whole, tmp_path / "whole.mp4", height=CODED_HEIGHT)
    # The same bytes hold the same packets, and ffmpeg need not read them once more.
    if whole.path.read_bytes() != selected.slim.path.read_bytes():
        assert selected.packets == await packets(whole.path)
    assert selected.slim.frames == whole.frames >= 5
    assert selected.ways == NOT_SELECTED.get(name, ["selected"])
    assert ways == WHOLE
    left = {path.name for path in tmp_path.iterdir()}  # noqa: ASYNC240 - local
    assert left == {"whole.mp4"}


@pytest.mark.parametrize("name", CODINGS)
async def test_fragments_end_as_the_same_file_that_is_written_at_once(
    name: str, codings: Codings, tmp_path: Path, ways: list[str]
) -> None:
    at_once = await codings.coded(name, ways)
    source = tmp_path / at_once.source.name
    source.hardlink_to(at_once.source)
    watching = Watching(source)
    target = tmp_path / "watched.mp4"
    watched = await slimmed(source, at_once.examined, target, height=CODED_HEIGHT, watcher=watching)
    for task in watching.cutting:
        task.cancel()
    assert await packets(watched.path) == at_once.packets
    assert replace(watched, path=at_once.slim.path, bytes=at_once.slim.bytes) == at_once.slim
    names = [box for box, _, _ in boxes(watched.path.read_bytes())]
    assert names == [box for box, _, _ in boxes(at_once.slim.path.read_bytes())]
    assert names.index(b"moov") < names.index(b"mdat")
    left = {path.name for path in tmp_path.iterdir()}  # noqa: ASYNC240 - local
    assert left - {"piece.mp4"} == {"watched.mp4"}
