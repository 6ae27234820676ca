"""What people do in recordings, as screens that are drawn: pages, words, windows and pointers, for two minutes.

The words are those of this project's own pages and code.
"""

import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import font_source_sans_pro

from benchmarks.drawn_screen import SIZE, DrawnScreen
from benchmarks.screen_recordings import AAC, VOICE, ffmpeg

__all__ = ["CONTENTS", "Content", "make_content"]

SECONDS: Final = 120
"""Length of each recording."""

_PAGE_HEIGHT: Final = 8640
_PAGE_LINE: Final = 37
_FONTS: Final = Path(font_source_sans_pro.__file__).parent / "files"
_CHECKOUT: Final = Path(__file__).parents[1]
_PAGES: Final = ("recordings.md", "architecture.md", "install.md", "performance.md", "bad-input.md")
_CODE: Final = "worker_image/runops_worker/pipeline.py"
_ROW: Final = 35


@dataclass(frozen=True, kw_only=True)
class Content:
    """One kind of recording.

    Attributes
    ----------
    title
        In words.
    draw
        Draws what lies above the page.
    bound
        Largest share of the plain command's processor time that is promised.
    scroll
        How far the page is scrolled at second `t`, in pixels, as an expression of ffmpeg; None: there is no page.
    film
        A film in front of everything: left, top, width and height.
    """

    title: str
    draw: Callable[[DrawnScreen, random.Random], None]
    bound: float = 0.45
    scroll: str | None = None
    film: tuple[int, int, int, int] | None = None


def make_content(name: str, folder: Path, progress: Callable[[str], None]) -> Path:
    """Write the recording of one content with x264's defaults and AAC, 1080p30, or return the file if it exists.

    Parameters
    ----------
    name
        A key of `CONTENTS`.
    folder
        Where it goes.
    progress
        Told what is made.

    Raises
    ------
    subprocess.CalledProcessError
        ffmpeg failed; its own words are on standard error.
    """
    target = folder / f"content-{name}.mp4"
    if target.exists():
        return target
    content, screen = CONTENTS[name], DrawnScreen(SECONDS)
    progress(f"making a recording, {SECONDS} s: {content.title}")
    content.draw(screen, random.Random(name))  # noqa: S311 - the same each time
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"part.{target.name}"
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as scratch:
        drawn = Path(scratch) / "drawn.ass"
        drawn.write_text(screen.script(), "utf-8")
        inputs = [*_ground(content, Path(scratch)), *_film(content), "-f", "lavfi", "-i", VOICE]
        shown = ("-map", "[shown]", "-map", f"{inputs.count('-i') - 1}:a", "-t", str(SECONDS))
        coded = ("-pix_fmt", "yuv420p", "-c:v", "libx264", *AAC)
        ffmpeg(*inputs, "-filter_complex", _graph(content, drawn), *shown, *coded, str(part))
    part.replace(target)
    return target


def _ground(content: Content, folder: Path) -> list[str]:
    if content.scroll is None:
        return ["-f", "lavfi", "-i", f"color=white:size={SIZE[0]}x{SIZE[1]}:rate=30"]
    text, page = folder / "page.txt", folder / "page.png"
    text.write_text("\n".join(_lines(*_PAGES, width=118)[: _PAGE_HEIGHT // _PAGE_LINE]), "utf-8")
    printed = f"fontfile={_FONTS / 'SourceSansPro-Regular.ttf'}:fontsize=28:line_spacing=4:x=160:y=110"
    printed += f":textfile={text}:expansion=none"
    paper = f"color=white:size={SIZE[0]}x{_PAGE_HEIGHT}"
    ffmpeg("-f", "lavfi", "-i", paper, "-vf", f"drawtext={printed}", "-frames:v", "1", str(page))
    return ["-framerate", "30", "-i", str(page)]


def _film(content: Content) -> list[str]:
    if content.film is None:
        return []
    _, _, width, height = content.film
    return ["-f", "lavfi", "-i", f"mandelbrot=size={width}x{height}:rate=30:end_scale=0.001:end_pts=3600"]


def _graph(content: Content, drawn: Path) -> str:
    ground = "[0:v]format=yuv420p"
    if content.scroll is not None:
        # The page is read once and shown again and again.
        repeated = "loop=loop=-1:size=1,setpts=N/30/TB"
        ground += f",{repeated},crop={SIZE[0]}:{SIZE[1]}:0:'mod({content.scroll},{_PAGE_HEIGHT - SIZE[1]})'"
    ground += f",ass={drawn}:fontsdir={_FONTS}"
    if content.film is None:
        return f"{ground}[shown]"
    left, top, _, _ = content.film
    film = "[1:v]hue=H=0.1*t,noise=alls=5:allf=t:all_seed=7,format=yuv420p[film]"
    return f"{ground}[screen];{film};[screen][film]overlay={left}:{top}[shown]"


def _lines(*pages: str, width: int) -> list[str]:
    lines: list[str] = []
    for page in pages:
        for line in (_CHECKOUT / "docs" / page).read_text("utf-8").splitlines():
            rest = line
            while len(rest) > width and " " in rest[1:width]:
                cut = rest.rindex(" ", 1, width)
                lines.append(rest[:cut])
                rest = rest[cut + 1 :]
            lines.append(rest[:width])
    return lines


def _code() -> list[str]:
    return [line.replace("    ", "\u2003\u2003")[:100] for line in (_CHECKOUT / _CODE).read_text("utf-8").splitlines()]


def _sentences(draw: random.Random) -> Iterator[str]:
    lines = [line for line in _lines(*_PAGES, width=60) if len(line) > 20 and "|" not in line]
    draw.shuffle(lines)
    return cycle(lines)


def _browser(screen: DrawnScreen, title: str) -> None:
    screen.box((0, 0, SIZE[0], 84), "dee1e6")
    screen.box((16, 8, 320, 36), "ffffff")
    screen.words(title, (34, 12))
    screen.box((120, 48, 1500, 32), "f5f5f5")
    screen.words("https://intranet.example.org/requests/new", (140, 50), colour="606060")


def _form(screen: DrawnScreen, draw: random.Random) -> None:
    screen.box((0, 0, *SIZE), "ffffff")
    _browser(screen, "New request")
    sentences, now, round_ = _sentences(draw), 2.0, 0
    labels = ("Name", "Department", "Cost centre", "Purpose", "Delivery address", "Approved by", "Remarks")
    for number, label in enumerate(labels):
        screen.words(label, (200, 140 + number * 110), colour="505050")
        screen.box((200, 174 + number * 110, 1000, 52), "c0c4cc")
        screen.box((202, 176 + number * 110, 996, 48), "ffffff")
    while now < SECONDS:
        # A form is filled, sent, and comes again empty.
        begin, fields = now, []
        for number in range(len(labels)):
            screen.point((400 + draw.randrange(300), 200 + number * 110), at=now, takes=0.7)
            fields.append((next(sentences)[: draw.randrange(8, 44)], now + 1.2))
            now += 1.2 + len(fields[-1][0]) / 6 + draw.uniform(0.5, 2.5)
        ends = [since for _, since in fields[1:]] + [now]
        for number, (text, since) in enumerate(fields):
            screen.typed(text, (214, 184 + number * 110), since=since, until=now + 2, caret_until=ends[number])
        screen.point((300, 960), at=now)
        screen.box((220, 930, 180, 56), "1a73e8", since=begin, until=now + 2)
        now, round_ = now + 3, round_ + 1
        screen.words(f"Saved, number {4711 + round_}", (440, 946), colour="188038", since=now - 1.5, until=now + 2)


def _editor(screen: DrawnScreen, draw: random.Random) -> None:
    _write_code(screen, draw, at=(90, 60), rows=26, ground="1e1e1e", ink="d4d4d4")


def _write_code(
    screen: DrawnScreen, draw: random.Random, *, at: tuple[int, int], rows: int, ground: str, ink: str
) -> None:
    """Write lines of code; at the lower edge, all lines move up by one."""
    screen.box((at[0] - 70, at[1] - 20, SIZE[0] - at[0] + 70, rows * _ROW + 60), ground)
    code, now, first = _code(), 1.0, 0
    shown = code[: rows - 6]
    since = 0.0
    for line in cycle(code[rows - 6 :]):
        if now >= SECONDS:
            break
        if len(shown) - first >= rows:
            first += 1
        place = at[0], at[1] + (len(shown) - first) * _ROW
        done = now + len(line) / 7
        after = done + draw.choice((0.3, 0.3, 0.6, 4.0))
        for number, text in enumerate(shown[first:]):
            screen.words(text, (at[0], at[1] + number * _ROW), colour=ink, since=since, until=after)
        screen.typed(line, place, since=now, rate=7, until=after, caret_until=after, colour=ink)
        shown.append(line)
        since = now = after


def _spreadsheet(screen: DrawnScreen, draw: random.Random) -> None:
    screen.box((0, 0, *SIZE), "ffffff")
    screen.box((0, 0, SIZE[0], 120), "f3f3f3")
    for column in range(1, 15):
        screen.box((column * 130, 120, 1, 960), "d0d0d0")
        screen.words(chr(64 + column), (column * 130 + 55, 122), colour="606060")
    for row in range(1, 27):
        screen.box((0, 120 + row * _ROW, SIZE[0], 1), "d0d0d0")
        screen.words(str(row), (50, 124 + row * _ROW), colour="606060")
        for column in range(1, 8):
            screen.words(f"{draw.uniform(1, 9999):,.2f}", (column * 130 + 12, 124 + row * _ROW))
    now, column, row = 1.5, 8, 1
    while now < SECONDS:
        text = f"{draw.uniform(1, 9999):,.2f}"
        place = column * 130, 120 + row * _ROW, 130, _ROW
        after = now + len(text) / 5 + draw.uniform(0.4, 3.0)
        screen.box(place, "107c41", since=now - 0.3, until=after)
        screen.box((place[0] + 2, place[1] + 2, 126, _ROW - 4), "ffffff", since=now - 0.3, until=after)
        screen.typed(text, (place[0] + 12, place[1] + 4), since=now, rate=5, caret_until=after - 0.3)
        row = row + 1 if row < 26 else 1
        column += row == 1
        if draw.random() < 0.2:
            screen.point((place[0] + 60, place[1] + 50), at=now)
        now = after


def _terminal(screen: DrawnScreen, draw: random.Random) -> None:
    screen.box((0, 0, *SIZE), "101418")
    texts, shown, now, sentences = cycle(_lines(*_PAGES, width=120)), ["$ make test"], 0.0, _sentences(draw)
    while now < SECONDS:
        # A command is typed, it prints in bursts, and then it is read.
        command = "$ kubectl get " + next(sentences)[:24]
        place = 40, 30 + min(len(shown), 28) * _ROW
        done = now + len(command) / 6 + 0.6
        screen.lines(shown[-28:], (40, 30), colour="c8d0d8", since=now, until=done)
        screen.typed(command, place, since=now, until=done, colour="c8d0d8")
        shown.append(command)
        now = done
        for _ in range(draw.randrange(3, 9)):
            shown += [next(texts) for _ in range(draw.randrange(1, 6))]
            pause = draw.uniform(0.05, 0.4)
            screen.lines(shown[-28:], (40, 30), colour="c8d0d8", since=now, until=now + pause)
            now += pause
        reads = draw.uniform(3, 9)
        screen.lines(shown[-28:], (40, 30), colour="c8d0d8", since=now, until=now + reads)
        now += reads


def _slides(screen: DrawnScreen, draw: random.Random) -> None:
    now, sentences = 0.0, _sentences(draw)
    for number, ground in enumerate(cycle(("ffffff", "f4ede4", "1f3a5f"))):
        if now >= SECONDS:
            break
        ink = "f0f0f0" if ground == "1f3a5f" else "202020"
        after = now + draw.uniform(7, 18)
        screen.box((0, 0, *SIZE), ground, since=now, until=after)
        screen.box((0, 190, SIZE[0], 8), "c8102e", since=now, until=after)
        screen.words(next(sentences)[:40], (120, 80), size=72, colour=ink, since=now, until=after)
        # Points come one by one.
        for point in range(5):
            came = now + point * (after - now) / 6
            screen.words("- " + next(sentences), (160, 280 + point * 120), size=48, colour=ink, since=came, until=after)
        screen.words(str(number + 1), (1820, 1000), size=32, colour=ink, since=now, until=after)
        now = after


def _reading(screen: DrawnScreen, draw: random.Random) -> None:
    _browser(screen, "Documentation")
    now = 3.0
    while now < SECONDS:
        screen.point((draw.randrange(300, 1600), draw.randrange(200, 1000)), at=now, takes=draw.uniform(0.4, 1.2))
        now += draw.uniform(3, 9)


def _two_windows(screen: DrawnScreen, draw: random.Random) -> None:
    left, right = _lines("install.md", width=72), _code()
    now, number = 0.0, 0
    while now < SECONDS:
        after = now + draw.uniform(5, 14)
        if number % 2:
            screen.box((0, 0, *SIZE), "ffffff", since=now, until=after)
            screen.box((0, 0, SIZE[0], 60), "dee1e6", since=now, until=after)
            screen.lines(left[number * 5 : number * 5 + 24], (120, 100), size=30, since=now, until=after)
        else:
            screen.box((0, 0, *SIZE), "202428", since=now, until=after)
            screen.lines(right[10:38], (60, 40), colour="d4d4d4", since=now, until=after)
            screen.typed("# as in the page: " + left[number + 3][:40], (60, 1030), since=now + 1.5, until=after)
        screen.point((draw.randrange(200, 1700), draw.randrange(100, 1000)), at=now + 0.5, takes=0.8)
        now, number = after, number + 1


def _dialog(screen: DrawnScreen, draw: random.Random) -> None:
    screen.box((0, 0, *SIZE), "ffffff")
    screen.box((0, 0, 330, SIZE[1]), "f0f2f5")
    screen.lines([line[:24] for line in _lines("chart.md", width=24)[:24]], (20, 60))
    screen.lines(_lines("install.md", width=100)[:28], (380, 60))
    now, sentences = 2.0, _sentences(draw)
    while now < SECONDS:
        # The pointer looks for its place, a dialog opens, and is answered.
        for _ in range(draw.randrange(2, 6)):
            screen.point((draw.randrange(100, 1800), draw.randrange(80, 1000)), at=now, takes=draw.uniform(0.5, 1.0))
            now += draw.uniform(1.0, 1.6)
        shuts = now + draw.uniform(4, 8)
        screen.box((560, 330, 800, 380), "808890", since=now, until=shuts)
        screen.box((562, 332, 796, 376), "ffffff", since=now, until=shuts)
        screen.lines([next(sentences)[:56] for _ in range(4)], (600, 380), since=now, until=shuts)
        screen.box((1160, 630, 160, 50), "1a73e8", since=now, until=shuts)
        screen.point((1240, 655), at=shuts - 1.2, takes=0.9)
        now = shuts + draw.uniform(1, 4)


def _ide(screen: DrawnScreen, draw: random.Random) -> None:
    screen.box((0, 0, *SIZE), "252526")
    screen.lines([path.name for path in sorted((_CHECKOUT / "benchmarks").glob("*.py"))], (20, 60), colour="c0c0c0")
    _write_code(screen, draw, at=(430, 60), rows=18, ground="1e1e1e", ink="d4d4d4")
    screen.box((360, 740, 1560, 340), "181818")
    texts, now = cycle(_lines("testing.md", width=110)), 0.0
    while now < SECONDS:
        # The tests run again, and say so below.
        after = now + draw.uniform(4, 15)
        screen.lines([next(texts) for _ in range(9)], (380, 750), colour="a8c7a0", since=now, until=after)
        if draw.random() < 0.5:
            screen.point((draw.randrange(400, 1800), draw.randrange(80, 1000)), at=now)
        now = after


def _nothing(screen: DrawnScreen, draw: random.Random) -> None:
    _ = screen, draw


def _now_and_then() -> str:
    draw, now, terms = random.Random(7), 4.0, []  # noqa: S311 - the same each time
    while now < SECONDS:
        terms.append(f"{draw.choice((240, 360, 480))}*clip((t-{now:.2f})/0.5,0,1)")
        now += draw.uniform(0.6, 1.0) if draw.random() < 0.4 else draw.uniform(4, 12)
    return "+".join(terms)


CONTENTS: Final[dict[str, Content]] = {
    "form": Content(title="a form is filled", draw=_form),
    "editor": Content(title="code is written in an editor", draw=_editor),
    "spreadsheet": Content(title="numbers are typed into a spreadsheet", draw=_spreadsheet),
    "terminal": Content(title="a terminal that scrolls now and then", draw=_terminal),
    "slides": Content(title="slides", draw=_slides),
    "reading": Content(title="a web page that is scrolled now and then", draw=_reading, scroll=_now_and_then()),
    "two-windows": Content(title="two windows in turn", draw=_two_windows),
    "dialog": Content(title="dialogs and a pointer that moves", draw=_dialog),
    "ide": Content(title="an IDE: code, files and tests", draw=_ide),
    "small-film": Content(title="a small film in a page", draw=_reading, scroll="0", film=(1060, 360, 640, 360)),
    "film": Content(title="a film over the whole screen", draw=_nothing, film=(0, 0, *SIZE), bound=0.6),
    "scrolling": Content(title="a page that is scrolled slowly all the time", draw=_reading, scroll="60*t"),
    "fast": Content(title="a page that is scrolled fast all the time", draw=_reading, scroll="397*t", bound=0.6),
}
"""By name."""
