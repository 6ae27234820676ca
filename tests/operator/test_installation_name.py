"""The name of an installation: a chosen one, or one that no other cluster has, asked for until it is known."""

from typing import Any

import pytest

from runops_operator.config import OperatorConfig
from runops_operator.installation_check import named
from runops_operator.installation_name import with_name
from runops_operator.kubernetes_api.cluster import ClusterError, Manifest
from tests.operator.world import CONFIG

UNNAMED = OperatorConfig.model_validate({**CONFIG.model_dump(), "installation": "", "release": "videos"})
NAMESPACE = {"metadata": {"name": "runops", "uid": "0f5c1c2e-9d1b-4f7e-8c51-6f0f5d5e7a10"}}
NAME = "runops/videos@0f5c1c2e-9d1b-4f7e-8c51-6f0f5d5e7a10"


class Api:
    """Gives these answers one after the other, and the last one again and again."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), 0

    async def get_namespace(self) -> Manifest:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        found: Manifest = answer
        return found


FORBIDDEN = ClusterError("GET /api/v1/namespaces/runops: 403 forbidden.", status=403)


async def _named(config: OperatorConfig, api: Api) -> tuple[OperatorConfig, list[str | None]]:
    shown: list[str | None] = []
    return await with_name(config, api, show=shown.append), shown


async def test_the_default_name_has_the_uid_of_the_namespace() -> None:
    config, shown = await _named(UNNAMED, Api(NAMESPACE))
    assert (config.installation, shown) == (NAME, [None])
    assert config.own_names == {NAME}
    assert config.shared_name == "runops/videos"


async def test_a_chosen_name_wins_and_nothing_is_asked() -> None:
    chosen, api = UNNAMED.model_copy(update={"installation": "prod-eu"}), Api(FORBIDDEN)
    config, _ = await _named(chosen, api)
    assert (config.installation, api.asked) == ("prod-eu", 0)
    assert config.shared_name is None, "an earlier default would have to be told as a former name"
    assert config.names_of_videojobs == {"prod-eu"}


def test_two_clusters_with_the_same_names_have_different_ones() -> None:
    one, two = UNNAMED.named("uid-1"), UNNAMED.named("uid-2")
    assert not one.own_names & two.own_names
    assert one.installation not in two.names_of_videojobs


@pytest.mark.virtual_time
async def test_it_asks_until_it_is_answered_and_says_what_is_missing_once(caplog: pytest.LogCaptureFixture) -> None:
    away = ClusterError("GET /api/v1/namespaces/runops: no answer within 30 s.")
    api = Api(away, FORBIDDEN, FORBIDDEN, {"metadata": {"uid": 7}}, NAMESPACE)
    config, shown = await _named(UNNAMED, api)
    assert (config.installation, api.asked) == (NAME, 5)
    assert shown[-1] is None
    assert shown[1] is not None
    assert "403 forbidden. Give the operator's service account the right to get its Namespace" in shown[1]
    assert [words and "service account" in words for words in shown[:4]] == [False, True, True, False]
    assert len(caplog.records) == 3, "the same complaint is logged once"


@pytest.mark.virtual_time
async def test_helm_test_shows_the_name_and_what_counts_as_its_own() -> None:
    config, found = await named(UNNAMED.model_copy(update={"former_installations": ("old/name",)}), Api(NAMESPACE))
    assert (found.ok, found.detail) == (True, f"claims rows as {NAME}; rows of old/name are its own, too")
    assert config.installation == NAME


@pytest.mark.virtual_time
async def test_helm_test_says_why_there_is_no_name() -> None:
    _, found = await named(UNNAMED, Api(FORBIDDEN))
    assert not found.ok
    assert "403 forbidden" in found.detail
    assert found.remedy is not None


def test_a_file_without_any_name_is_refused() -> None:
    with pytest.raises(ValueError, match="installation or release must be set"):
        OperatorConfig.model_validate({**CONFIG.model_dump(), "installation": ""})
