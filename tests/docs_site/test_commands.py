"""Command lines of the documentation: each program, command, option, value of the chart and path exists."""

import importlib.util
import json
import re
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from devstack.cluster import ensure
from runops_cli.main import app
from tests.code_blocks import code_blocks
from tests.docs_site.command_lines import CommandLine, command_lines

CHECKOUT = Path(__file__).parents[2]
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), CHECKOUT / "benchmarks" / "README.md"])
SCHEMA = json.loads((CHECKOUT / "deploy/helm/runops-operator/values.schema.json").read_text("utf-8"))
TARGETS = set(re.findall(r"(?m)^([a-z-]+):", (CHECKOUT / "Makefile").read_text("utf-8")))
# Not ours, and not on every machine that runs the tests.
OTHERS = {
    *("apt-get", "cd", "cosign", "ctr", "curl", "docker", "gh", "git", "jq", "kind", "mkdir", "npm", "oc", "oras"),
    *("pip", "pipx", "psql", "skopeo", "sha256sum", "source", "tar", "unset", "uv"),
}
FOLDERS = ("benchmarks", "cli", "crds", "deploy", "devstack", "docs", "prompts", "requirements", "scripts", "tests")


def faults(line: CommandLine) -> list[str]:
    """What of a command line does not exist."""
    program, *arguments = line.words
    name = program.removeprefix(".venv/bin/")
    if name in {"runops", "kubectl-runops"}:
        return of_runops(arguments)
    if name == "kubectl" and arguments[:1] == ["runops"]:
        return of_runops(arguments[1:])
    if name in {"kubectl", "helm"}:
        return [*of_cobra(name, arguments), *of_paths(arguments), *(of_values(arguments) if name == "helm" else [])]
    if name == "make":
        return [f"no target {one}" for one in arguments if re.match(r"^[a-z-]+$", one) and one not in TARGETS]
    if name in {"python", "python3"}:
        return of_module(arguments)
    if name in {"pytest", "pre-commit", "ruff", "mypy"}:
        return of_paths(arguments)
    if program.startswith("scripts/"):
        return of_paths([program, *arguments])
    if name in OTHERS:
        return of_paths(arguments)
    return [f"no program {program}"] if line.prompted else []


def of_runops(arguments: list[str]) -> list[str]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    words = [one for one in arguments if not one.startswith("-")]
    if words and words[0] not in group.commands:
        return [f"no command runops {words[0]}"]
    command = group.commands[words[0]] if words else group
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    options = [one.partition("=")[0] for one in arguments if re.match(r"^--?[a-z]", one)]
    return [f"runops {words[0] if words else ''} has no option {one}" for one in options if one not in known]


@cache
def help_of(program: str, command: str) -> str | None:
    """The help of a command, or None where there is no such command."""
    done = subprocess.run(
        [str(ensure(program)), *command.split(), "--help"], capture_output=True, text=True, timeout=120, check=False
    )
    usage = re.search(rf"(?m)^\s*{program} {command}( |$)", done.stdout)
    return done.stdout if done.returncode == 0 and usage is not None else None


@cache
def global_options(program: str) -> str:
    asked = ["options"] if program == "kubectl" else ["--help"]
    return subprocess.run(
        [str(ensure(program)), *asked], capture_output=True, text=True, timeout=120, check=True
    ).stdout


def of_cobra(program: str, arguments: list[str]) -> list[str]:
    words: list[str] = []
    for word in arguments[:3]:
        if not re.match(r"^[a-z][a-z-]*$", word) or help_of(program, " ".join([*words, word])) is None:
            break
        words.append(word)
    if not words:
        return [f"no command {program} {arguments[0]}"] if arguments and arguments[0] != "..." else []
    known = (help_of(program, " ".join(words)) or "") + global_options(program)
    options = [one.partition("=")[0] for one in arguments if re.match(r"^--?[a-z]", one)]
    return [
        f"{program} {' '.join(words)} has no option {one}"
        for one in options
        if not re.search(rf"(^|[\s,]){re.escape(one)}[\s,=:]", known)
    ]


def of_values(arguments: list[str]) -> list[str]:
    found: list[str] = []
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if option in {"--set", "--set-string", "--set-json", "--set-file"}:
            text = re.sub(r"\{[^}]*\}|\"[^\"]*\"", "x", value)
            keys = [one.partition("=")[0] for one in re.split(r"(?<!\\),", text)]
            found += [f"no value {key} in the chart" for key in keys if key and not known_value(split_key(key))]
    return found


def split_key(key: str) -> list[str]:
    return [re.sub(r"\[\d+\]$", "", part).replace("\\.", ".") for part in re.split(r"(?<!\\)\.", key)]


def known_value(path: Iterable[str]) -> bool:
    """Whether the chart's schema knows a value; below an object without named properties anything is known."""
    at: dict[str, Any] = SCHEMA
    for name in path:
        kinds = [resolved(one) for one in (at, *at.get("anyOf", []), *at.get("oneOf", []))]
        named = next((one for one in kinds if name in one.get("properties", {})), None)
        if named is None:
            return any(one.get("additionalProperties", "properties" not in one) is not False for one in kinds[:1])
        at = resolved(named["properties"][name])
    return True


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    found: dict[str, Any] = schema if reference is None else SCHEMA["$defs"][reference.rpartition("/")[2]]
    return found


def of_module(arguments: list[str]) -> list[str]:
    if "-m" not in arguments:
        return of_paths(arguments)
    module = arguments[arguments.index("-m") + 1]
    try:
        missing = importlib.util.find_spec(module) is None
    except ModuleNotFoundError:
        missing = True
    return [f"no module {module}"] if missing else of_paths(arguments)


def of_paths(arguments: list[str]) -> list[str]:
    named = [one.partition("::")[0].partition("=")[2] or one.partition("::")[0] for one in arguments]
    paths = [
        one for one in named if one.split("/")[0] in FOLDERS and "/" in one and not re.search(r"[*A-Z{}$]{3,}|\*", one)
    ]
    return [f"no file {one}" for one in paths if not (CHECKOUT / one).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_each_command_line_of_a_page_can_be_typed(page: Path) -> None:
    assert [f"{line}\n  {found}" for line in command_lines(page) if (found := faults(line))] == []


def test_many_command_lines_are_found() -> None:
    programs = [line.words[0].removeprefix(".venv/bin/") for page in PAGES for line in command_lines(page)]
    assert {name: programs.count(name) > 20 for name in ("kubectl", "helm", "runops")} == {
        "kubectl": True,
        "helm": True,
        "runops": True,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("    runops lst", "no command runops lst"),
        ("    runops list --staus error", "has no option --staus"),
        ("    kubectl runops check --clustre", "has no option --clustre"),
        ("    make dmo", "no target dmo"),
        ("    helm install a deploy/helm/runops-operator --set maxConcurent=3", "no value maxConcurent"),
        ("    helm install a deploy/helm/runops-operator --set worker.image.repo=x", "no value worker.image.repo"),
        ("    helm install a deploy/helm/runops-opertor", "no file deploy/helm/runops-opertor"),
        ("    helm instal a b", "no command helm instal"),
        ("    helm upgrade a b --reuse-valus", "has no option --reuse-valus"),
        ("    kubectl gett pods", "no command kubectl gett"),
        ("    kubectl get pods --namespce x", "has no option --namespce"),
        ("    .venv/bin/python -m devstak demo", "no module devstak"),
        ("    $ rnops list", "no program rnops"),
        ("```sh\nrunops list | jqq .\n```", "no program jqq"),
        ('    eval "$(.venv/bin/python -m devstak env)"', "no module devstak"),
    ],
)
def test_a_wrong_line_is_found(tmp_path: Path, text: str, said: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"A page\n\n{text}\n", "utf-8")
    assert said in str([faults(line) for line in command_lines(page)])


def value_paths(value: Any, before: tuple[str, ...] = ()) -> Iterable[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from value_paths(below, (*before, str(key)))
    else:
        yield before


@pytest.mark.parametrize("name", ["clusters.md", "platforms.md", "install.md", "cost.md", "gemini.md"])
def test_values_in_yaml_blocks_are_those_of_the_chart(name: str) -> None:
    blocks = [yaml.safe_load(one.text) for one in code_blocks(CHECKOUT / "docs" / name, "yaml")]
    paths = [path for one in blocks if "apiVersion" not in one for path in value_paths(one)]
    assert [path for path in paths if not known_value(path)] == []


def test_a_wrong_value_in_a_block_is_found() -> None:
    check: Callable[[tuple[str, ...]], bool] = known_value
    assert check(("worker", "resources", "requests", "cpu"))
    assert not check(("worker", "ressources"))
