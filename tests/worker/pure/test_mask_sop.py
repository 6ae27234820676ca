"""Secrets and the model's instruction are hidden in a SOP, and its names and kinds stay."""

from runops_worker.model.told_instruction import HIDDEN
from runops_worker.sop.mask_sop import mask_sop, without_told_instruction
from runops_worker.sop.wording.sentences import ENGLISH
from tests.worker.pure.sops import line, task

INSTRUCTION = " ".join(f"word{number}" for number in range(60))


def test_all_secrets_of_a_sop_are_hidden_and_counted() -> None:
    sop = line(
        task("password: hunter22", "Log in", context="The password is hunter22."),
        task("b", "Type the PIN 4711", context="The PIN: 4711"),
    )
    masked, count = mask_sop(sop)
    assert count >= 2
    assert [node.id for node in masked.public.nodes] == [node.id for node in sop.public.nodes]
    assert "hunter22" not in " ".join(node.context or "" for node in masked.public.nodes)
    assert masked.public.edges == sop.public.edges


def test_a_sop_without_secrets_is_the_same_object() -> None:
    sop = line(task("a", "Open it"))
    masked, count = mask_sop(sop)
    assert masked is sop
    assert count == 0


def test_an_instruction_that_is_told_is_hidden_and_asked_about() -> None:
    sop = line(task("a", f"First {INSTRUCTION} last"), task(INSTRUCTION, "Wait"))
    hidden, questions = without_told_instruction(sop, INSTRUCTION, ENGLISH)
    labels = {node.label for node in hidden.public.nodes}
    assert f"First {HIDDEN} last" in labels
    assert [node.id for node in hidden.public.nodes] == [node.id for node in sop.public.nodes]
    assert questions == [ENGLISH.say("told_instruction", hidden=HIDDEN)]


def test_where_no_instruction_is_told_nothing_is_asked() -> None:
    sop = line(task("a", "Open it"))
    same, questions = without_told_instruction(sop, INSTRUCTION, ENGLISH)
    assert same is sop
    assert questions == []
