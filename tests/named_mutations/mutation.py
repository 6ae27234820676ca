"""Takes one guard out of the running code: the source of a function is changed, compiled again, and put in its place.

A mutation names a piece of source text. That text must occur exactly once in the package, wherever it is: code that
moves takes its mutation along, and code that is rewritten makes the mutation fail by its name.
"""

import ast
import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ["Mutation", "TargetLost", "applied"]


class TargetLost(Exception):  # noqa: N818 - says what is the case
    """A mutation's piece of source text is not there, or not only once."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A guard that is taken out.

    Attributes
    ----------
    name
        What is missing then, in plain English.
    package
        Where the guard is.
    before, after
        Source text of the guard, and what takes its place. Lines may be indented as they like.
    worlds
        Within so many simulated worlds it is found; None where a test finds it.
    test
        The test that finds it, as pytest names it.
    """

    name: str
    package: str
    before: str
    after: str
    worlds: int | None = None
    test: str | None = None


@contextmanager
def applied(mutation: Mutation) -> Iterator[None]:
    """Take the guard out for as long as the block runs.

    Raises
    ------
    TargetLost
        The guard's text is not in the package, or not only once.
    """
    path, at = _found(mutation)
    source = path.read_text("utf-8")
    changed = source[:at] + mutation.after + source[at + len(mutation.before) :]
    line = source.count("\n", 0, at) + 1
    name = _function_at(ast.parse(source), line)
    if name is None:
        raise TargetLost(f"{mutation.name}: line {line} of {path.name} is in no function")
    function = _function(_module_of(path, mutation.package), name)
    original = function.__code__
    function.__code__ = _code(compile(changed, str(path), "exec", dont_inherit=True), name)
    try:
        yield
    finally:
        function.__code__ = original


@lru_cache
def _sources(package: str) -> dict[Path, str]:
    (folder,) = importlib.import_module(package).__path__
    return {path: path.read_text("utf-8") for path in sorted(Path(folder).rglob("*.py"))}


def _found(mutation: Mutation) -> tuple[Path, int]:
    places = list(_places(mutation))
    if len(places) != 1:
        raise TargetLost(
            f"The mutation {mutation.name!r} has lost its target: {mutation.before!r} occurs {len(places)} times in "
            f"{mutation.package}. Find the guard in the code as it is now, and correct tests/named_mutations/table.py."
        )
    return places[0]


def _places(mutation: Mutation) -> Iterator[tuple[Path, int]]:
    for path, source in _sources(mutation.package).items():
        at = source.find(mutation.before)
        while at >= 0:
            yield path, at
            at = source.find(mutation.before, at + 1)


def _function_at(tree: ast.Module, line: int) -> str | None:
    """Return the qualified name of the outermost function around a line."""
    scope: ast.AST = tree
    names: list[str] = []
    while True:
        inner = next((node for node in ast.iter_child_nodes(scope) if _is_scope(node) and _covers(node, line)), None)
        if inner is None:
            return None
        assert isinstance(inner, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        names.append(inner.name)
        if not isinstance(inner, ast.ClassDef):
            return ".".join(names)
        scope = inner


def _is_scope(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)


def _covers(node: ast.AST, line: int) -> bool:
    first: int = getattr(node, "lineno", 0)
    last: int = getattr(node, "end_lineno", 0)
    return first <= line <= last


def _module_of(path: Path, package: str) -> ModuleType:
    (folder,) = importlib.import_module(package).__path__
    parts = path.relative_to(folder).with_suffix("").parts
    return importlib.import_module(".".join((package, *parts)))


def _function(module: ModuleType, name: str) -> FunctionType:
    owner: Any = module
    for part in name.split("."):
        owner = inspect.getattr_static(owner, part)
        owner = getattr(owner, "fget", None) or getattr(owner, "__func__", None) or owner
    owner = inspect.unwrap(owner)
    assert isinstance(owner, FunctionType), name
    return owner


def _code(compiled: CodeType, name: str) -> CodeType:
    for constant in compiled.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == name:
                return constant
            if name.startswith(f"{constant.co_qualname}."):
                return _code(constant, name)
    raise AssertionError(name)
