"""The program: announcing itself, ending, keeping files over a restart, memory."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

KEY = {"x-goog-api-key": "key-of-the-stand-in"}
CHUNK = 8 * 1024 * 1024
LARGE = 200 * 1024 * 1024


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


def upload(url: str, path: Path, size: int) -> str:
    started = httpx.post(
        f"{url}/upload/v1beta/files",
        headers={
            **KEY,
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(size),
            "X-Goog-Upload-Header-Content-Type": "video/mp4",
        },
    )
    address = started.headers["X-Goog-Upload-URL"]
    with path.open("rb") as stream, httpx.Client() as client:
        answer = started
        for offset in range(0, size, CHUNK):
            command = "upload, finalize" if offset + CHUNK >= size else "upload"
            headers = {"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": str(offset)}
            answer = client.post(address, content=stream.read(CHUNK), headers=headers, timeout=60)
    return str(answer.json()["file"]["name"])


def settled(url: str, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while True:
        file: dict[str, Any] = httpx.get(f"{url}/v1beta/{name}", headers=KEY).json()
        if file["state"] != "PROCESSING":
            return file
        assert time.monotonic() < deadline, "the file stays in PROCESSING"
        time.sleep(0.1)


def test_a_large_upload_leaves_memory_and_disk_alone(
    run_stand_in: Callable[..., Any], recording: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    one = run_stand_in("--state-dir", str(state))
    large = tmp_path / "large.mp4"
    large.write_bytes(recording.read_bytes())
    with large.open("r+b") as stream:
        stream.truncate(LARGE)
    before = resident(one.process.pid)
    file = settled(one.url, upload(one.url, large, LARGE))
    assert (file["state"], file["sizeBytes"]) == ("ACTIVE", str(LARGE))
    assert resident(one.process.pid) - before < 48 * 1024 * 1024
    assert sum(path.stat().st_size for path in state.rglob("*") if path.is_file()) < 100_000


def test_files_outlive_a_restart_on_the_same_state(
    run_stand_in: Callable[..., Any], recording: Path, tmp_path: Path
) -> None:
    state = str(tmp_path / "state")
    first = run_stand_in("--state-dir", state)
    name = upload(first.url, recording, recording.stat().st_size)
    settled(first.url, name)
    first.process.terminate()
    assert first.process.wait(60) == 0
    second = run_stand_in("--state-dir", state)
    assert httpx.get(f"{second.url}/_devstack/files").json() == [name]
    assert settled(second.url, name)["videoMetadata"] == {"videoDuration": "12s"}


def test_it_ends_cleanly_while_a_call_waits(run_stand_in: Callable[..., Any]) -> None:
    one = run_stand_in()
    httpx.put(f"{one.url}/_devstack/faults", json=[{"kind": "hang", "seconds": 60}])
    try:
        httpx.get(f"{one.url}/v1beta/models", headers=KEY, timeout=0.3)
    except httpx.TimeoutException:
        one.process.terminate()
    assert one.process.wait(60) == 0
