"""Makes recordings of which it is known when what happens."""

import subprocess
from pathlib import Path

import imageio_ffmpeg


def film(path: Path, *, seconds: int, picture: str, sound: str | None) -> Path:
    source = f"color=c=0x202020:s=640x360:r=5:d={seconds},{picture}"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-v", "error", "-y", "-f", "lavfi", "-i", source),
        *(() if sound is None else ("-f", "lavfi", "-i", sound)),
        *("-t", str(seconds)),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)),
    ]
    subprocess.run(command, check=True, timeout=240)
    return path
