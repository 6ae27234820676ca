"""The document that pages show."""

import copy
from typing import Any

import pytest

from runops.procedure.model import ShownStep, TypedSecret
from tests.sop_graphs import edge, loop, node, raw_sop
from tests.unit.procedure.sample import EVIDENCE, SOP, TRANSCRIPT, heard, procedure, seen


def step(name: str, **more: Any) -> ShownStep:
    return next(one for one in procedure(**more).steps if one.node_id == name)


def test_steps_are_numbered_as_runops_sop_reads_them() -> None:
    shown = [(one.number, one.node_id) for one in procedure().steps]
    assert shown == [
        (1, "start"),
        (2, "sign-in"),
        (3, "each"),
        (4, "search"),
        (5, "above"),
        (6, "ask"),
        (7, "approve"),
        (8, "file"),
        (9, "end"),
    ]


def test_a_step_has_what_was_done_and_said_with_their_seconds() -> None:
    search = step("search")
    assert [(one.item, one.at, one.action) for one in search.observed] == [
        ("t0004", 34.0, "CLICK"),
        ("t0005", 35.0, "TYPE"),
        ("t0006", 38.0, "KEYPRESS_CTRL+ENTER"),
    ]
    assert search.values == ("Helios",)
    assert [(one.at, one.until, one.text) for one in search.said] == [(30.5, 33.0, "First I search for the supplier.")]
    assert search.applications == ("Ledgerline",)
    assert search.loops == (3,)
    assert search.missing is None


def test_the_moment_of_a_step_is_what_its_label_names() -> None:
    moment = step("search").moment
    assert moment is not None
    assert (moment.key, moment.at, moment.until, moment.action) == ("t0005", 35.0, 37.0, "TYPE")


def test_a_click_is_shown_rather_than_what_the_screen_does_by_itself() -> None:
    evidence = copy.deepcopy(EVIDENCE)
    evidence["nodes"]["approve"] = [*EVIDENCE["nodes"]["each"], *EVIDENCE["nodes"]["approve"]]
    moment = step("approve", evidence=evidence).moment
    assert moment is not None
    assert moment.key == "t0008"


def test_where_a_value_was_given_it_is_shown() -> None:
    sop = copy.deepcopy(SOP)
    sop["public"]["nodes"][3]["label"] = "Find it"
    moment = step("search", sop=sop).moment
    assert moment is not None
    assert moment.key == "t0005"


def test_a_sentence_is_the_moment_where_nothing_else_is_known() -> None:
    moment = step("above").moment
    assert moment is not None
    assert (moment.key, moment.at, moment.action) == ("t0007", 50.0, None)


def test_steps_that_rest_on_the_same_moment_share_a_picture() -> None:
    assert [moment.key for moment in procedure().moments] == ["t0005", "t0007", "t0008"]


def test_a_step_without_evidence_says_so() -> None:
    assert step("file").missing == "Nothing in the recording was found for this step. Check it before you rely on it."
    assert step("file").moment is None
    assert step("start").missing is None
    assert step("end").missing is None


def test_a_step_that_rests_on_an_answer_says_what_was_asked() -> None:
    entry = {"id": "a0001", "kind": "answer", "question": "Where is it filed?"}
    missing = step("file", evidence={"nodes": {"file": [entry]}}).missing
    assert missing is not None
    assert missing.endswith("A person answered the question: Where is it filed?")


def test_without_any_evidence_it_is_said_once() -> None:
    shown = procedure(evidence=None)
    assert shown.notes == (
        "There is no evidence beside this SOP, so no step has a picture, a time or a spoken sentence.",
    )
    assert [one.missing for one in shown.steps] == [None] * 9
    assert "no transcript" in procedure(transcript=None, evidence=None).notes[0]


def test_evidence_about_another_transcript_is_not_believed() -> None:
    later = [heard("00:00:00", "00:00:01", "Hello."), *TRANSCRIPT]
    found = step("search", transcript=later)
    assert (found.observed, found.said, found.moment) == ((), (), None)
    assert found.missing is not None
    assert "made again" in found.missing


@pytest.mark.parametrize("name", ["t0099", "t0000", "x1", None, "t00050"])
def test_an_item_that_is_not_there_is_no_evidence(name: str | None) -> None:
    entry = {"id": name, "kind": "visual", "start": "00:00:01"}
    assert step("file", evidence={"nodes": {"file": [entry]}}).observed == ()


def test_one_bad_item_hides_no_other() -> None:
    transcript: list[Any] = list(TRANSCRIPT)
    transcript[3] = {"timestamp_start_visual": "soon"}
    shown = procedure(transcript=transcript)
    assert shown.notes == ("1 of 9 items of the transcript have an unknown form and were left out.",)
    assert [one.item for one in shown.steps[3].observed] == ["t0005", "t0006"]


def test_ways_name_the_step_they_lead_to() -> None:
    def ways(name: str) -> list[tuple[str, int, bool]]:
        return [(way.condition, way.number, way.is_back) for way in step(name).ways]

    assert ways("above") == [("yes", 6, False), ("no", 7, False)]
    assert ways("each") == [("each", 4, False), ("all_processed", 8, False)]
    assert ways("approve") == [("next", 3, True)]
    assert ways("end") == []


def test_a_gap_of_the_transcript_is_shown() -> None:
    (gap,) = procedure().gaps
    assert (gap.start, gap.end, gap.why) == (120.0, 180.0, "the model refused it")


def test_questions_come_by_importance() -> None:
    assert [(one.importance, one.name) for one in procedure().questions] == [("high", "q2"), ("low", "q1")]


def test_a_loop_in_an_edited_loop_is_within_both() -> None:
    nodes = [loop("outer", ["inner"]), loop("inner", ["task"]), node("task"), node("end", "end")]
    edges = [edge("outer", "inner"), edge("inner", "task"), edge("task", "inner"), edge("inner", "outer")]
    shown = procedure(raw_sop(nodes, [*edges, edge("outer", "end", "all_processed")]))
    assert {one.node_id: one.loops for one in shown.steps} == {"outer": (), "inner": (1,), "task": (1, 2), "end": ()}


def test_no_control_character_reaches_the_document() -> None:
    sop = copy.deepcopy(SOP)
    sop["public"]["nodes"][1]["label"] = "Sign\u202ein\u0000 to\u001b[31m the \u2066shop\u200d"
    assert step("sign-in", sop=sop).label == "Sign in to [31m the shop\u200d"


class TestSecrets:
    """No picture of a moment at which a secret may be on the screen."""

    def hidden(self, *items: dict[str, Any]) -> list[str | None]:
        nodes = [node(f"n{index}") for index in range(len(items))]
        names = {f"n{index}": [{"id": f"t{index + 1:04d}"}] for index in range(len(items))}
        shown = procedure(raw_sop(nodes, []), list(items), {"nodes": names})
        steps = {one.node_id: one for one in shown.steps}
        moments = [steps[f"n{index}"].moment for index in range(len(items))]
        return [
            "no moment" if moment is None else moment.hidden or ("covered" if moment.covers else None)
            for moment in moments
        ]

    def test_the_step_that_hides_one_has_no_picture(self) -> None:
        moment = step("sign-in").moment
        assert moment is not None
        assert moment.hidden == "The picture is left out: the screen may show a password at this moment."

    def test_nor_has_what_comes_before_until_another_page_is_there(self) -> None:
        assert [
            one is not None
            for one in self.hidden(
                seen("00:00:01", "CLICK", application="Mail"),
                seen("00:00:30", "CLICK", application="Terminal"),
                seen("00:00:40", "TYPE", application="Terminal", data="export TOKEN=[token hidden]"),
                seen("00:00:50", "CLICK", application="Terminal"),
                seen("00:01:00", "CLICK", application="Mail"),
                seen("00:01:20", "CLICK", application="Mail"),
            )
        ] == [False, True, True, True, True, False]

    def test_whoever_comes_back_to_the_screen_may_see_it_again(self) -> None:
        assert [
            one is not None
            for one in self.hidden(
                seen("00:00:10", "SCREEN_UPDATE", application="Terminal", shows="It shows [key hidden]."),
                seen("00:01:00", "CLICK", application="Mail"),
                seen("00:02:00", "CLICK", application="Mail"),
                seen("00:03:00", "CLICK", application="terminal"),
            )
        ] == [True, True, False, True]

    def test_an_application_that_is_not_known_may_be_the_same(self) -> None:
        hidden = self.hidden(
            seen("00:00:10", "TYPE", application="unknown", data="[PIN hidden]"),
            seen("00:05:00", "CLICK", application="Mail"),
            seen("00:10:00", "CLICK", application="Mail"),
        )
        assert [one is not None for one in hidden] == [True, True, True]

    def test_a_screen_without_a_name_may_be_that_one_again(self) -> None:
        hidden = self.hidden(
            seen("00:00:10", "SCREEN_UPDATE", application="Terminal", shows="It shows [key hidden]."),
            seen("00:01:00", "CLICK", application="Mail"),
            seen("00:02:00", "CLICK", application="Mail"),
            seen("00:03:00", "CLICK", application="unknown"),
        )
        assert [one is not None for one in hidden] == [True, True, False, True]

    def test_one_that_is_said_is_typed_around_it(self) -> None:
        assert [
            one is not None
            for one in self.hidden(
                seen("00:00:10", "CLICK"),
                heard("00:00:30", "00:00:32", "The password is [password hidden]."),
                seen("00:00:41", "CLICK"),
                seen("00:01:00", "CLICK"),
            )
        ] == [False, True, True, False]

    def test_what_was_only_typed_is_covered(self) -> None:
        assert self.hidden(
            seen("00:00:01", "CLICK", application="Mail"),
            seen("00:00:40", "TYPE", application="Terminal", data="[token hidden]", end="00:00:44"),
            seen("00:00:50", "CLICK", application="Terminal"),
            seen("00:01:30", "CLICK", application="Mail"),
            seen("00:02:00", "CLICK", application="Mail"),
            seen("00:02:30", "CLICK", application="terminal"),
        ) == ["covered", "covered", "covered", "covered", None, "covered"]

    def test_what_is_covered_is_known_by_its_times(self) -> None:
        sop = raw_sop([node("n", label="Type [token hidden]")], [])
        typed = seen("00:00:40", "TYPE", application="Terminal", data="[token hidden]", end="00:00:44")
        (shown,) = procedure(sop, [typed], {"nodes": {"n": [{"id": "t0001"}]}}).steps
        assert shown.moment is not None
        assert shown.moment.covers == (TypedSecret("token", 40.0, 44.0),)
        assert shown.moment.covered_kinds == ("token",)
        assert "may show a token" in shown.moment.without_picture
        del typed["timestamp_end_visual"]
        later = seen("00:00:49", "CLICK", application="Terminal")
        (shown,) = procedure(sop, [typed, later], {"nodes": {"n": [{"id": "t0001"}]}}).steps
        assert shown.moment is not None
        assert shown.moment.covers == (TypedSecret("token", 40.0, 49.0),)

    @pytest.mark.parametrize(
        "other",
        [
            seen("00:00:46", "SCREEN_UPDATE", application="Terminal", shows="It shows [token hidden]."),
            seen("00:00:46", "CLICK", application="Terminal", target="[token hidden]"),
            seen("00:00:46", "SELECT_TEXT", application="Terminal", data="[token hidden]"),
            heard("00:00:46", "00:00:48", "It is [token hidden]."),
        ],
    )
    def test_a_secret_that_is_anywhere_else_too_leaves_the_picture_out(self, other: dict[str, Any]) -> None:
        typed = seen("00:00:40", "TYPE", application="Terminal", data="[token hidden]", end="00:00:44")
        assert all("left out" in str(one) for one in self.hidden(typed, other))

    def test_a_sop_that_hides_one_itself(self) -> None:
        sop = raw_sop([node("n", label="Type [code hidden]")], [])
        (shown,) = procedure(sop, [seen("00:00:10", "CLICK")], {"nodes": {"n": [{"id": "t0001"}]}}).steps
        assert shown.moment is not None
        assert shown.moment.hidden is not None
        assert "a code" in shown.moment.hidden
