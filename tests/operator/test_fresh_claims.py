"""A claim is fresh once, and only under its own token."""

from runops_operator.informer.fresh_claims import FreshClaims


def test_a_fresh_claim_is_taken_once_and_under_its_own_token() -> None:
    claims = FreshClaims()
    assert not claims.take("vj-1", "a")
    claims.mark("vj-1", "a")
    claims.mark("vj-2", "b")
    assert claims.take("vj-1", "a")
    assert not claims.take("vj-1", "a")
    assert claims.take("vj-2", "b")


def test_a_mark_of_another_token_is_gone_after_a_look() -> None:
    claims = FreshClaims()
    claims.mark("vj-1", "a")
    claims.mark("vj-1", "b")
    assert not claims.take("vj-1", "a")
    assert not claims.take("vj-1", "b")
