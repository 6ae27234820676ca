"""Peak memory is read in a process of its own, so that nothing else counts."""

import asyncio
import json
import sys
from pathlib import Path
from uuid import uuid4

from devstack.stack import StackInfo

SIZE = 300 * 2**20
ALLOWED_GROWTH_KB = 60 * 1024

PROGRAM = """
import asyncio, json, resource, sys
from pathlib import Path
from runops.supabase.connection import Supabase

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def main():
    told = json.loads(sys.stdin.read())
    async with Supabase(told["url"], told["key"]) as supabase:
        await supabase.storage.bucket("videos")
        before = peak()
        await supabase.storage.upload("videos", told["name"], Path(told["file"]), content_type="video/mp4")
        after_upload = peak()
        target = Path(told["file"] + ".back")
        got = await supabase.storage.download("videos", told["name"], target, max_bytes=2**30)
        print(json.dumps({"upload": after_upload - before, "download": peak() - before, "size": got.size}))

asyncio.run(main())
"""


async def test_300_mb_go_through_without_memory_growing_with_them(stack: StackInfo, tmp_path: Path) -> None:
    file = tmp_path / "sparse"
    with file.open("wb") as sparse:
        sparse.truncate(SIZE)
    told = {"url": stack.url, "key": stack.secret_key, "file": str(file), "name": f"raw/{uuid4()}.mp4"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        answer, _ = await asyncio.wait_for(process.communicate(json.dumps(told).encode()), 60)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    grown = json.loads(answer)
    assert grown["size"] == SIZE
    assert grown["upload"] < ALLOWED_GROWTH_KB
    assert grown["download"] < ALLOWED_GROWTH_KB
    file.with_name("sparse.back").unlink()
