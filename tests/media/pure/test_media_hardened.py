"""Each ffmpeg command names one demuxer and allows its family only."""

from pathlib import Path

import pytest

from runops_worker.media.codecs import AUDIO_CODECS, VIDEO_CODECS
from runops_worker.media.containers import CONTAINERS
from runops_worker.media.sandbox.ffmpeg import hardened, part_list

# Demuxers that open other files, and those that take any text for a list.
LISTS = ["hls", "dash", "concat", "concatf", "image2", "imf", "sdp", "rtsp", "tee", "asf_o", "mpegtsraw", "rawvideo"]


def option(demuxer: str, name: str) -> list[str]:
    command = hardened(Path("/work/recording"), demuxer=demuxer, max_pixels=1)
    assert command[-4:] == ["-f", demuxer, "-i", "file:/work/recording"]
    return command[command.index(name) + 1].split(",")


@pytest.mark.parametrize("demuxer", CONTAINERS)
def test_only_the_named_demuxer_is_allowed(demuxer: str) -> None:
    allowed = option(demuxer, "-format_whitelist")
    assert demuxer in allowed
    others = {name for other, known in CONTAINERS.items() if other != demuxer for name in known.family.split(",")}
    assert not set(allowed) & {*others, *LISTS}


@pytest.mark.parametrize("demuxer", CONTAINERS)
def test_only_files_are_opened_and_only_known_codecs(demuxer: str) -> None:
    assert option(demuxer, "-protocol_whitelist") == ["file", "pipe"]
    assert set(option(demuxer, "-codec_whitelist")) >= VIDEO_CODECS | AUDIO_CODECS


@pytest.mark.parametrize("demuxer", ["mov", "matroska"])
def test_several_recordings_in_one_file_are_read_by_a_list_that_names_no_other_file(demuxer: str) -> None:
    listed = Path("/work/recording.parts")
    command = hardened(Path("/work/recording"), demuxer=demuxer, max_pixels=1, parts=listed)
    assert command[-6:] == ["-safe", "0", "-f", "concat", "-i", "file:/work/recording.parts"]
    allowed = command[command.index("-format_whitelist") + 1].split(",")
    assert allowed == ["concat", *CONTAINERS[demuxer].family.split(",")]
    assert command[command.index("-protocol_whitelist") + 1] == "file,pipe,subfile"

    text = part_list(Path("/it's/recording"), demuxer=demuxer, parts=[(0, 7, 1.5), (7, 99, None)])
    assert text.splitlines() == [
        "ffconcat version 1.0",
        r"file 'subfile,,start,0,end,7,,:file:/it'\''s/recording'",
        f"option format_whitelist {CONTAINERS[demuxer].family}",
        "duration 1.500000",
        r"file 'subfile,,start,7,end,99,,:file:/it'\''s/recording'",
        f"option format_whitelist {CONTAINERS[demuxer].family}",
    ], "a part is no list of further files"


@pytest.mark.parametrize("demuxer", CONTAINERS)
def test_only_where_a_picture_tells_its_size_ffmpeg_waits_for_it(demuxer: str) -> None:
    command = hardened(Path("/work/recording"), demuxer=demuxer, max_pixels=1)
    assert ("-analyzeduration" in command) is (demuxer in {"flv", "mpeg", "mpegts"})
