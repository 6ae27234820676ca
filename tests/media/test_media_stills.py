"""Pictures of single seconds, from videos whose content is known at each second."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from runops.procedure import Procedure
from runops.procedure.html_page import html_page
from runops.procedure.model import Moment, ShownStep, TypedSecret
from runops.procedure.picture import Area, Picture
from runops.procedure.picture_budget import LADDER
from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.sandbox import ffmpeg as binaries
from runops_worker.media.stills import encode_stills, take_pictures
from runops_worker.media.stills.encode_stills import JPEG, FileType
from runops_worker.media.stills.still_video import open_video
from runops_worker.media.stills.take_pictures import pictures_for_files, pictures_for_page
from tests import ledgerline

LIMITS = Limits()


def moment(at: float, action: str | None = "CLICK", *, until: float | None = None, key: str | None = None) -> Moment:
    return Moment(key=key or f"t{round(at * 1000):07d}", at=at, until=at if until is None else until, action=action)


def film(path: Path, *, fps: int = 1, seconds: int = 20, size: str = "1280x720", filters: Sequence[str] = ()) -> Path:
    """A light screen; in second 10 a field gets a dark border, in second 15 all becomes dark."""
    drawn = ["drawbox=x=200:y=300:w=320:h=40:color=0x203050:t=6:enable='gte(t,10)'"]
    drawn += ["drawbox=x=0:y=0:w=iw:h=ih:color=0x203050:t=fill:enable='gte(t,15)'", *filters]
    source = ["-f", "lavfi", "-i", f"color=0xe8ecf2:s={size}:r={fps}:d={seconds}"]
    codec = ["-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p"]
    command = [get_ffmpeg_exe(), "-loglevel", "error", "-y", *source, "-vf", ",".join(drawn), *codec, str(path)]
    subprocess.run(command, check=True, timeout=240)
    return path


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("stills") / "slim.mp4")


def grey(picture: Picture, path: Path, *, at: tuple[int, int]) -> int:
    """Return how bright one pixel of a picture is, as an independent decoder says."""
    path.write_bytes(picture.data)
    # Grey first: a single pixel has no colour where four share one.
    one = ["-vf", f"format=gray,crop=1:1:{at[0]}:{at[1]}", "-f", "rawvideo", "-"]
    command = [get_ffmpeg_exe(), "-loglevel", "error", "-i", str(path), *one]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return done.stdout[0]


async def test_a_field_that_changed_is_marked_and_shown_changed(slim: Path, tmp_path: Path) -> None:
    (picture,) = (await pictures_for_page(slim, [moment(10.4)], limits=LIMITS)).values()
    assert (picture.media_type, picture.width, picture.height, picture.at) == ("image/webp", 1280, 720, 10.0)
    assert picture.mark == Area(192, 288, 336, 64)
    assert grey(picture, tmp_path / "a.webp", at=(202, 302)) < 80
    assert grey(picture, tmp_path / "a.webp", at=(700, 600)) > 200


async def test_a_click_that_changes_the_page_shows_the_one_before(slim: Path, tmp_path: Path) -> None:
    (picture,) = (await pictures_for_page(slim, [moment(15.0)], limits=LIMITS)).values()
    assert (picture.at, picture.mark) == (14.0, None)
    assert grey(picture, tmp_path / "a.webp", at=(700, 600)) > 200
    (picture,) = (await pictures_for_page(slim, [moment(15.0, "SCREEN_UPDATE")], limits=LIMITS)).values()
    assert picture.at == 15.0
    assert grey(picture, tmp_path / "a.webp", at=(700, 600)) < 80


async def test_a_moment_after_the_end_has_no_picture(slim: Path) -> None:
    pictures = await pictures_for_page(slim, [moment(5.0, None), moment(50.0)], limits=LIMITS)
    assert list(pictures) == ["t0005000"]
    assert await pictures_for_page(slim, [moment(50.0)], limits=LIMITS) == {}
    assert await pictures_for_page(slim, [], limits=LIMITS) == {}


async def test_seconds_are_seconds_at_any_rate(tmp_path: Path) -> None:
    video = film(tmp_path / "slim.mp4", fps=4)
    (picture,) = (await pictures_for_page(video, [moment(10.0)], limits=LIMITS)).values()
    assert picture.at == 10.0
    assert picture.mark is not None


async def test_marks_are_drawn_into_files(slim: Path, tmp_path: Path) -> None:
    moments = [moment(10.0), moment(10.0, "SCREEN_UPDATE", key="t9")]
    pictures = await pictures_for_files(slim, moments, limits=LIMITS)
    assert {picture.media_type for picture in pictures.values()} == {"image/jpeg"}
    assert len(pictures) == 2
    for picture in pictures.values():
        assert picture.mark is not None
        # Red is darker than the light screen, and it is where the mark is.
        assert grey(picture, tmp_path / "a.jpg", at=(picture.mark.x + 1, picture.mark.y + 30)) < 140
        assert grey(picture, tmp_path / "a.jpg", at=(picture.mark.x - 12, picture.mark.y + 30)) > 200


@pytest.mark.parametrize(("most", "whole"), [(1_000_000, True), (150_000, True), (15_000, False)])
async def test_pictures_get_smaller_until_they_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, whole: bool
) -> None:
    """Noise is the hardest content: it needs many times what a screen needs."""
    monkeypatch.setattr(take_pictures, "budget", lambda _seconds: most)
    video = film(tmp_path / "slim.mp4", size="320x180", filters=["noise=alls=20:allf=t"])
    moments = [moment(float(at), None) for at in range(20)]
    pictures = await pictures_for_page(video, moments, limits=LIMITS)
    total = sum(len(picture.data) for picture in pictures.values())
    assert 0 < total <= most
    assert (len(pictures) == len(moments)) is whole
    assert list(pictures) == [one.key for one in moments if one.key in pictures]


@pytest.fixture(scope="module")
def ten_minutes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, again and again."""
    video = tmp_path_factory.mktemp("long") / "slim.mp4"
    # Encoded once, and copied.
    once = tmp_path_factory.mktemp("once") / "slim.mp4"
    encoded = ["-i", str(ledgerline.RECORDING), "-vf", "fps=1", "-an", "-bf", "0", str(once)]
    repeated = ["-stream_loop", "9", "-i", str(once), "-c", "copy", "-t", "600", str(video)]
    for options in (encoded, repeated):
        subprocess.run([get_ffmpeg_exe(), "-loglevel", "error", *options], check=True, timeout=240)
    return video


async def test_two_hundred_marks_are_drawn(ten_minutes: Path) -> None:
    moments = [moment(float(at), "CLICK") for at in range(0, 600, 3)]
    pictures = await pictures_for_files(ten_minutes, moments, limits=LIMITS)
    assert len(pictures) == 200
    assert sum(picture.mark is not None for picture in pictures.values()) > 20


async def test_a_page_of_ten_minutes_and_sixty_steps_has_three_megabytes_at_most(ten_minutes: Path) -> None:
    moments = [moment(float(at), "SCREEN_UPDATE") for at in range(3, 600, 10)]
    pictures = await pictures_for_page(ten_minutes, moments, limits=LIMITS)
    steps = tuple(
        ShownStep(number=number, node_id=str(number), kind="task", label=f"Step {number}", moment=one)
        for number, one in enumerate(moments, start=1)
    )
    page = html_page(Procedure(title="Ten minutes", steps=steps), pictures)
    assert page.count("data:image/webp;base64,") == len(pictures) == 60
    assert len(page) <= 3_000_000


async def test_an_ffmpeg_without_webp_makes_jpeg(slim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = FileType("image/webp", ".webp", "no_such_encoder")
    for module in (take_pictures, encode_stills):
        monkeypatch.setattr(module, "WEBP", missing)
    (picture,) = (await pictures_for_page(slim, [moment(10.0)], limits=LIMITS)).values()
    assert picture.media_type == "image/jpeg"
    assert picture.data[:2] == b"\xff\xd8"


async def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "slim.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    with pytest.raises(MediaRejected):
        await pictures_for_page(broken, [moment(1.0)], limits=LIMITS)


async def test_nothing_is_left_beside_the_video(slim: Path) -> None:
    await pictures_for_page(slim, [moment(10.0)], limits=LIMITS)
    assert list(slim.parent.iterdir()) == [slim]


def test_a_command_line_without_the_extra_takes_the_ffmpeg_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNOPS_FFMPEG", raising=False)
    monkeypatch.setattr(binaries, "_PACKAGE", "imageio_ffmpeg.no_such_package")
    monkeypatch.setattr("runops_worker.media.sandbox.ffmpeg.shutil.which", lambda _name: "/usr/bin/ffmpeg")
    assert binaries.binary() == "/usr/bin/ffmpeg"


SECRET = TypedSecret("password", 10.0, 11.0)
STRIPES = [f"drawbox=x={210 + 14 * n}:y=310:w=7:h=20:color=0xd01020:t=fill:enable='gte(t,10)'" for n in range(20)]
"""The letters of a secret: red, which nothing else on the screen is."""


def red_pixels(picture: Picture, path: Path) -> int:
    """Return how many pixels of a picture are as red as the letters, as an independent decoder says."""
    path.write_bytes(picture.data)
    command = [get_ffmpeg_exe(), "-loglevel", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
    return sum(data[at] > data[at + 1] + 60 and data[at] > data[at + 2] + 60 for at in range(0, len(data), 3))


@pytest.fixture(scope="module")
def with_secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A field gets a secret in second 10; in second 25 another page is there."""
    path = tmp_path_factory.mktemp("secret") / "slim.mp4"
    drawn = ["drawbox=x=200:y=300:w=320:h=40:color=0x203050:t=2", *STRIPES]
    drawn += ["drawbox=x=0:y=0:w=iw:h=ih:color=0x203050:t=fill:enable='gte(t,25)'"]
    source = ["-f", "lavfi", "-i", "color=0xe8ecf2:s=1280x720:r=1:d=30"]
    codec = ["-c:v", "libx264", "-crf", "32", "-pix_fmt", "yuv420p"]
    command = [get_ffmpeg_exe(), "-loglevel", "error", "-y", *source, "-vf", ",".join(drawn), *codec, str(path)]
    subprocess.run(command, check=True, timeout=240)
    return path


def secret_moments(*at: float) -> list[Moment]:
    """The typing itself, and what is done on the same screen before and after."""
    actions = {10.0: "TYPE"}
    return [replace(moment(one, actions.get(one, "CLICK")), covers=(SECRET,)) for one in at]


async def test_the_letters_of_a_secret_are_in_no_picture_of_its_screen(with_secret: Path, tmp_path: Path) -> None:
    bare = await pictures_for_page(with_secret, [moment(10.0, "TYPE"), moment(20.0, key="t2")], limits=LIMITS)
    # They would be seen.
    assert all(red_pixels(picture, tmp_path / "a.webp") > 500 for picture in bare.values())
    moments = secret_moments(8.0, 10.0, 12.0, 20.0)
    for take, name in ((pictures_for_page, "a.webp"), (pictures_for_files, "a.jpg")):
        pictures = await take(with_secret, moments, limits=LIMITS)
        assert sorted(pictures) == sorted(one.key for one in moments)
        for picture in pictures.values():
            marked = 0 if picture.mark is None or name == "a.webp" else 8 * (picture.mark.width + picture.mark.height)
            assert red_pixels(picture, tmp_path / name) <= marked
            assert grey(picture, tmp_path / name, at=(900, 600)) > 200
            assert 90 < grey(picture, tmp_path / name, at=(350, 320)) < 140
        # What is framed is what changed, and that is covered.
        assert pictures[moments[1].key].mark is not None


async def test_a_moment_whose_secret_has_no_known_place_has_no_picture(with_secret: Path) -> None:
    moments = secret_moments(12.0, 27.0)
    pictures = await pictures_for_page(with_secret, moments, limits=LIMITS)
    assert list(pictures) == [moments[0].key]
    never_seen = replace(moments[0], covers=(TypedSecret("PIN", 18.0, 19.0),))
    assert await pictures_for_page(with_secret, [never_seen], limits=LIMITS) == {}


async def test_a_second_that_two_moments_share_is_covered_for_both(with_secret: Path, tmp_path: Path) -> None:
    moments = [*secret_moments(20.0), moment(20.0, key="t9")]
    for take in (pictures_for_page, pictures_for_files):
        pictures = await take(with_secret, moments, limits=LIMITS)
        assert len(pictures) == 2
        assert [red_pixels(picture, tmp_path / "a") for picture in pictures.values()] == [0, 0]


async def test_more_covered_areas_than_fit_into_one_command_are_covered(slim: Path, tmp_path: Path) -> None:
    seconds = range(10)
    places = [(x, y) for x in range(700, 1200, 20) for y in range(10, 210, 20)]
    covers = {second: [Area(x + second, y, 8, 8) for x, y in places] for second in seconds}
    stills = await encode_stills.encode_stills(
        await open_video(slim, limits=LIMITS),
        seconds,
        form=LADDER[0],
        size=(1280, 720),
        file_type=JPEG,
        scratch=tmp_path,
        marks={},
        covers=covers,
    )
    assert list(stills) == list(seconds)
    for second, data in stills.items():
        picture = Picture(data=data, media_type="image/jpeg", width=1280, height=720, at=float(second))
        for x, y in (places[0], places[-1]):
            assert 90 < grey(picture, tmp_path / "a.jpg", at=(x + second + 4, y + 4)) < 140
        assert grey(picture, tmp_path / "a.jpg", at=(100, 100)) > 200
