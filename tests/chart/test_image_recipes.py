import re
import zipfile
from pathlib import Path

import pytest

from devstack.images import cache, command, programs, sources, wheels
from devstack.images.failure import ImageBuildFailed

_CHECKOUT = Path(__file__).parents[2]
_CONTAINERFILES = [_CHECKOUT / "operator" / "Containerfile", _CHECKOUT / "worker_image" / "Containerfile"]


def _nothing(_: str) -> None:
    """Take a line of progress."""


@pytest.fixture
def wheel(tmp_path: Path) -> list[str]:
    sources.snapshot(tmp_path / "sources")
    built = sources.build_wheel(tmp_path / "sources", tmp_path / "wheel")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_wheel_holds_the_prompts_as_files(wheel: list[str]) -> None:
    prompts = {path.name for path in (_CHECKOUT / "prompts").glob("*.md")}

    assert {
        "transcription_prompt_v1.md",
        "transcription_prompt_v2.md",
        "sop_parser_v0.7.md",
        "sop_parser_v0.8.md",
    } <= prompts
    assert {f"runops_worker/prompts/{name}" for name in prompts} <= set(wheel)


def test_wheel_holds_every_program_and_nothing_compiled(wheel: list[str]) -> None:
    assert {"runops/__init__.py", "runops_operator/main.py", "runops_worker/__init__.py"} <= set(wheel)
    assert {"runops_evaluation/evaluate.py", "runops_evaluation/report/page.html.j2"} <= set(wheel)
    assert not [name for name in wheel if name.startswith("evaluation/")]
    assert not [name for name in wheel if "__pycache__" in name]


def test_same_sources_give_the_same_wheel(tmp_path: Path) -> None:
    sources.snapshot(tmp_path / "sources")
    one, two = (sources.build_wheel(tmp_path / "sources", tmp_path / name) for name in ("one", "two"))

    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("change", ["content", "name", "mode"])
def test_digest_tells_folders_apart(tmp_path: Path, change: str) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "below").mkdir(parents=True)
        (tmp_path / name / "below" / "file").write_text("text")
    assert cache.digest_of(tmp_path / "one") == cache.digest_of(tmp_path / "two")

    file = tmp_path / "two" / "below" / "file"
    if change == "content":
        file.write_text("texT")
    elif change == "name":
        file.rename(file.with_name("other"))
    else:
        file.chmod(0o755)
    assert cache.digest_of(tmp_path / "one") != cache.digest_of(tmp_path / "two")


def test_second_build_waits_for_the_first_and_gives_up_in_time(tmp_path: Path) -> None:
    told: list[str] = []
    with (
        cache.exclusive(tmp_path, progress=told.append),
        pytest.raises(ImageBuildFailed, match="End it, then try again"),
        cache.exclusive(tmp_path, progress=told.append, wait_seconds=0.01),
    ):
        pass
    assert told == ["waiting for another image build to end"]


def test_cached_wheels_are_not_downloaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "worker.txt"
    lock.write_text("httpx==1 --hash=sha256:0\n")
    downloads: list[str] = []
    monkeypatch.setattr(wheels, "run", lambda *_, **given: downloads.append(given["purpose"]))

    first = wheels.ensure_wheels(tmp_path, lock, architecture="x86_64", progress=_nothing)
    second = wheels.ensure_wheels(tmp_path, lock, architecture="x86_64", progress=_nothing)

    assert first == second
    assert len(downloads) == 2
    lock.write_text("httpx==2 --hash=sha256:1\n")
    assert wheels.ensure_wheels(tmp_path, lock, architecture="x86_64", progress=_nothing) != first


def test_failed_program_is_reported_with_its_last_lines() -> None:
    with pytest.raises(ImageBuildFailed, match=r"(?s)counting failed \(exit code 3\):.*\n40"):
        programs.run(["sh", "-c", "seq 40; exit 3"], purpose="counting", timeout_seconds=10)


def test_hanging_program_is_ended() -> None:
    with pytest.raises(ImageBuildFailed, match="took longer than"):
        programs.run(["sleep", "30"], purpose="sleeping", timeout_seconds=0.1)


def test_missing_program_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(ImageBuildFailed, match="apt-get install no-such-builder"):
        programs.ensure_debian_programs(["no-such-builder"], progress=_nothing)


def test_unknown_image_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["build", "pipeline"])

    assert "choose from operator and worker" in capsys.readouterr().err


def test_context_is_not_made_over_other_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").touch()

    assert command.main(["context", "worker", str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.parametrize("path", _CONTAINERFILES, ids=["operator", "worker"])
def test_containerfile_builds_with_debian_12s_buildah(path: Path) -> None:
    text = path.read_text("utf-8")

    assert not re.search(r"<<-?['\"]?[A-Z]", text), "heredocs need buildah 1.33"
    assert "--link" not in re.sub(r"(?m)^#.*$", "", text), "COPY --link needs buildah 1.41"
    assert "# syntax=" not in text


@pytest.mark.parametrize("path", _CONTAINERFILES, ids=["operator", "worker"])
def test_image_runs_as_nobody_and_passes_signals_on(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()

    assert "USER 65532:65532" in lines
    assert "    USER=runops \\" in lines, "a user without an entry in /etc/passwd has no other name"
    entry = next(line for line in lines if line.startswith("ENTRYPOINT"))
    assert re.fullmatch(r'ENTRYPOINT \["/opt/runops/bin/runops-(operator|worker)"\]', entry)


def test_locks_name_a_hash_for_every_package() -> None:
    for name in ("operator", "worker"):
        text = (_CHECKOUT / "requirements" / f"{name}.txt").read_text("utf-8")
        packages = re.findall(r"(?m)^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.DOTALL)
        assert len(packages) > 30
        assert all("--hash=sha256:" in package for package in packages)
