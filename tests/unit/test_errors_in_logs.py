"""No line of a log says nothing: the text of some errors, such as TimeoutError, is empty.

Our own errors have a sentence. Of all others a log line takes `error_text`, which names the type.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).parents[2]
_PACKAGES = ("runops", "operator/runops_operator", "worker_image/runops_worker", "cli/runops_cli")
_SOURCES = [path for package in _PACKAGES for path in sorted((_CHECKOUT / package).rglob("*.py"))]


def _own_errors() -> set[str]:
    """Return the names of the exceptions that we define, and of what they derive from."""
    found = {"ClusterError"}
    for _ in range(4):
        for path in _SOURCES:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                    if bases & ({"Exception"} | found):
                        found.add(node.name)
    return found


def _caught(handler: ast.ExceptHandler) -> set[str]:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(one) for one in types if one is not None}


def _is_log_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).lower().startswith("_log.")


def _said_bare(call: ast.AST, name: str) -> bool:
    """Return whether a call is given the error itself, or its text."""
    assert isinstance(call, ast.Call)
    # With `exc_info` the type is shown, too.
    values = [*call.args, *(word.value for word in call.keywords if word.arg != "exc_info")]
    dicts = [value for one in values if isinstance(one, ast.Dict) for value in one.values]
    return any(ast.unparse(value) in {name, f"str({name})"} for value in [*values, *dicts])


def complaints(source: str, own: set[str]) -> Iterator[str]:
    """Yield the log calls that show an error of somebody else's by its text alone."""
    for handler in ast.walk(ast.parse(source)):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None or _caught(handler) <= own:
            continue
        for node in ast.walk(handler):
            if _is_log_call(node) and _said_bare(node, handler.name):
                yield ast.unparse(node)


def test_no_log_line_shows_an_error_by_a_text_that_may_be_empty() -> None:
    own = _own_errors()
    assert {"SupabaseError", "Conflict", "Failed"} <= own
    found = {str(path.relative_to(_CHECKOUT)): list(complaints(path.read_text("utf-8"), own)) for path in _SOURCES}
    assert {path: calls for path, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    ("caught", "call", "wrong"),
    [
        ("TimeoutError", '_log.warning("%s", error)', True),
        ("(ClusterError, TimeoutError)", '_log.warning("x", extra={"error": str(error)})', True),
        ("Exception", '_LOG.error("%s", str(error))', True),
        ("ClusterError", '_log.warning("%s", error)', False),
        ("TimeoutError", '_log.warning("%s", error_text(error))', False),
        ("TimeoutError", '_log.warning("%s", type(error).__name__)', False),
        ("TimeoutError", '_log.warning("x", exc_info=error)', False),
    ],
)
def test_a_log_line_that_may_say_nothing_is_found(caught: str, call: str, wrong: bool) -> None:
    source = f"try:\n    pass\nexcept {caught} as error:\n    {call}\n"
    assert bool(list(complaints(source, {"ClusterError"}))) is wrong
