"""A recording full of secrets goes the whole way; then everything that was stored or written is searched for them."""

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from devstack.gemini.behaviour import Behaviour, Obedience, Obeys, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.transcript import TRANSCRIPT
from tests.marks import found_in
from tests.worker.gate import Gate
from tests.worker.injection.attempts import HONEST, Item, shown
from tests.worker.injection.filming import Shot, film_of, scenes_of
from tests.worker.job import Job
from tests.worker.pod import Pod

pytestmark = pytest.mark.slow(
    "a recording of more than six minutes, since secrets go across the seam of its two chunks"
)

FIRST_MARK = 60
GITHUB = "ghp_" + "x7Kq2Lm9Rt4Vb8Nc1Zd6" + "Wf3Hj5Pg0Sy2Ua"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hLWsifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
KEY_LINES = ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw", "ggSjAgEAAoIBAQC7VJTUt9Us8cKjMzEfYyji")
SECRETS = {
    "a password that is typed into its field": ["Zx9!kolibri"],
    "a password that is spoken": ["marmot4417"],
    "a password that is shown": ["Plum-River-88"],
    "a password in an address": ["ginger-77-oak"],
    "a password of a command": ["velvet-19-fern"],
    "a password that one chunk announces and the next one says": ["tumbleweed5"],
    "a password that is typed across two chunks": ["tidepool", "tide9", "pool77"],
    "a card number": ["4012888888881881", "4012 8888 8888 1881", "8888 8888"],
    # Few digits also stand in hashes and times by chance, but not like this.
    "a card code": [' 7391"', '"7391"', " 7391."],
    "a code that is sent": [" 482913", '"482913"'],
    "a PIN": [" 826417", '"826417"'],
    "a token": [GITHUB, GITHUB[8:20]],
    "a web token": [JWT, "eyJzdWIiOiJhbm5hLWsifQ"],
    "an access token in a header": ["qm3-8Yx-Tr51-Lw0p"],
    "a private key": [*KEY_LINES],
}
LOOK_ALIKES = (
    "INV-204277",
    "DE89 3704 0044 0532 0130 00",
    "123e4567-e89b-12d3-a456-426614174000",
    "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "+49 30 1234567",
    "anna-k",
    "The password is required",
)


def _typed(app: str, element: str, text: str, *, kind: str = "text field") -> Item:
    return {
        "application_in_focus": app,
        "action_type_observed": "TYPE",
        "target_element_details": {"element_type_guess": kind, "element_visible_text": element},
        "data_input_observed": {"typed_characters": text},
        "screen_region_description_post_action": f"The field {element} is filled in.",
    }


def _shots() -> tuple[Shot, ...]:
    """Return scenes of which those around 295 s are at the seam of the two chunks."""
    quiet = "The list of orders is shown again."
    return (
        HONEST[0],
        Shot((_typed("Login", "Password", "Zx9!kolibri"), shown("Login", "The password is required."))),
        Shot(said="The password is marmot4417."),
        Shot((shown("Notes", "Password: Plum-River-88"), shown("Log", "A line of the log reads marmot4417."))),
        Shot(
            (
                shown("Terminal", "DATABASE_URL=postgres://app:ginger-77-oak@db.example.com/app"),
                shown("Terminal", "$ curl -u anna-k:velvet-19-fern https://api.example.com/v1"),
            )
        ),
        Shot(
            (
                shown("Shop", "The card 4012 8888 8888 1881 is on file."),
                _typed("Shop", "Card number", "4012888888881881"),
                _typed("Shop", "CVC", "7391"),
            ),
            seconds=4,
        ),
        Shot(said="Your verification code is 482913. And my PIN is 826417."),
        Shot(
            (
                shown("Terminal", f"export GITHUB_TOKEN={GITHUB}"),
                shown("Browser", f"The response holds {JWT}"),
                shown("Browser", "Authorization: Bearer qm3-8Yx-Tr51-Lw0p"),
            )
        ),
        Shot(
            (
                shown(
                    "Text editor",
                    "-----BEGIN PRIVATE KEY-----\n" + "\n".join(KEY_LINES) + "\n-----END PRIVATE KEY-----",
                ),
            )
        ),
        Shot((shown("Wiki", ", ".join(LOOK_ALIKES[:-1])),)),
        Shot((shown("Web browser", quiet),), seconds=255),
        Shot((_typed("Vault", "Password", "tide9"),), said="and the password is", seconds=6),
        Shot((_typed("Vault", "Password", "pool77"),), said="tumbleweed5", seconds=6),
        Shot((shown("Log", "A line of the log reads tide9pool77 and tumbleweed5."),), seconds=70),
        HONEST[3],
    )


async def test_no_secret_of_a_recording_is_stored_anywhere_and_look_alikes_are(
    new_job: Callable[..., Awaitable[Job]],
    gate: Gate,
    control: GeminiControl,
    database: psycopg.Connection[Any],
    tmp_path: Path,
) -> None:
    shots = _shots()
    job = await new_job(film_of(shots, tmp_path / "film", first_mark=FIRST_MARK))
    # The model puts secrets into its SOP that it was never shown in this form.
    made_up = Obeys(
        how=Obedience.CHANGES_TEXT,
        because="Send message",
        instead_of="Send the message",
        wants=f"Log in with the password Plum-River-88, card 4012 8888 8888 1881, token {GITHUB} and send the message",
    )
    scenes = scenes_of(shots, first_mark=FIRST_MARK)
    turn = Turn(outcome=Outcome.OBEYS, kind="sop", obeys=made_up, times=None)
    control.behave(Behaviour(scenes=scenes, turns=[turn]))
    given = json.dumps([scene.model_dump() for scene in scenes.values()])
    assert all(any(text in given for text in texts) for texts in SECRETS.values()), "each secret is in the recording"

    pod = Pod(job, gate, tmp_path / "pod")
    await pod.start()
    assert await pod.ended() == 0, pod.log
    assert [call.kind for call in control.calls()] == ["transcribe", "transcribe", "sop"]
    assert control.calls()[-1].obeyed

    places = dict(_stored(database, job.stack.directory)) | {
        "the worker's log": pod.log,
        "the worker's report": repr(pod.report),
    }
    for place in ("public.transcripts", "public.sops", "public.jobs", "storage/", "logs/"):
        assert any(name.startswith(place) for name in places), f"{place} is among what is searched"
    for name in (job.task.transcript_object, job.task.sop_object):
        places[name] = json.dumps(await job.supabase.storage.read_json("videos", name))
    assert "hidden]" in places[job.task.transcript_object]
    on_disk = "".join(text for name, text in places.items() if name.startswith("storage/"))
    assert "hidden]" in on_disk, "objects are searched as they are on the disk, too"
    writes = {f"write {seen.number} to {seen.path}": seen.body.decode("latin-1") for seen in gate.log if seen.is_write}
    assert sum("checkpoint.json" in name for name in writes) > 2
    of_one_chunk = {secret: texts for secret, texts in SECRETS.items() if "chunk" not in secret}
    assert found_in(of_one_chunk, writes) == [], "also in what was replaced later"
    assert found_in(SECRETS, _plain(places)) == []
    questions = [json.loads(seen.body) for seen in gate.log if seen.is_paid]
    assert found_in(SECRETS, {"the question for the SOP": json.dumps(questions[-1])}) == []

    transcript = json.dumps(job.transcript())
    assert [text for text in LOOK_ALIKES if text not in transcript] == []
    for marker in ("password", "PIN", "card number", "card code", "code", "token", "private key"):
        assert f"[{marker} hidden]" in transcript
    # What the model made up of them is a secret or a literal that the recording does not have.
    (made_up_step,) = [node["label"] for node in job.sop()["public"]["nodes"] if "Log in with" in node["label"]]
    assert made_up_step.count("{") + made_up_step.count("hidden]") >= 3
    assert all(TRANSCRIPT.validate_python(job.transcript()))


def _stored(database: psycopg.Connection[Any], directory: Path) -> Iterator[tuple[str, str]]:
    """Yield every row of every table, every object of the bucket, and the logs of the services."""
    tables = database.execute(
        "select schemaname, tablename from pg_tables where schemaname in ('public', 'auth', 'storage')"
    ).fetchall()
    for name in tables:
        rows = sql.SQL("select to_jsonb(t)::text from {} t").format(sql.Identifier(*name))
        for number, (row,) in enumerate(database.execute(rows).fetchall()):
            yield f"{'.'.join(name)} row {number}", row
    for folder in ("storage", "logs"):
        for path in (directory / folder).rglob("*"):
            if path.is_file():
                yield str(path.relative_to(directory)), path.read_bytes().decode("latin-1")


def _plain(places: dict[str, str]) -> dict[str, str]:
    """Add each place without the signs between letters, by which spelling would differ."""
    return places | {
        f"{place}, without signs": text.replace("\\n", "").replace("\\", "") for place, text in places.items()
    }
