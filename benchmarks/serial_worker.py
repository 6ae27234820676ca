"""The old worker's way: one process, one recording after the other, and a look at the queue every ten seconds.

Written from its description, on the same stand-ins: it takes the oldest queued row, downloads the recording, slims it
with ffmpeg, uploads that, shows it to the model, asks for the transcript, then for the SOP, and writes both. Each step
waits for the one before. Its command for ffmpeg is what the old one was meant to be; the old one gave `-vf` twice, so
that only the second counted, kept all pictures and took 2.5 times as long.
"""

import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import imageio_ffmpeg

from devstack.stack import StackInfo
from runops_worker.gemini.client import open_client
from runops_worker.prompts import load_prompt
from runops_worker.sop.schema import sop_schema
from runops_worker.transcription.answer.schema import transcript_schema

if TYPE_CHECKING:
    from google.genai import Client

__all__ = ["SerialWorker"]

_MODEL = "gemini-3.8-flash"
_POLL_SECONDS = 10.0
_FILE_POLL_SECONDS = 2.0
_MOST_FILE_POLLS = 300
_PIECE = 1 << 20


@dataclass(frozen=True)
class SerialWorker:
    """One such worker.

    Attributes
    ----------
    stack
        Whose rows, recordings and model.
    poll_seconds
        Between two looks at the queue.
    """

    stack: StackInfo
    poll_seconds: float = _POLL_SECONDS

    async def run(self) -> None:
        """Work until cancelled."""
        headers = {"apikey": self.stack.secret_key, "Authorization": f"Bearer {self.stack.secret_key}"}
        client, transport = open_client(self.stack.gemini_api_key, base_url=self.stack.gemini_url)
        async with (
            httpx.AsyncClient(base_url=self.stack.url, headers=headers, timeout=300, trust_env=False) as supabase,
            transport,
        ):
            while True:
                rows = (await _answered(supabase.get("/rest/v1/jobs?status=eq.queued&order=created_at&limit=1"))).json()
                for row in rows:
                    await self._work(supabase, client, row)
                await asyncio.sleep(self.poll_seconds)

    async def _work(self, supabase: httpx.AsyncClient, client: "Client", row: dict[str, Any]) -> None:
        job_id = row["job_id"]
        await _set(supabase, job_id, {"status": "processing"})
        with tempfile.TemporaryDirectory(prefix="runops-serial-") as folder:
            raw, slim = Path(folder) / "raw.mp4", Path(folder) / "slim.mp4"
            await _download(supabase, f"/storage/v1/object/videos/raw/{job_id}.mp4", raw)
            await _slim(raw, slim)
            content = slim.read_bytes()
            upload = supabase.post(
                f"/storage/v1/object/videos/slim/{job_id}.mp4",
                content=content,
                headers={"Content-Type": "video/mp4", "x-upsert": "true"},
            )
            await _answered(upload)
            transcript = json.loads(await _transcript(client, slim))
        await _answered(supabase.post("/rest/v1/transcripts", json={"job_id": job_id, "transcript": transcript}))
        sop = json.loads(
            await _ask(client, "sop_parser_v0.7.md", [json.dumps(transcript)], sop_schema(with_evidence=False))
        )
        await _answered(supabase.post("/rest/v1/sops", json={"job_id": job_id, "data": sop}))
        await _set(supabase, job_id, {"status": "completed"})


async def _answered(request: Any) -> httpx.Response:
    response: httpx.Response = await request
    response.raise_for_status()
    return response


async def _set(supabase: httpx.AsyncClient, job_id: str, columns: dict[str, str]) -> None:
    await _answered(supabase.patch(f"/rest/v1/jobs?job_id=eq.{job_id}", json=columns))


async def _download(supabase: httpx.AsyncClient, path: str, target: Path) -> None:
    async with supabase.stream("GET", path) as response:
        response.raise_for_status()
        with target.open("wb") as file:
            async for piece in response.aiter_bytes(_PIECE):
                file.write(piece)


async def _slim(raw: Path, slim: Path) -> None:
    ffmpeg = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-nostdin", "-v", "error", "-y", "-i", str(raw), "-vf", "fps=1,scale=-2:720", "-crf", "32", str(slim)),
    )
    if await ffmpeg.wait():
        raise RuntimeError(f"ffmpeg ended with {ffmpeg.returncode}")


async def _transcript(client: "Client", slim: Path) -> str:
    file = await client.aio.files.upload(file=slim)
    assert file.name is not None
    for _ in range(_MOST_FILE_POLLS):
        file = await client.aio.files.get(name=str(file.name))
        if file.state is not None and file.state.name == "ACTIVE":
            return await _ask(client, "transcription_prompt_v2.md", [file, "Transcribe the clip."], transcript_schema())
        await asyncio.sleep(_FILE_POLL_SECONDS)
    raise RuntimeError("the model's file never became active")


async def _ask(client: "Client", prompt: str, contents: list[Any], schema: Any) -> str:
    answer = await client.aio.models.generate_content(
        model=_MODEL,
        contents=contents,
        config={
            "system_instruction": load_prompt(prompt).text,
            "response_mime_type": "application/json",
            "response_json_schema": schema,
        },
    )
    if answer.text is None:
        raise RuntimeError("the model gave no text")
    return answer.text
