"""The recordings of the bad rows that the corpus does not have."""

from collections.abc import Callable
from pathlib import Path

from devstack import media_corpus

MAX_BYTES = 1_000_000
MAX_SECONDS = 20


def corpus(folder: Path, name: str) -> Callable[[], Path]:
    return lambda: media_corpus.make(name, folder)


def longer(folder: Path) -> Path:
    path = folder / "longer-than-the-limit.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=1", "-t", "25")
    media_corpus.ffmpeg(*picture, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path))
    return path


def larger(folder: Path) -> Path:
    path = folder / "larger-than-the-limit.mp4"
    path.write_bytes(media_corpus.make("plain", folder).read_bytes() + bytes(MAX_BYTES))
    return path


def noisy_index(folder: Path) -> Path:
    path = folder / "noisy-index.mp4"
    content = media_corpus.make("plain", folder).read_bytes()
    begin = content.index(b"moov") + 4
    end = begin - 8 + int.from_bytes(content[begin - 8 : begin - 4])
    noise = bytes((place * 7919 + 13) % 251 for place in range(end - begin))
    path.write_bytes(content[:begin] + noise + content[end:])
    return path
