"""The ten classes of recordings that transcodes are timed with: made-up screen recordings with sound like speech.

Nothing in them is recorded. A page of drawn glyphs is scrolled in bursts, a pointer moves, a window with camera grain
runs in a corner, a dialog comes and goes. Beside each recording lies what it was made of, picture by picture, for the
seconds that the slim video shows: scaled to its size and kept without loss.
"""

import os
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import imageio_ffmpeg

__all__ = ["AAC", "CLASSES", "RECORDINGS", "SLIM_HEIGHT", "VOICE", "Made", "RecordingClass", "ffmpeg", "make"]

RECORDINGS: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "runops-operator" / "recordings"
"""Where they are kept from one run to the next: making them takes minutes."""

SLIM_HEIGHT: Final = 720
"""Height of the slim video, and of what is kept for the comparison."""

_LIGHT: Final = b"\xf5"
_DARK: Final = b"\x28"
_STROKE: Final = 2
_STROKES_WIDE: Final = 4
_STROKES_HIGH: Final = 7
_LETTER_WIDTH: Final = 11
_LINE: Final = 30
_MARGIN: Final = 60
_WRITTEN: Final = 0.75
_WORD_GOES_ON: Final = 0.84
_SECONDS_TO_MAKE: Final = 3600.0
# A buzz with all its overtones that rises and falls, shaped by three resonances as by a mouth, and hissed at times.
_BUZZ: Final = (
    "aevalsrc='(2*mod(118*t+3*sin(2*PI*0.7*t),1)-1)*max(0,sin(2*PI*3.7*t))*gt(sin(2*PI*0.19*t),-0.7)"
    "+(random(0)-0.5)*(0.01+max(0,sin(2*PI*2.3*t+1)-0.8))':sample_rate=48000"
)
_MOUTH: Final = "equalizer=f=550:t=q:w=3:g=14,equalizer=f=1600:t=q:w=4:g=10,equalizer=f=2600:t=q:w=5:g=8,lowpass=f=7000"
VOICE: Final = f"{_BUZZ},{_MOUTH},volume=0.12"
"""Sound like speech, as a source of ffmpeg."""
_X265: Final = "log-level=error:pools=2:keyint=60:min-keyint=60:open-gop=0"
AAC: Final = ("-c:a", "aac", "-b:a", "160k", "-ac", "2")
"""How sound is coded in an MP4."""
_OPUS: Final = ("-c:a", "libopus", "-b:a", "64k", "-ac", "2")
_IRREGULAR: Final = "select='gt(mod(n*7919,101),38)',"


@dataclass(frozen=True, kw_only=True)
class RecordingClass:
    """How one class is made, and what is promised for it.

    Attributes
    ----------
    title
        In words.
    bound
        Largest share of the baseline's wall time that is promised.
    size, rate, seconds
        Of the picture; pictures per second; length.
    suffix
        Of the file.
    codec
        Encoder and container, as ffmpeg's arguments.
    irregular
        Whether pictures are missing here and there, as from a recorder that sends one on change only.
    plays, times
        The class whose recording it plays, by copying, and how often in a row: many minutes need not be drawn.
    """

    title: str
    bound: float
    size: tuple[int, int]
    rate: int
    seconds: int
    suffix: str
    codec: tuple[str, ...]
    irregular: bool = False
    plays: str | None = None
    times: int = 1


@dataclass(frozen=True)
class Made:
    """A recording on disk.

    Attributes
    ----------
    recording
        The file.
    shown
        What second k shows, without loss, one picture per second.
    """

    recording: Path
    shown: Path


_FULL_HD: Final = (1920, 1080)

_OBS: Final = RecordingClass(
    title="1080p30 H.264, B-frames, key every 2 s (OBS)",
    bound=0.45, size=_FULL_HD, rate=30, seconds=120, suffix="mp4",
    codec=("-c:v", "libx264", "-preset", "veryfast", "-b:v", "2500k", "-maxrate", "2500k", "-bufsize", "5000k",
           "-bf", "2", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0", *AAC),
)  # fmt: skip

CLASSES: Final[dict[str, RecordingClass]] = {
    "h264-obs": _OBS,
    "h264-long": replace(_OBS, title="12 minutes of 1080p30 H.264 (OBS)", plays="h264-obs", times=6),
    "h264-defaults": RecordingClass(
        title="1080p30 H.264, x264 defaults",
        bound=0.45, size=_FULL_HD, rate=30, seconds=120, suffix="mp4", codec=("-c:v", "libx264", *AAC),
    ),
    "h264-short-gop": RecordingClass(
        title="1080p30 H.264, key every 1 s",
        bound=0.25, size=_FULL_HD, rate=30, seconds=120, suffix="mp4",
        codec=("-c:v", "libx264", "-preset", "veryfast", "-b:v", "3000k", "-g", "30", "-keyint_min", "30",
               "-sc_threshold", "0", *AAC),
    ),
    "h264-mediarecorder": RecordingClass(
        title="1080p H.264, irregular, no B-frames (MediaRecorder)",
        bound=0.75, size=_FULL_HD, rate=30, seconds=60, suffix="mkv", irregular=True,
        codec=("-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-profile:v", "baseline",
               "-b:v", "2500k", "-g", "3000", *_OPUS),
    ),
    "h264-1440p60": RecordingClass(
        title="1440p60 H.264, B-frames",
        bound=0.45, size=(2560, 1440), rate=60, seconds=60, suffix="mp4",
        codec=("-c:v", "libx264", "-preset", "veryfast", "-b:v", "6000k", "-bf", "2", "-g", "120", "-keyint_min",
               "120", *AAC),
    ),
    "hevc-4k": RecordingClass(
        title="4K30 HEVC, key every 2 s",
        bound=0.55, size=(3840, 2160), rate=30, seconds=60, suffix="mp4",
        codec=("-c:v", "libx265", "-preset", "superfast", "-b:v", "8000k", "-x265-params", _X265, "-tag:v", "hvc1",
               *AAC),
    ),
    "vp9": RecordingClass(
        title="1080p VP9 WebM, irregular, key every 10 s",
        bound=0.9, size=_FULL_HD, rate=30, seconds=60, suffix="webm", irregular=True,
        codec=("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1", "-b:v", "2500k",
               "-g", "300", *_OPUS),
    ),
    "vp8": RecordingClass(
        title="1080p VP8 WebM, irregular",
        bound=0.9, size=_FULL_HD, rate=30, seconds=60, suffix="webm", irregular=True,
        codec=("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2500k", "-g", "100", *_OPUS),
    ),
    "av1": RecordingClass(
        title="1080p30 AV1",
        bound=0.9, size=_FULL_HD, rate=30, seconds=60, suffix="mp4",
        codec=("-c:v", "libsvtav1", "-preset", "12", "-b:v", "2500k", "-g", "240", *AAC),
    ),
}  # fmt: skip
"""By name."""


def make(name: str, folder: Path, progress: Callable[[str], None]) -> Made:
    """Write the recording of one class and what it shows, or give what lies there already.

    Parameters
    ----------
    name
        A key of `CLASSES`.
    folder
        Where both files go.
    progress
        Told what is made.

    Raises
    ------
    subprocess.CalledProcessError
        ffmpeg failed; its own words are on standard error.
    """
    kind = CLASSES[name]
    made = Made(folder / f"{name}.{kind.suffix}", folder / f"{name}.shown.mkv")
    if made.recording.exists() and made.shown.exists():
        return made
    if kind.plays is not None:
        once = make(kind.plays, folder, progress)
        _play(once.shown, made.shown, kind)
        _play(once.recording, made.recording, kind)
        return made
    progress(f"making {kind.title}, {kind.seconds} s")
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{name}.page.pgm"
    part = folder / f"part.{made.recording.name}"
    page.write_bytes(_page(kind.size[0], kind.size[1] * 3))
    ffmpeg(
        *_inputs(kind, page), "-filter_complex", _graph(kind), "-shortest",
        "-map", "[recorded]", "-map", "4:a", *_encoder(kind), "-t", str(kind.seconds), str(part),
        "-map", "[shown]", "-t", str(kind.seconds), "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast",
        str(made.shown),
    )  # fmt: skip
    page.unlink()
    part.replace(made.recording)
    return made


def _play(once: Path, target: Path, kind: RecordingClass) -> None:
    """Write a file that plays another one as often as the class says, each time from a whole second on."""
    listed, part = target.with_name("played.txt"), target.with_name(f"part.{target.name}")
    # The sound may begin earlier than the picture and end later, by a part of a frame. That must not move the pictures.
    listed.write_text(f"file '{once.name}'\ninpoint 0\nduration {kind.seconds}\n" * kind.times)
    ffmpeg("-copyts", "-f", "concat", "-i", str(listed), "-map", "0", "-c", "copy", str(part))
    listed.unlink()
    part.replace(target)


def _encoder(kind: RecordingClass) -> tuple[str, ...]:
    return ("-fps_mode", "vfr" if kind.irregular else "cfr", "-pix_fmt", "yuv420p", *kind.codec)


def _inputs(kind: RecordingClass, page: Path) -> list[str]:
    rate = str(kind.rate)
    return [
        *("-loop", "1", "-framerate", rate, "-i", str(page)),
        *("-f", "lavfi", "-i", f"testsrc2=size=320x180:rate={rate},noise=alls=6:allf=t:all_seed=7"),
        *("-f", "lavfi", "-i", f"color=red:size=14x22:rate={rate}"),
        *("-f", "lavfi", "-i", f"smptehdbars=size=960x540:rate={rate}"),
        *("-f", "lavfi", "-i", VOICE),
    ]


def _graph(kind: RecordingClass) -> str:
    width, height = kind.size
    thinned = _IRREGULAR if kind.irregular else ""
    scroll = f"mod(floor({height // 2}*(floor(t/8)+min(1,mod(t,8)))),{height * 2 - 2})"
    return (
        f"[0:v]crop={width}:{height}:0:'{scroll}',format=yuv420p[page];"
        f"[page][1:v]overlay=W-w-40:H-h-40[camera];"
        f"[camera][3:v]overlay=(W-w)/2:(H-h)/2:enable='between(mod(t,17),6,9)'[dialog];"
        f"[dialog][2:v]overlay='W/2+W/3*sin(t*0.9)':'H/2+H/3*cos(t*0.7)',{thinned}format=yuv420p,split[recorded][whole];"
        f"[whole]fps=1:start_time=0:round=up,scale=-2:{SLIM_HEIGHT}[shown]"
    )


def _page(width: int, height: int) -> bytes:
    """Draw lines of words in made-up letters, dark on light, as a grey PGM."""
    draw = random.Random(20)  # noqa: S311 - the same page each time
    letters = [_letter(draw) for _ in range(40)]
    blank = _LIGHT * width
    rows: list[bytes] = []
    while len(rows) < height:
        # Paragraphs of a few lines, with an empty one between them.
        length = draw.randrange(width // 4, width * 2 // 3) // _LETTER_WIDTH if draw.random() < _WRITTEN else 0
        line = [draw.choice(letters) if draw.random() < _WORD_GOES_ON else None for _ in range(length)]
        for row in range(_LINE):
            inked = row < _STROKES_HIGH * _STROKE
            marks = (letter[row] if letter and inked else _LIGHT * _LETTER_WIDTH for letter in line)
            rows.append((_LIGHT * _MARGIN + b"".join(marks) + blank)[:width])
    return b"P5 %d %d 255\n" % (width, height) + b"".join(rows[:height])


def _letter(draw: random.Random) -> list[bytes]:
    """Draw strokes two pixels thick: one upright, some across."""
    upright = draw.randrange(_STROKES_WIDE)
    across = {draw.randrange(_STROKES_HIGH) for _ in range(2)}
    rows = []
    for row in range(_STROKES_HIGH):
        inked = [column == upright or row in across for column in range(_STROKES_WIDE)]
        marks = b"".join((_DARK if ink else _LIGHT) * _STROKE for ink in inked)
        rows += [(marks + _LIGHT * _LETTER_WIDTH)[:_LETTER_WIDTH]] * _STROKE
    return rows


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg to its end.

    Raises
    ------
    subprocess.CalledProcessError
        It failed; its own words are on standard error.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run(command, check=True, timeout=_SECONDS_TO_MAKE, stdin=subprocess.DEVNULL)
