"""White is white and text can be read, whatever range, colours and brightness a recording has."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import pytest

from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.probe.probe import probe
from runops_worker.media.recording.picture_format import HLG, PQ
from runops_worker.media.transcode import white_level
from runops_worker.media.transcode.transcode import transcode
from runops_worker.media.transcode.white_level import measured_white
from tests.media.numbered_pictures import ffmpeg

LIMITS = Limits()
WIDE, HIGH = 320, 180
# A white page with a pale grey and a dark grey field, and fine strokes like those of letters in the lower part.
PAGE = (
    f"color=white:size={WIDE}x{HIGH}:rate=10:duration=2,format=gbrp,drawgrid=w=5:h=400:t=2:c=black,"
    "drawbox=w=80:h=90:c=#cccccc:t=fill,drawbox=x=80:w=80:h=90:c=#404040:t=fill,drawbox=x=160:w=160:h=90:c=white:t=fill,"
    "setparams=color_primaries=bt709:color_trc=iec61966-2-1:colorspace=gbr:range=pc"
)
X265 = ("-c:v", "libx265", "-x265-params", "log-level=none:qp=8")


def page(target: Path, *coding: str) -> Path:
    ffmpeg("-f", "lavfi", "-i", PAGE, *coding, str(target))
    return target


def hdr_page(target: Path, *, transfer: str, nits: float) -> Path:
    """Film the page with a white of so many nits."""
    linear = f"zscale=t=linear:npl={nits},format=gbrpf32le"
    return page(
        target,
        *("-vf", f"{linear},zscale=t={transfer}:p=2020:m=2020_ncl:r=tv:npl={nits},format=yuv420p10le"),
        *("-c:v", "libx265", "-x265-params"),
        f"log-level=none:qp=8:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc",
    )


async def seen(source: Path) -> dict[str, float]:
    """Return the brightness of the fields and of the strokes in the slim video, 0 to 255."""
    target = source.with_name("slim.mp4")
    examined = await examine(source, limits=LIMITS)
    await transcode(
        source,
        target,
        examined=examined,
        fps=1,
        height=720,
        crf=20,
        limits=LIMITS,
        on_progress=lambda _share: None,
    )
    raw, log = ffmpeg("-i", str(target), "-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-")
    assert "yuv420p(tv" in log or "yuv420p(progressive)" in log, "usual range"
    rows = [raw[at : at + WIDE] for at in range(0, len(raw), WIDE)]
    strokes = sorted(rows[140][10:310])
    return {
        "pale": fmean(rows[45][30:50]),
        "dark": fmean(rows[45][110:130]),
        "white": fmean(rows[45][220:260]),
        "stroke": fmean(strokes[:60]),
        "between": fmean(strokes[-60:]),
    }


def looks_like_the_page(found: dict[str, float]) -> None:
    assert found["white"] >= 245, found
    assert 190 <= found["pale"] <= 215, found
    assert 50 <= found["dark"] <= 90, found
    assert found["between"] - found["stroke"] >= 150, found


@pytest.mark.parametrize(
    ("name", "coding"),
    [
        ("usual.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p")),
        ("full.mp4", ("-vf", "scale=out_range=pc:out_color_matrix=bt709,format=yuv420p", "-c:v", "libx264")),
        ("full_444.mp4", ("-vf", "scale=out_range=pc:out_color_matrix=bt709,format=yuv444p", "-c:v", "libx264")),
        ("ten_bit.mp4", ("-vf", "scale=out_range=tv:out_color_matrix=bt709,format=yuv422p10le", "-c:v", "libx264")),
        ("rgb.mkv", ("-c:v", "libx264rgb", "-qp", "4")),
        ("gbr.mp4", ("-pix_fmt", "gbrp", *X265)),
        ("gray.mp4", ("-pix_fmt", "gray", "-c:v", "libx264")),
        ("bt2020.mp4", ("-vf", "zscale=t=2020_10:p=2020:m=2020_ncl:r=tv,format=yuv420p10le", *X265)),
    ],
)
async def test_a_page_without_hdr(name: str, coding: Sequence[str], tmp_path: Path) -> None:
    looks_like_the_page(await seen(page(tmp_path / name, *coding)))


@pytest.mark.parametrize("nits", [100, 203, 300, 480])
async def test_a_page_in_hdr10_whatever_white_the_computer_chose(nits: int, tmp_path: Path) -> None:
    source = hdr_page(tmp_path / "page.mp4", transfer=PQ, nits=nits)
    recording = await probe(source, limits=LIMITS)
    assert recording.picture.transfer == PQ
    assert await measured_white(source, recording, limits=LIMITS) == pytest.approx(nits, rel=0.1)
    looks_like_the_page(await seen(source))


async def test_white_is_measured_in_the_first_pictures_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[float] = []

    def take(brightest: Sequence[float]) -> float:
        measured.extend(brightest)
        return 203.0

    monkeypatch.setattr(white_level, "white_of", take)
    named = f"format=yuv420p10le,setparams=range=tv:color_primaries=bt2020:color_trc={PQ}:colorspace=bt2020nc"
    source = page(tmp_path / "page.mp4", "-vf", named, "-c:v", "libx264", "-g", "1", "-r", "30")
    assert await measured_white(source, await probe(source, limits=LIMITS), limits=LIMITS) == 203.0
    assert 40 <= len(measured) < 50, "the decoder may be some pictures ahead"


async def test_a_page_in_hlg(tmp_path: Path) -> None:
    source = hdr_page(tmp_path / "page.mp4", transfer=HLG, nits=203)
    assert (await probe(source, limits=LIMITS)).picture.transfer == HLG
    looks_like_the_page(await seen(source))
