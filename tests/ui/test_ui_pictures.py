"""The pictures on the page of a procedure: where they come from, what is said without them, who sees them, how many."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from devstack.stack import StackInfo
from runops.procedure import Picture, Procedure, build
from runops.procedure.html_page import html_page
from runops.procedure.model import Moment
from runops.procedure.picture import Area
from runops.sop_as_stored import sop_as_stored
from runops.supabase.connection import Supabase
from runops_ui.pictures import gallery
from runops_ui.pictures.gallery import Gallery
from runops_ui.pictures.taker import Taken
from tests import ledgerline
from tests.ui.conftest import Visit
from tests.ui.filled import job

_ADDRESS = re.compile(r'src="(/jobs/[^"]+-part\.svg)"')
_TOKEN = "a token of more than sixteen characters"
JOB = job(21)


class Drawn:
    """Draws a picture of each moment, once it may."""

    def __init__(self, *, problem: str | None = None, fails: Exception | None = None) -> None:
        self.problem, self.fails = problem, fails
        self.asked: list[UUID] = []
        self.at_once = 0
        self.most_at_once = 0
        self.may = asyncio.Event()
        self.may.set()
        self.begun = asyncio.Event()

    async def take(self, job_id: UUID, moments: Sequence[Moment]) -> Taken:
        self.asked.append(job_id)
        self.at_once += 1
        self.begun.set()
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.may.wait()
            if self.fails is not None:
                raise self.fails
            return Taken({} if self.problem else drawn(moments), self.problem)
        finally:
            self.at_once -= 1


def drawn(moments: Sequence[Moment]) -> dict[str, Picture]:
    one = Picture(data=b"a file", media_type="image/webp", width=1280, height=720, at=0.0)
    return {
        moment.key: replace(one, at=float(int(moment.at)), mark=Area(100, 200, 300, 40) if number % 2 else None)
        for number, moment in enumerate(moments)
    }


def procedure() -> Procedure:
    sop = sop_as_stored(ledgerline.sop())
    assert sop is not None
    return build(sop, ledgerline.transcript(), ledgerline.evidence(), job_id=JOB)


@pytest.fixture
async def completed(stack: StackInfo, database: psycopg.Connection) -> Supabase:
    """A completed job with a transcript, a SOP and its evidence."""
    database.execute("insert into jobs (job_id, status) values (%s, 'completed')", (JOB,))
    for table, column, value in (
        ("sops", "data", ledgerline.sop()),
        ("transcripts", "transcript", ledgerline.transcript()),
    ):
        database.execute(
            f"insert into {table} (job_id, {column}) values (%s, %s)",  # noqa: S608 - names of ours
            [JOB, json.dumps(value)],
        )
    async with Supabase(stack.url, stack.secret_key) as supabase:
        await supabase.storage.upload_json("videos", f"sops/{JOB}.evidence.json", ledgerline.evidence())
        await supabase.storage.remove("videos", [f"sops/{JOB}.html"])
    return supabase


async def store_page(stack: StackInfo, text: str, folder: Path) -> None:
    file = folder / "page.html"
    file.write_text(text, "utf-8")
    async with Supabase(stack.url, stack.secret_key) as supabase:
        await supabase.storage.upload("videos", f"sops/{JOB}.html", file, content_type="text/html")


@pytest.mark.usefixtures("completed")
async def test_each_step_has_a_picture_with_an_address_of_its_own(visit: Visit) -> None:
    taker = Drawn()
    visitor = await visit(taker=taker)
    response, text = await visitor.get(f"/jobs/{JOB}/procedure")
    addresses = _ADDRESS.findall(text)
    assert len(addresses) == len(set(addresses)) == len(procedure().moments) == text.count("-whole.svg")
    assert text.count('loading="lazy"') == 2 * len(addresses)
    assert "<script" not in text
    assert "data:" not in text
    assert "img-src 'self'" in response.headers["Content-Security-Policy"]
    response, picture = await visitor.get(addresses[1])
    assert (response.status, response.content_type) == (200, "image/svg+xml")
    assert 'href="data:image/webp;base64,YSBmaWxl"' in picture
    assert picture.count("<rect") == 2
    assert 'viewBox="0 0 1280 720"' not in picture
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    _, whole = await visitor.get(addresses[1].replace("-part", "-whole"))
    assert 'viewBox="0 0 1280 720"' in whole
    # Kept: another visit takes nothing.
    await visitor.get(f"/jobs/{JOB}/procedure")
    assert taker.asked == [JOB]


@pytest.mark.usefixtures("completed")
async def test_the_page_does_not_wait_for_its_pictures(visit: Visit) -> None:
    taker = Drawn()
    taker.may.clear()
    visitor = await visit(taker=taker)
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    address = _ADDRESS.findall(text)[0]
    waiting = asyncio.create_task(visitor.get(address))
    await taker.begun.wait()
    taker.may.set()
    response, _ = await waiting
    assert response.status == 200


@pytest.mark.usefixtures("completed")
async def test_a_picture_that_takes_too_long_is_answered_with_a_sentence(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runops_ui.pages.procedure_page._WAITED_FOR", 0.05)
    taker = Drawn()
    taker.may.clear()
    visitor = await visit(taker=taker)
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    response, picture = await visitor.get(_ADDRESS.findall(text)[0])
    assert response.status == 503
    assert "still being taken" in picture


@pytest.mark.usefixtures("completed")
async def test_without_a_program_that_takes_pictures_those_of_the_stored_page_are_shown(
    stack: StackInfo, visit: Visit, tmp_path: Path
) -> None:
    there = procedure()
    await store_page(stack, html_page(there, drawn(there.moments)), tmp_path)
    visitor = await visit()
    response, text = await visitor.get(f"/jobs/{JOB}/procedure")
    addresses = _ADDRESS.findall(text)
    assert len(addresses) == len(there.moments)
    response, picture = await visitor.get(addresses[1])
    assert response.status == 200
    assert "YSBmaWxl" in picture
    assert picture.count("<rect") == 2
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    assert "There is no picture of this moment." not in text


@pytest.mark.usefixtures("completed")
async def test_a_stored_page_of_other_moments_is_not_used_for_these(
    stack: StackInfo, visit: Visit, tmp_path: Path
) -> None:
    """Its steps may have been seconds of another transcript, or of before a secret was found."""
    there = procedure()
    steps = tuple(
        step if step.moment is None or step.number < 4 else replace(step, moment=replace(step.moment, until=99.0))
        for step in there.steps
    )
    older = replace(there, steps=steps)
    await store_page(stack, html_page(older, drawn(older.moments)), tmp_path)
    visitor = await visit()
    await page_of(visitor)
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    assert 0 < len(_ADDRESS.findall(text)) < len(there.moments)
    assert "Some pictures are missing: the page in storage was written before the procedure was changed" in text
    assert "There is no picture of this moment." in text


async def page_of(visitor: Any) -> None:
    """Ask for the page, and for a picture of it: then it is known which ones there are."""
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    for address in _ADDRESS.findall(text)[:1]:
        await visitor.get(address)


@pytest.mark.usefixtures("completed")
@pytest.mark.parametrize(
    ("taker", "said"),
    [
        (lambda: None, "this server takes none from videos, and no page with pictures of these steps is in storage"),
        (lambda: Drawn(problem="The recording is gone."), "The recording is gone."),
        (lambda: Drawn(fails=ValueError("secret detail")), "an error of this program, which its log has"),
    ],
)
async def test_where_no_picture_can_be_taken_the_page_says_why(
    visit: Visit, taker: Callable[[], Drawn | None], said: str
) -> None:
    visitor = await visit(taker=taker())
    await page_of(visitor)
    response, text = await visitor.get(f"/jobs/{JOB}/procedure")
    assert response.status == 200
    assert said in text
    assert _ADDRESS.findall(text) == []
    assert "secret detail" not in text
    assert "First I search for the supplier, Helios." in text


@pytest.mark.usefixtures("completed")
async def test_what_failed_is_tried_again_after_a_minute(visit: Visit) -> None:
    now = [1_000_000.0]
    taker = Drawn(problem="The recording is gone.")
    visitor = await visit(taker=taker, clock=lambda: now[0])
    for _ in range(3):
        await page_of(visitor)
    assert len(taker.asked) == 1
    now[0] += 61
    taker.problem = None
    await page_of(visitor)
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    assert len(_ADDRESS.findall(text)) == len(procedure().moments)


@pytest.mark.usefixtures("completed")
async def test_nobody_without_a_session_sees_a_picture(visit: Visit) -> None:
    visitor = await visit(taker=Drawn())
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    guarded_taker = Drawn()
    guarded = await visit(taker=guarded_taker, token=_TOKEN)
    response, body = await guarded.get(_ADDRESS.findall(text)[0])
    assert response.status == 303
    assert "YSBmaWxl" not in body
    assert guarded_taker.asked == []


@pytest.mark.usefixtures("completed")
async def test_addresses_of_an_earlier_procedure_show_nothing(visit: Visit) -> None:
    visitor = await visit(taker=Drawn())
    response, _ = await visitor.get(f"/jobs/{JOB}/procedure/pictures/{'0' * 16}/t0001-part.svg")
    assert response.status == 404
    response, _ = await visitor.get(f"/jobs/{job(999)}/procedure/pictures/{'0' * 16}/t0001-part.svg")
    assert response.status == 404
    # A server that was started again knows the address of the page that it sent before.
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    response, _ = await (await visit(taker=Drawn())).get(_ADDRESS.findall(text)[0])
    assert response.status == 200


@pytest.mark.usefixtures("completed")
async def test_the_address_of_a_picture_that_may_show_a_secret_since_an_edit_shows_nothing(
    visit: Visit, database: psycopg.Connection
) -> None:
    now = [1_000_000.0]
    taker = Drawn()
    visitor = await visit(taker=taker, clock=lambda: now[0])
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    addresses = _ADDRESS.findall(text)
    now[0] += 31
    response, _ = await visitor.get(addresses[0])
    assert response.status == 200
    # Read again, not taken again.
    assert taker.asked == [JOB]
    edited = ledgerline.sop()
    for node in edited["public"]["nodes"]:
        node["label"] = f"{node['label']} [password hidden]"
    database.execute("update sops set data = %s where job_id = %s", [json.dumps(edited), JOB])
    now[0] += 31
    for address in addresses:
        response, body = await visitor.get(address)
        assert response.status == 404
        assert "The procedure was changed" in body
    _, text = await visitor.get(f"/jobs/{JOB}/procedure")
    assert _ADDRESS.findall(text) == []
    assert taker.asked == [JOB]


def moment(key: str) -> Moment:
    return Moment(key=key, at=1.0, until=1.0, action="CLICK")


@pytest.fixture
async def empty_storage(stack: StackInfo) -> AsyncIterator[Supabase]:
    async with Supabase(stack.url, stack.secret_key) as supabase:
        yield supabase


async def test_pictures_of_one_procedure_at_a_time_and_not_too_many_wait(
    empty_storage: Supabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "_MOST_WAITING", 3)
    taker = Drawn()
    taker.may.clear()
    shown = Gallery(empty_storage, taker, clock=lambda: 0.0)
    albums = [shown.album(job(number), [moment("t0001")]) for number in range(4)]
    assert shown.album(job(0), [moment("t0001")]) is albums[0]
    refused = await albums[3].taken(120.0)
    assert refused is not None
    assert "those of other procedures are being taken" in str(refused.problem)
    assert shown.known(job(3), albums[3].version) is None
    taker.may.set()
    for album in albums[:3]:
        assert (await album.taken(120.0)) is not None
    assert (len(taker.asked), taker.most_at_once) == (3, 1)
    await shown.aclose()


async def test_only_what_was_looked_at_last_is_kept(empty_storage: Supabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "_MOST_BYTES", 12)
    shown = Gallery(empty_storage, Drawn(), clock=lambda: 0.0)
    albums = []
    for number in range(3):
        albums.append(shown.album(job(number), [moment("t0001")]))
        assert (await albums[-1].taken(120.0)) is not None
        # Its clean-up is called by the loop.
        await asyncio.sleep(0)
    known = [shown.known(job(number), album.version) is not None for number, album in enumerate(albums)]
    assert known == [False, True, True]
    await shown.aclose()


async def test_what_hangs_is_given_up(empty_storage: Supabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "_SECONDS", 0.2)
    taker = Drawn()
    taker.may.clear()
    shown = Gallery(empty_storage, taker, clock=lambda: 0.0)
    taken = await shown.album(job(1), [moment("t0001")]).taken(120.0)
    assert taken is not None
    assert "given up" in str(taken.problem)
    assert taker.at_once == 0
    await shown.aclose()
