"""Second k of the slim video shows what a player shows at second k, whatever the pictures of the recording are.

Each picture carries its number. What a player shows is what ffmpeg shows when it decodes the whole file.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.recording.recording import Recording
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool
from runops_worker.media.transcode import decode_screen, encode
from runops_worker.media.transcode.slim_video import SlimVideo
from tests.media import slimming
from tests.media.numbered_pictures import ffmpeg, numbered, numbers_in, shown_by_a_player, size_of
from tests.media.slimming import Watching

LIMITS = Limits()
NUMBERS = range(1, 121)
FAST = ("-preset", "superfast")
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
H264, HEVC = ("h264", "libx264", "avc3"), ("hevc", "libx265", "hev1")
STILL = ("-f", "lavfi", "-i", "sine=sample_rate=16000:duration=360")
DEINTERLACED = "bwdif=mode=send_frame:deint=interlaced"


async def slimmed(
    source: Path, *, watcher: Watching | None = None, surveyed: bool = True
) -> tuple[Recording, SlimVideo]:
    """Slim a recording; without a survey, sizes are not known before it is encoded."""
    examined = await examine(source, limits=LIMITS, whole=not surveyed)
    slim = await slimming.slimmed(source, examined, source.with_name("slim.mp4"), height=720, crf=20, watcher=watcher)
    return examined.recording, slim


async def shows_the_same(
    source: Path, *, filters: str = "null", place: int = 0, surveyed: bool = True
) -> tuple[Recording, SlimVideo]:
    """Assert that the slim video shows what a player shows at each second."""
    recording, slim = await slimmed(source, surveyed=surveyed)
    expected = shown_by_a_player(source, seconds=slim.frames, filters=filters, place=place)
    assert numbers_in(slim.path) == expected
    return recording, slim


def glued(
    folder: Path,
    *parts: Sequence[str],
    sizes: Sequence[tuple[int, int]],
    container: str = "mp4",
    numbers: Sequence[int] = NUMBERS,
    coding: tuple[str, str, str] = H264,
) -> Path:
    """Code pictures in parts of the same length, each with its own options, as one stream of H.264 or HEVC."""
    form, encoder, tag = coding
    stream, each = folder / f"glued.{form}", len(numbers) // len(parts)
    with stream.open("wb") as file:
        for place, (part, size) in enumerate(zip(parts, sizes, strict=True)):
            its = numbers[place * each : (place + 1) * each]
            coded = numbered(folder / f"part.{form}", its, "-c:v", encoder, *FAST, "-bf", "0", *part, size=size)
            file.write(coded.read_bytes())
    target = folder / "glued.mp4"
    ffmpeg("-fflags", "+genpts", "-r", "10", "-i", str(stream), "-c", "copy", "-tag:v", tag, str(target))
    if container != "mp4":
        ffmpeg("-i", str(target), "-c", "copy", str(target.with_suffix(f".{container}")))
    return target.with_suffix(f".{container}")


@pytest.mark.parametrize(
    ("coding", "rate", "size", "frames"),
    [
        pytest.param((*X264, "-bf", "2"), "10", (128, 96), 12, id="usual"),
        pytest.param((*X264, "-bf", "2"), "1/60", (128, 96), 7200, id="a picture per minute"),
        pytest.param(
            (*X264, "-vf", "setpts='(N*0.2+0.5*floor(N/9)*mod(floor(N/9),2))/TB'", "-enc_time_base", "1/1000"),
            *("10", (128, 96), 31),
            id="irregular times",
        ),
        pytest.param((*X264, "-vf", "setsar=4/3"), "10", (171, 96), 12, id="wide pixels"),
        pytest.param((*X264, "-vf", "setsar=1/2"), "10", (128, 192), 12, id="high pixels"),
        pytest.param(("-c:v", "libx264", "-pix_fmt", "yuv444p", "-vf", "scale=131:97"), "10", (131, 97), 12, id="odd"),
        pytest.param(("-c:v", "libx264", "-pix_fmt", "yuv420p10le"), "10", (128, 96), 12, id="10 bit"),
        pytest.param(("-c:v", "libx264", "-pix_fmt", "yuv422p"), "10", (128, 96), 12, id="4:2:2"),
        pytest.param(("-c:v", "libx264", "-pix_fmt", "gray"), "10", (128, 96), 12, id="gray"),
        pytest.param(("-c:v", "libx264rgb", "-qp", "4"), "10", (128, 96), 12, id="rgb"),
        pytest.param((*X264, "-color_range", "pc"), "10", (128, 96), 12, id="full range"),
    ],
)
async def test_each_kind_of_picture(
    coding: Sequence[str], rate: str, size: tuple[int, int], frames: int, tmp_path: Path
) -> None:
    source = numbered(tmp_path / "source.mp4", NUMBERS, *coding, rate=rate)
    recording, slim = await shows_the_same(source)
    assert (recording.width, recording.height) == size
    assert abs(slim.frames - frames) <= 1


@pytest.mark.parametrize("rate", [120, 240])
async def test_many_pictures_per_second(rate: int, tmp_path: Path, ways: list[str]) -> None:
    numbers = [1 + at // 8 for at in range(rate * 4)]
    await shows_the_same(numbered(tmp_path / "source.mp4", numbers, *X264, "-bf", "2", rate=str(rate)))
    assert ways == ["selected"]


@pytest.mark.parametrize("container", ["mp4", "webm", "mkv"])
async def test_three_pictures_of_two_seconds(container: str, tmp_path: Path) -> None:
    coding = ("-c:v", "libvpx") if container == "webm" else X264
    source = numbered(tmp_path / f"source.{container}", (5, 6, 7), *coding, rate="1/2")
    _, slim = await shows_the_same(source)
    assert numbers_in(slim.path) == [5, 5, 6, 6, 7, 7]


@pytest.mark.parametrize("container", ["mp4", "mkv"])
async def test_one_picture_with_sound_beyond_the_first_chunk(container: str, tmp_path: Path) -> None:
    one = numbered(tmp_path / "one.mp4", [77], *X264)
    source = tmp_path / f"source.{container}"
    ffmpeg("-i", str(one), *STILL, "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "flac", str(source))
    _, slim = await slimmed(source)
    assert numbers_in(slim.path) == [77] * 360


@pytest.mark.parametrize("rotation", ["90", "180", "270"])
@pytest.mark.parametrize("sar", ["1", "4/3"])
async def test_a_turned_recording(rotation: str, sar: str, tmp_path: Path) -> None:
    made = numbered(tmp_path / "made.mp4", NUMBERS, *X264, "-vf", f"setsar={sar}")
    source = tmp_path / "source.mp4"
    ffmpeg("-display_rotation", rotation, "-i", str(made), "-c", "copy", str(source))
    recording, _ = await shows_the_same(source)
    assert (recording.width < recording.height) == (rotation != "180")


@pytest.mark.parametrize("container", ["mp4", "mkv"])
async def test_the_pixel_format_changes(container: str, tmp_path: Path, ways: list[str]) -> None:
    parts = (("-pix_fmt", "yuv420p"), ("-pix_fmt", "yuv444p10le"), ("-pix_fmt", "yuv422p", "-qp", "9"))
    await shows_the_same(glued(tmp_path, *parts, sizes=[(128, 96)] * 3, container=container))
    assert ways == ["selected"]


@pytest.mark.parametrize("container", ["mp4", "mkv"])
async def test_the_picture_grows(container: str, tmp_path: Path, ways: list[str]) -> None:
    parts = (("-pix_fmt", "yuv420p"),) * 3
    source = glued(tmp_path, *parts, sizes=[(64, 48), (128, 96), (1088, 816)], container=container)
    recording, slim = await shows_the_same(source)
    assert (recording.width, recording.height) == (64, 48)
    assert size_of(slim.path) == (960, 720)
    assert ways == ["selected"]


@pytest.mark.parametrize(
    ("surveyed", "size", "expected"),
    [
        (True, (512, 384), ["selected"]),
        # The last frame is large enough for whatever comes.
        (False, (960, 720), ["whole"] * 3),
    ],
)
async def test_a_picture_that_grows_again_and_again(
    size: tuple[int, int], expected: list[str], tmp_path: Path, ways: list[str], *, surveyed: bool
) -> None:
    sizes = [(64, 48), (128, 96), (256, 192), (512, 384)]
    source = glued(tmp_path, *((("-pix_fmt", "yuv420p"),) * 4), sizes=sizes)
    _, slim = await shows_the_same(source, surveyed=surveyed)
    assert size_of(slim.path) == size
    assert ways == expected


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
async def test_nothing_is_decoded_beforehand_where_no_picture_can_have_another_size(
    container: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def looked(*_: object, **__: object) -> Outcome:
        raise AssertionError("pictures were decoded to learn their size")

    monkeypatch.setattr(decode_screen, "run_tool", looked)
    repeated = ("-g", "10", "-x264-params", "repeat-headers=1")
    await shows_the_same(numbered(tmp_path / f"source.{container}", NUMBERS, *X264, *repeated))


async def test_ffmpeg_neither_prints_nor_copies_what_a_picture_carries_besides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, printed = numbered(tmp_path / "source.mp4", NUMBERS, *X264), list[str]()

    async def overheard(
        command: list[str],
        *,
        allowance: Allowance,
        reach: Reach,
        on_stdout: Callable[[str], None],
        on_stderr: Callable[[str], None],
    ) -> Outcome:
        def take(line: str) -> None:
            printed.append(line)
            on_stderr(line)

        return await run_tool(command, allowance=allowance, reach=reach, on_stdout=on_stdout, on_stderr=take)

    monkeypatch.setattr(encode, "run_tool", overheard)
    await slimmed(source)
    assert [line for line in printed if "pts_time:" in line]
    # x264 writes its settings into the first picture.
    assert not [line for line in printed if line.startswith("[Parsed_showinfo") and "side data" in line]


async def test_a_piece_is_cut_from_the_run_with_the_right_frame(tmp_path: Path) -> None:
    watching = Watching(glued(tmp_path, *((("-pix_fmt", "yuv420p"),) * 2), sizes=[(64, 48), (128, 96)]))
    _, slim = await slimmed(watching.source, watcher=watching, surveyed=False)
    await watching.cutting[-1]
    assert watching.runs == [True, True], "the second run replaces the first"
    assert size_of(watching.piece) == size_of(slim.path) == (128, 96)


async def test_the_picture_shrinks(tmp_path: Path, ways: list[str]) -> None:
    _, slim = await shows_the_same(glued(tmp_path, *((("-pix_fmt", "yuv420p"),) * 2), sizes=[(256, 192), (64, 48)]))
    assert size_of(slim.path) == (256, 192)
    assert ways == ["selected"]


@pytest.mark.parametrize(
    ("coding", "container"),
    [
        (("-c:v", "libvpx"), "webm"),
        (("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"), "webm"),
        (("-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "lookahead=0"), "mkv"),
    ],
)
async def test_a_call_begins_small(coding: Sequence[str], container: str, tmp_path: Path, ways: list[str]) -> None:
    small = numbered(tmp_path / f"small.{container}", NUMBERS[:40], *coding, size=(128, 96))
    large = numbered(tmp_path / f"large.{container}", NUMBERS[40:], *coding, size=(512, 384))
    listed, source = tmp_path / "listed.txt", tmp_path / f"source.{container}"
    listed.write_text(f"file {small.name}\nfile {large.name}\n", "ascii")
    ffmpeg("-f", "concat", "-i", str(listed), "-c", "copy", str(source))
    recording, slim = await shows_the_same(source)
    assert (recording.width, recording.height) == (128, 96)
    assert size_of(slim.path) == (512, 384)
    assert ways == ["selected"]


async def test_av1_whose_pictures_refer_to_larger_ones(tmp_path: Path) -> None:
    resized = ("-usage", "good", "-cpu-used", "8", "-lag-in-frames", "0", "-g", "999", "-aom-params", "resize-mode=2")
    source = numbered(tmp_path / "source.webm", NUMBERS, "-c:v", "libaom-av1", *resized, size=(256, 192))
    await shows_the_same(source)


async def test_a_picture_without_hdr_follows_in_an_hdr_recording(tmp_path: Path) -> None:
    hdr = ("-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
    parts = (("-pix_fmt", "yuv420p10le", *hdr), ("-pix_fmt", "yuv444p"))
    source = glued(tmp_path, *parts, sizes=[(128, 96), (256, 192)])
    _, slim = await slimmed(source)
    assert size_of(slim.path) == (256, 192)
    assert numbers_in(slim.path, filters="lutyuv=y='if(gt(val,120),200,50)'") == shown_by_a_player(source, seconds=12)


async def test_pictures_of_an_hdr_recording_that_do_not_name_their_colours_look_like_the_others(tmp_path: Path) -> None:
    ten_bit = ("-pix_fmt", "yuv420p10le", "-x265-params")
    unnamed = "log-level=none:bframes=0:repeat-headers=1"
    named = f"{unnamed}:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
    parts = ((*ten_bit, named), (*ten_bit, unnamed))
    _, slim = await slimmed(glued(tmp_path, *parts, sizes=[(128, 96)] * 2, numbers=[0] * 120, coding=HEVC))
    levels, _ = ffmpeg("-i", str(slim.path), "-vf", "scale=1:1", "-pix_fmt", "gray", "-f", "rawvideo", "-")
    assert len(levels) == 12
    assert max(levels) - min(levels) <= 3, list(levels)


async def test_an_interlaced_picture_shrinks(tmp_path: Path) -> None:
    lines = ("-vf", "interlace=scan=tff", "-flags", "+ildct+ilme", "-x264-params", "tff=1")
    numbers = [1 + at // 4 for at in range(240)]
    parts = (("-pix_fmt", "yuv420p", *lines),) * 2
    source = glued(tmp_path, *parts, sizes=[(256, 192), (128, 96)], numbers=numbers)
    _, slim = await shows_the_same(source, filters=f"scale=256:192:interl=-1,{DEINTERLACED}")
    assert size_of(slim.path) == (256, 192)


@pytest.mark.parametrize("surveyed", [True, False])
@pytest.mark.parametrize("rotation", ["90", "180", "270"])
async def test_a_turned_picture_changes_its_size(
    rotation: str, tmp_path: Path, ways: list[str], *, surveyed: bool
) -> None:
    made = glued(tmp_path, *((("-pix_fmt", "yuv420p"),) * 2), sizes=[(256, 192), (64, 48)])
    source = tmp_path / "source.mp4"
    ffmpeg("-display_rotation", rotation, "-i", str(made), "-c", "copy", str(source))
    _, slim = await slimmed(source, surveyed=surveyed)
    expected = shown_by_a_player(made, seconds=12)
    turned = {"90": "transpose=clock", "180": "hflip,vflip", "270": "transpose=cclock"}[rotation]
    assert numbers_in(slim.path, filters=turned) == expected
    assert size_of(slim.path) == ((960, 720) if rotation == "180" else (720, 960))
    assert ways == (["selected"] if surveyed else ["whole"] * 2)


async def test_the_shape_of_the_pixels_changes(tmp_path: Path) -> None:
    parts = (("-pix_fmt", "yuv420p"), ("-pix_fmt", "yuv420p", "-vf", "setsar=2/1"))
    source = glued(tmp_path, *parts, sizes=[(128, 96)] * 2)
    _, slim = await slimmed(source)
    expected = shown_by_a_player(source, seconds=12)
    assert size_of(slim.path) == (256, 96)
    assert numbers_in(slim.path, filters="crop=128:96")[:6] == expected[:6], "bars on both sides"
    assert numbers_in(slim.path)[6:] == expected[6:]


@pytest.mark.parametrize("scan", ["tff", "bff"])
async def test_interlaced_pictures_are_shown_without_combs(scan: str, tmp_path: Path, ways: list[str]) -> None:
    lines = ("-vf", f"interlace=scan={scan}", "-flags", "+ildct+ilme", "-x264-params", f"{scan}=1")
    source = numbered(tmp_path / "source.mp4", [1 + at // 4 for at in range(300)], *X264, *lines, rate="50")
    recording, _ = await shows_the_same(source, filters=DEINTERLACED)
    assert recording.picture.interlaced
    assert ways == ["whole"]


@pytest.mark.parametrize(
    ("before", "after", "seconds"),
    [
        pytest.param(("-itsoffset", "4.3"), (), 12, id="begins late"),
        pytest.param(("-ss", "5"), ("-copyts",), 7, id="keeps its times"),
        pytest.param((), ("-output_ts_offset", "10800"), 12, id="three hours late"),
    ],
)
async def test_a_recording_that_does_not_begin_at_0(
    before: Sequence[str], after: Sequence[str], seconds: int, tmp_path: Path
) -> None:
    made = numbered(tmp_path / "made.mp4", NUMBERS, *X264, "-g", "10")
    source = tmp_path / "source.mkv"
    ffmpeg(*before, "-i", str(made), *after, "-c", "copy", str(source))
    _, slim = await shows_the_same(source)
    assert slim.frames == seconds


@pytest.mark.parametrize("container", ["mp4", "mkv", "mov"])
async def test_the_screen_is_taken_and_neither_camera_nor_preview_nor_cover(
    container: str, tmp_path: Path, ways: list[str]
) -> None:
    # A large preview that does not last, a small camera, a cover: the screen is the third track with pictures.
    preview = numbered(tmp_path / "preview.mp4", [2000] * 20, *X264, size=(512, 384))
    camera = numbered(tmp_path / "camera.mp4", [3000] * 120, *X264, size=(64, 48))
    screen = numbered(tmp_path / "screen.mp4", NUMBERS, *X264, "-bf", "2")
    cover = tmp_path / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "color=red:size=1024x768", "-frames:v", "1", str(cover))
    source = tmp_path / f"source.{container}"
    tracks = [option for path in (preview, camera, screen) for option in ("-i", str(path))]
    maps = ("-map", "0", "-map", "1", "-map", "2")
    if container == "mkv":
        ffmpeg(*tracks, *maps, "-c", "copy", "-attach", str(cover), "-metadata:s:3", "mimetype=image/png", str(source))
    else:
        attached = ("-map", "3", "-disposition:v:3", "attached_pic")
        ffmpeg(*tracks, "-i", str(cover), *maps, *attached, "-c", "copy", str(source))
    recording, slim = await shows_the_same(source, place=2)
    assert recording.screen == 2
    assert (recording.width, recording.height) == size_of(slim.path) == (128, 96)
    assert ways == ["selected"], "the fast way works for a track that is not the first"
