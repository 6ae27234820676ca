"""Record the sample again: `python -m devstack.sample.record [TARGET]`, a minute and a half.

It needs Debian's xvfb, chromium, espeak-ng, xdotool and fonts-dejavu-core; ffmpeg comes with imageio-ffmpeg.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from devstack.sample import RECORDING
from devstack.sample.browser import HEIGHT, WIDTH, Browser

__all__ = ["run"]

_TOOLS: Final = {"Xvfb": "xvfb", "chromium": "chromium", "espeak-ng": "espeak-ng", "xdotool": "xdotool"}
_PATIENCE: Final = 120.0


@dataclass(frozen=True)
class _Step:
    says: str
    does: tuple[tuple[str, str], ...]
    """Verb of the browser and its object."""


STEPS: Final = (
    _Step("In this recording I show how we handle an open invoice in Ledgerline.", ()),
    _Step(
        "First I search for the supplier, Helios.",
        (("click", "search"), ("type", "Helios")),
    ),
    _Step("I open the invoice from the list.", (("click", "INV-2042"),)),
    _Step(
        "Now I check the amount. It is three thousand four hundred and eighty euros.",
        (("point", "amount"),),
    ),
    _Step("Up to one thousand euros I may approve it myself.", (("point", "approve"),)),
    _Step("If the amount is above one thousand euros, I ask a manager for approval.", (("point", "amount"),)),
    _Step(
        "Before that, I choose the cost centre. This is hardware, so I take information technology.",
        (("click", "centre"), ("press", "Down"), ("press", "Down"), ("press", "Return")),
    ),
    _Step(
        "In the comment I write what was bought.",
        (("click", "comment"), ("type", "Three notebooks for the new team")),
    ),
    _Step("Then I click on request approval.", (("click", "request"),)),
    _Step(
        "A dialog opens. I enter the name of the manager, Jonas Weber.",
        (("click", "approver"), ("type", "Jonas Weber")),
    ),
    _Step("I send the request.", (("click", "send"),)),
    _Step(
        "The green message confirms it, and the status says that the invoice is waiting for Jonas.",
        (("point", "status"),),
    ),
    _Step("Finally I go back to the list, and repeat this for every open invoice.", (("click", "back"),)),
)


def run() -> None:
    """Record, and print the path of the file.

    Raises
    ------
    SystemExit
        A tool is missing; its package is named.
    """
    missing = sorted(package for tool, package in _TOOLS.items() if shutil.which(tool) is None)
    if missing:
        raise SystemExit(f"Missing: {', '.join(missing)}. Install with: apt-get install {' '.join(missing)}")
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDING
    asyncio.run(_record(target))
    print(f"{target}: {target.stat().st_size} bytes")


async def _record(target: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        voices = [await _speak(step.says, folder / f"{index}.wav") for index, step in enumerate(STEPS)]
        screen = folder / "screen.mkv"
        page = Path(__file__).with_name("app") / "index.html"
        async with Browser(page, folder / "profile") as browser:
            camera = await asyncio.create_subprocess_exec(
                *(_ffmpeg(), "-v", "error", "-f", "x11grab", "-framerate", "12", "-draw_mouse", "1"),
                *("-video_size", f"{WIDTH}x{HEIGHT}", "-i", browser.display, "-c:v", "libx264", "-qp", "0"),
                # Without it the file stays empty for the first 11 s, and the voice would begin that much too early.
                *("-preset", "ultrafast", "-flush_packets", "1", str(screen)),
                stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, "DISPLAY": browser.display},
            )
            async with asyncio.timeout(_PATIENCE):
                # A file of another process grows, which sets no event.
                while not (screen.exists() and screen.stat().st_size):  # noqa: ASYNC110 - see above
                    await asyncio.sleep(0.02)
            begin = time.monotonic()
            starts = await _perform(browser, voices, begin)
            camera.send_signal(signal.SIGINT)
            await asyncio.wait_for(camera.wait(), _PATIENCE)
        await _join(screen, [folder / f"{index}.wav" for index in range(len(STEPS))], starts, target)


async def _perform(browser: Browser, voices: list[float], begin: float) -> list[float]:
    verbs = {"click": browser.click, "point": browser.point, "type": browser.type, "press": browser.press}
    starts = []
    await asyncio.sleep(1.5)
    for number, (step, voice) in enumerate(zip(STEPS, voices, strict=True), 1):
        print(f"step {number} of {len(STEPS)}: {step.says}", flush=True)
        starts.append(time.monotonic() - begin)
        spoken = asyncio.create_task(asyncio.sleep(voice + 0.7))
        await asyncio.sleep(0.8)
        for verb, what in step.does:
            await verbs[verb](what)
            await asyncio.sleep(0.5)
        await spoken
    await asyncio.sleep(1.5)
    return starts


async def _speak(text: str, target: Path) -> float:
    await _call("espeak-ng", "-v", "en-gb", "-s", "150", "-w", str(target), text)
    with wave.open(str(target)) as sound:
        return float(sound.getnframes() / sound.getframerate())


async def _join(screen: Path, voices: list[Path], starts: list[float], target: Path) -> None:
    delays = [f"[{n}:a]adelay={start * 1000:.0f}:all=1[v{n}]" for n, start in enumerate(starts, 1)]
    names = "".join(f"[v{n}]" for n in range(1, len(voices) + 1))
    mix = f"{';'.join(delays)};{names}amix=inputs={len(voices)}:normalize=0,apad[sound]"
    await _call(
        *(_ffmpeg(), "-nostdin", "-v", "error", "-y", "-i", str(screen)),
        *(part for voice in voices for part in ("-i", str(voice))),
        *("-filter_complex", mix, "-map", "0:v", "-map", "[sound]", "-shortest"),
        *("-c:v", "libx264", "-preset", "slow", "-crf", "26", "-pix_fmt", "yuv420p", "-g", "120"),
        *("-c:a", "aac", "-ac", "1", "-ar", "24000", "-b:a", "48k", "-movflags", "+faststart", str(target)),
    )


def _ffmpeg() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


async def _call(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await asyncio.wait_for(process.wait(), _PATIENCE):
        raise RuntimeError(f"{Path(command[0]).name} failed")


if __name__ == "__main__":
    run()
