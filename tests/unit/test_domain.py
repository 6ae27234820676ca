import base64
import json
import logging
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runops.environment import EnvironmentIncomplete, read_environment
from runops.failures import PERMANENT_EXIT_CODES, TABLE, Failed, FailureClass, Reason, by_exit_code, by_sentence
from runops.job_row import Claim, JobRow, stamped_metadata, user_of
from runops.keys import KeyKind, kind_of_key, refusal
from runops.logs import JsonFormatter, configure_logs, job_id_in_logs, never_show, redact
from runops.progress import STAGES, Stage, percent
from runops.report import TERMINATION_MESSAGE_LIMIT, Output, Report, parse_report
from runops.transcript import AudioItem, VisualItem, dump_transcript, ordered, parse_item, seconds, timestamp

JOB = UUID("0b0c3a52-3c3f-4c0e-9c58-3f8d8e2f9a10")
SECRET = "sb_secret_abcdefghijklmnop"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def jwt(role: str) -> str:
    """An unsigned token that names a role."""
    body = base64.urlsafe_b64encode(json.dumps({"role": role}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.c2lnbmF0dXJl"


class TestFailures:
    def test_every_reason_has_its_row_with_a_sentence_and_a_remedy(self) -> None:
        assert set(TABLE) == set(Reason)
        for failure in TABLE.values():
            assert failure.sentence.endswith(".")
            assert failure.remedy.endswith(".")

    def test_exit_codes_are_unique_and_found_again(self) -> None:
        codes = [failure.exit_code for failure in TABLE.values() if failure.exit_code is not None]
        assert len(codes) == len(set(codes))
        assert all(by_exit_code(code) is not None for code in codes)
        assert by_exit_code(137) is None

    def test_a_sentence_is_found_again_with_what_follows_it(self) -> None:
        for failure in TABLE.values():
            assert by_sentence(f"{failure.sentence} {failure.remedy}") is failure
            assert by_sentence(failure.sentence) is failure
        assert by_sentence("Somebody stopped it.") is None
        assert by_sentence("") is None

    def test_permanent_codes_are_exactly_those_that_are_not_tried_again(self) -> None:
        wanted = {FailureClass.PERMANENT, FailureClass.CLAIM}
        assert set(PERMANENT_EXIT_CODES) == {
            failure.exit_code for failure in TABLE.values() if failure.failure_class in wanted and failure.exit_code
        }
        assert list(PERMANENT_EXIT_CODES) == sorted(PERMANENT_EXIT_CODES)


class TestRows:
    @pytest.mark.parametrize(
        ("written", "token"),
        [(True, "true"), (7, "7"), (-1, "-1"), (10**70, None), pytest.param(10**5000, None, id="longest"), (1.5, None)],
    )
    def test_a_token_that_is_not_a_text_is_read_as_the_database_reads_it(self, written: Any, token: str | None) -> None:
        claim = JobRow(job_id=JOB, metadata={"runops": {"claim": written, "by": "me"}}).claim
        assert (claim.token if claim is not None else None) == token

    @given(JSON)
    def test_a_claim_survives_any_metadata_and_nothing_of_it_is_lost(self, metadata: Any) -> None:
        claim = Claim(claim="t", by="me")
        stamped = stamped_metadata(metadata, claim)
        assert JobRow(job_id=JOB, metadata=stamped).claim == claim
        kept = {key: value for key, value in stamped.items() if key != "runops"}
        if isinstance(metadata, dict):
            assert kept == {key: value for key, value in metadata.items() if key != "runops"}
        elif metadata is not None:
            assert kept == {"not_an_object": metadata}

    @given(JSON)
    def test_any_metadata_can_be_asked_for_claim_and_user(self, metadata: Any) -> None:
        row = JobRow(job_id=JOB, metadata={"runops": metadata, "user_id": metadata})
        assert row.claim is None or row.claim.claim
        if metadata is None:
            assert user_of(row) is None
        else:
            with pytest.raises(Failed) as failure:
                user_of(row)
            assert failure.value.reason is Reason.INVALID_USER

    @pytest.mark.parametrize("metadata", ['{"user_id": "11111111-2222-4333-8444-555555555555"}', ["x"], 7, ""])
    def test_metadata_that_is_no_object_may_hide_a_user_and_is_refused(self, metadata: Any) -> None:
        for seen in (metadata, stamped_metadata(metadata, Claim(claim="t", by="me"))):
            with pytest.raises(Failed, match="not a JSON object"):
                user_of(JobRow(job_id=JOB, metadata=seen))

    def test_a_user_may_be_spelled_in_any_usual_way_and_in_no_endless_one(self) -> None:
        for spelled in (str(JOB), str(JOB).upper(), f"urn:uuid:{{{JOB}}}", JOB.hex):
            assert user_of(JobRow(job_id=JOB, metadata={"user_id": spelled})) == JOB
        with pytest.raises(Failed, match="not a UUID"):
            user_of(JobRow(job_id=JOB, metadata={"user_id": f"{JOB}{'-' * 9000}"}))

    def test_a_row_without_user_has_none(self) -> None:
        assert user_of(JobRow(job_id=JOB, metadata={})) is None
        assert user_of(JobRow(job_id=JOB, metadata=None)) is None
        assert user_of(JobRow(job_id=JOB, metadata={"user_id": str(JOB)})) == JOB

    def test_only_a_processing_row_with_the_token_is_held(self) -> None:
        stamp = stamped_metadata(None, Claim(claim="t", by="me"))
        assert JobRow(job_id=JOB, status="processing", metadata=stamp).is_held_by("t")
        assert not JobRow(job_id=JOB, status="processing", metadata=stamp).is_held_by("other")
        assert not JobRow(job_id=JOB, status="queued", metadata=stamp).is_held_by("t")


class TestProgress:
    def test_percentages_are_those_of_the_contract(self) -> None:
        assert [percent(stage) for stage in STAGES] == [10, 50, 70, 90, 100]
        assert percent(Stage.PREPARING_VIDEO, 1) == 40
        assert percent(Stage.TRANSCRIBING, 0.5) == 60

    @given(st.floats(allow_nan=False), st.floats(allow_nan=False))
    def test_it_never_goes_back(self, one: float, other: float) -> None:
        low, high = sorted((one, other))
        values = [percent(stage, fraction) for stage in STAGES for fraction in (low, high)]
        assert values == sorted(values)


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "kind"),
        [
            (SECRET, KeyKind.SECRET),
            ("sb_publishable_x", KeyKind.PUBLISHABLE),
            (jwt("service_role"), KeyKind.SERVICE_ROLE),
            (jwt("anon"), KeyKind.ANON),
            (jwt("supabase_admin"), KeyKind.OTHER_JWT),
            ("a.b.c", KeyKind.UNKNOWN),
            ("password", KeyKind.UNKNOWN),
        ],
    )
    def test_the_kind_is_told_by_its_looks(self, key: str, kind: KeyKind) -> None:
        assert kind_of_key(key) is kind
        sentence = refusal(key)
        assert (sentence is None) == (kind in {KeyKind.SECRET, KeyKind.SERVICE_ROLE})
        assert sentence is None or key not in sentence

    @given(st.text())
    def test_any_text_has_a_kind(self, key: str) -> None:
        assert kind_of_key(key) in KeyKind


class TestEnvironment:
    ENVIRON: ClassVar = {
        "SUPABASE_URL": "https://x.example/",
        "SUPABASE_SERVICE_ROLE_KEY": SECRET,
        "GEMINI_API_KEY": "g",
    }

    def test_old_names_count_and_the_slash_goes(self) -> None:
        found = read_environment({**self.ENVIRON, "SUPABASE_URL": "", "NEXT_PUBLIC_SUPABASE_URL": "https://y.example/"})
        assert (found.supabase_url, found.gemini_key) == ("https://y.example", "g")

    def test_secret_files_win_over_the_environment_and_dotenv_comes_last(self, tmp_path: Path) -> None:
        (tmp_path / "SUPABASE_SERVICE_ROLE_KEY").write_text(SECRET + "-rotated\n")
        (tmp_path / ".env").write_text("SUPABASE_URL=https://dotenv.example\nGOOGLE_GEMINI_BASE_URL=http://g\n")
        found = read_environment(self.ENVIRON, directory=tmp_path, secrets=tmp_path)
        assert found.supabase_key.endswith("-rotated")
        assert found.supabase_url == "https://x.example"
        assert found.gemini_base_url == "http://g"

    def test_what_is_missing_is_named(self) -> None:
        named = r"SUPABASE_URL and GOOGLE_GEMINI_API_KEY are not set\. Set them in"
        with pytest.raises(EnvironmentIncomplete, match=named):
            read_environment({"SUPABASE_SERVICE_ROLE_KEY": SECRET})

    def test_an_anon_key_is_refused_without_being_shown(self) -> None:
        with pytest.raises(EnvironmentIncomplete, match="anon JWT") as refused:
            read_environment({**self.ENVIRON, "SUPABASE_SERVICE_ROLE_KEY": jwt("anon")})
        assert jwt("anon") not in str(refused.value)

    @pytest.mark.parametrize("name", ["SUPABASE_SERVICE_ROLE_KEY", "GEMINI_API_KEY"])
    @pytest.mark.parametrize("odd", ["\N{HORIZONTAL ELLIPSIS}", "\N{ZERO WIDTH NO-BREAK SPACE}", " ", "\n", "\x00"])
    def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(self, name: str, odd: str) -> None:
        environ = {**self.ENVIRON, name: f"{SECRET}{odd}abc"}
        with pytest.raises(EnvironmentIncomplete, match="_KEY holds a blank or a character that") as refused:
            read_environment(environ)
        assert SECRET not in str(refused.value)
        if name == "GEMINI_API_KEY":
            assert read_environment(environ, needs_gemini=False).supabase_key == SECRET

    def test_what_the_first_file_names_wins_also_under_another_name(self, tmp_path: Path) -> None:
        file = tmp_path / "project.env"
        file.write_text(f"NEXT_PUBLIC_SUPABASE_URL=https://staging.example\nGOOGLE_API_KEY={SECRET}\n")
        found = read_environment({**self.ENVIRON, "GOOGLE_GEMINI_API_KEY": "other"}, first=file)
        assert (found.supabase_url, found.gemini_key) == ("https://staging.example", SECRET)
        assert found.supabase_key == SECRET

    @pytest.mark.parametrize("name", ["SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"])
    @pytest.mark.parametrize("key", [SECRET, jwt("service_role")])
    def test_either_name_may_hold_either_kind_of_key(self, name: str, key: str) -> None:
        environ = {"SUPABASE_URL": "https://x.example", name: key}
        assert read_environment(environ, needs_gemini=False).supabase_key == key

    def test_the_newer_name_wins_in_one_place_and_the_place_wins_over_the_name(self, tmp_path: Path) -> None:
        both = {**self.ENVIRON, "SUPABASE_SECRET_KEY": SECRET + "-newer"}
        assert read_environment(both).supabase_key == SECRET + "-newer"
        (tmp_path / ".env").write_text(f"SUPABASE_SECRET_KEY={SECRET}-of-the-file\n")
        assert read_environment(self.ENVIRON, directory=tmp_path).supabase_key == SECRET

    def test_the_refusal_names_the_setting_that_holds_the_wrong_key(self) -> None:
        with pytest.raises(EnvironmentIncomplete, match="SUPABASE_SECRET_KEY is the wrong key"):
            read_environment({**self.ENVIRON, "SUPABASE_SECRET_KEY": "sb_publishable_x"})
        with pytest.raises(EnvironmentIncomplete, match="SUPABASE_SECRET_KEY holds something"):
            read_environment({**self.ENVIRON, "SUPABASE_SECRET_KEY": "x"})

    @pytest.mark.parametrize("name", ["GOOGLE_GEMINI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"])
    def test_the_projects_own_gemini_key_wins_over_a_stray_one_of_the_shell(self, name: str, tmp_path: Path) -> None:
        shell = {"SUPABASE_URL": "https://x.example", "SUPABASE_SECRET_KEY": SECRET, "GOOGLE_API_KEY": "of-the-shell"}
        assert read_environment(shell, directory=tmp_path).gemini_key == "of-the-shell"
        (tmp_path / ".env").write_text(f"{name}=of-the-project\n")
        assert read_environment(shell, directory=tmp_path).gemini_key == "of-the-project"
        named = {**shell, "GEMINI_API_KEY": "named-in-the-shell"}
        assert read_environment(named, directory=tmp_path).gemini_key == "named-in-the-shell"

    @pytest.mark.parametrize(("needs_gemini", "excepted"), [(False, "x.example"), (True, "x.example,googleapis.com")])
    def test_a_proxy_that_cannot_be_used_is_said_before_anything_is_asked(
        self, needs_gemini: bool, excepted: str
    ) -> None:
        environ = {**self.ENVIRON, "ALL_PROXY": "socks4://who:secret@proxy"}
        for refused in ({}, {"NO_PROXY": "x.example"} if needs_gemini else {}):
            with pytest.raises(EnvironmentIncomplete, match="ALL_PROXY names a proxy of the kind socks4"):
                read_environment({**environ, **refused}, needs_gemini=needs_gemini)
        assert read_environment({**environ, "NO_PROXY": excepted}, needs_gemini=needs_gemini).supabase_key == SECRET

    def test_keys_are_not_in_the_representation(self) -> None:
        assert SECRET not in repr(read_environment(self.ENVIRON))


class TestTranscript:
    VISUAL: ClassVar = {
        "timestamp_start_visual": "00:00:05",
        "application_in_focus": "Ledger",
        "action_type_observed": "KEYPRESS_ENTER",
        "screen_region_description_pre_action": "list",
        "screen_region_description_post_action": "detail",
    }
    AUDIO: ClassVar = {
        "timestamp_start_audio": "00:00:04.500",
        "timestamp_end_audio": "00:00:06",
        "verbatim_transcript_segment": "I open it",
    }

    def test_items_are_told_apart_ordered_and_written_without_empty_values(self) -> None:
        items = ordered([parse_item(self.VISUAL), parse_item(self.AUDIO)])
        assert [type(item) for item in items] == [AudioItem, VisualItem]
        assert dump_transcript(items) == [self.AUDIO, self.VISUAL]

    def test_what_the_contract_requires_is_null_and_never_absent(self) -> None:
        element = {"element_type_guess": "icon", "element_attributes_observed": {"aria": None}}
        item = {**self.VISUAL, "target_element_details": element, "data_input_observed": {}}
        (dumped,) = dump_transcript([parse_item(item)])
        assert dumped["target_element_details"] == {**element, "element_visible_text": None}
        assert dumped["data_input_observed"] == {
            "typed_characters": None,
            "pasted_text_observed": None,
            "selected_value_observed": None,
        }
        assert "timestamp_end_visual" not in dumped

    @pytest.mark.parametrize("action", ["KEYPRESS_CTRL+-", "KEYPRESS_?", "KEYPRESS_F5", "SCROLL_DOWN", "CLICK"])
    def test_keys_and_scrolls_are_open_families(self, action: str) -> None:
        item = parse_item({**self.VISUAL, "action_type_observed": action})
        assert isinstance(item, VisualItem)
        assert item.action_type_observed == action

    @pytest.mark.parametrize(
        "change",
        [
            {"action_type_observed": "KEYPRESS_"},
            {"action_type_observed": "KEYPRESS_A B"},
            {"timestamp_start_visual": "5"},
            {"timestamp_start_visual": "00:61:00"},
            {"action_type_observed": "LOOK"},
            {"extra": 1},
            {"application_in_focus": None},
        ],
    )
    def test_an_item_of_the_wrong_form_is_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            parse_item({**self.VISUAL, **change})

    @given(st.integers(min_value=0, max_value=400_000_000))
    def test_a_timestamp_means_the_same_both_ways(self, milliseconds: int) -> None:
        assert round(seconds(timestamp(milliseconds / 1000)) * 1000) == milliseconds


class TestReport:
    def test_it_comes_back_as_it_was(self) -> None:
        report = Report(reason=Reason.NOT_A_VIDEO, message="No.", stage=Stage.PREPARING_VIDEO)
        assert parse_report(report.encode().decode()) == report

    def test_it_always_fits_the_termination_message(self) -> None:
        outputs = tuple(Output(name="x" * 32, location="é" * 512, sha256="a" * 64) for _ in range(8))
        report = Report(message="ü" * 1000, outputs=outputs)
        assert len(report.encode()) <= TERMINATION_MESSAGE_LIMIT
        assert parse_report(report.encode().decode()) is not None

    @given(st.one_of(st.none(), st.text()))
    def test_no_message_breaks_the_reader(self, message: str | None) -> None:
        assert parse_report(message) is None


class TestLogs:
    def test_a_line_carries_the_job_and_no_secret(self) -> None:
        stream = StringIO()
        configure_logs(stream=stream)
        reset = job_id_in_logs.set(str(JOB))
        try:
            logging.getLogger("runops.test").info("calling with %s", SECRET, extra={"attempt": 2})
        finally:
            job_id_in_logs.reset(reset)
        line = json.loads(stream.getvalue())
        assert (line["job_id"], line["attempt"], line["level"]) == (str(JOB), 2, "info")
        assert "abcdefghijklmnop" not in stream.getvalue()

    @pytest.mark.parametrize(
        "text",
        [
            f"key {SECRET}!",
            f"Authorization: Bearer {jwt('service_role')}",
            "GET /object/sign/videos/a.mp4?token=verysecret&x=1",
            "https://h/upload?upload_id=verysecret",
        ],
    )
    def test_secrets_are_blotted_out(self, text: str) -> None:
        blotted = redact(text)
        assert "[redacted]" in blotted
        assert "verysecret" not in blotted
        assert SECRET not in blotted

    def test_blotting_out_in_json_leaves_json(self) -> None:
        said = 'GET "https://h/a.mp4?token=verysecret" failed'
        record = logging.makeLogRecord({"msg": said, "name": "x"})
        assert json.loads(JsonFormatter().format(record))["msg"] == redact(said)
        assert redact(said) == 'GET "https://h/a.mp4?[redacted]" failed'

    @pytest.mark.parametrize("secret", ["AQ.brand-new/form+of=key", 'with "quotes"', "devstack-0123456789"])
    def test_a_key_that_was_read_is_blotted_out_whatever_it_looks_like(self, secret: str) -> None:
        never_show(secret)
        line = logging.makeLogRecord({"msg": f"asked {secret} and ?x={quote(secret, safe='')}", "name": "x"})
        for text in (redact(f"The key {secret} is wrong."), JsonFormatter().format(line)):
            assert "[redacted]" in text
            assert secret not in text
            assert json.dumps(secret)[1:-1] not in text
            assert quote(secret, safe="") not in text

    @pytest.mark.parametrize(
        ("known", "text", "shown"),
        [
            ("sb_secret_q", "The key sb_secret_qqqqqqqq is wrong.", "The key [redacted] is wrong."),
            ("left.sb_secret_r.right", "The key left.sb_secret_r.right is wrong.", "The key [redacted] is wrong."),
            ("pqpqpqpqpq", "The key pqpqpqpqpqpq is wrong.", "The key [redacted] is wrong."),
        ],
        ids=["a known key begins another one", "a known key has a part like a key", "a known key overlaps itself"],
    )
    def test_no_rest_of_a_secret_is_left(self, known: str, text: str, shown: str) -> None:
        never_show(known)
        assert redact(text) == shown

    def test_a_few_letters_are_no_secret(self) -> None:
        never_show("error")
        assert redact("an error") == "an error"

    def test_the_keys_of_the_environment_are_blotted_out(self) -> None:
        key = "a-gemini-key-of-a-new-form"
        read_environment(
            {
                "SUPABASE_URL": "https://x.example.com",
                "SUPABASE_SERVICE_ROLE_KEY": SECRET,
                "GOOGLE_GEMINI_API_KEY": key,
            }
        )
        assert key not in redact(f"API key {key} not valid")

    def test_what_a_service_repeats_of_a_key_is_no_part_of_a_failure(self) -> None:
        never_show("a-key-that-google-repeats")
        failure = Failed(Reason.MODEL_KEY_REJECTED, "The key a-key-that-google-repeats is not valid.")
        assert "a-key-that" not in f"{failure} {failure.detail}"

    def test_a_traceback_stays_in_its_line(self) -> None:
        error = ValueError(SECRET)
        record = logging.getLogger("x").makeRecord("x", 40, "f", 1, "failed", (), (ValueError, error, None))
        text = JsonFormatter().format(record)
        assert "\n" not in text
        assert SECRET not in text
