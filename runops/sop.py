"""The SOP object that the app's viewer reads. Unknown keys are invalid."""

import re
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

__all__ = [
    "Clarification",
    "Edge",
    "Meta",
    "Node",
    "Position",
    "Private",
    "Public",
    "Skill",
    "Sop",
    "Step",
    "Trigger",
    "is_cron",
    "is_semantic_version",
]

_SEMVER_PATTERN = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
_SEMVER = re.compile(_SEMVER_PATTERN)
_CRON_FIELD_PATTERN = r"[0-9A-Za-z*/,\-?#]+"
_CRON_FIELD = re.compile(_CRON_FIELD_PATTERN)
_UUID4_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"
"""As the worker writes it. Python reads further spellings, which no other program need know."""


def _uuid4(value: str) -> str:
    try:
        version = UUID(value).version
    except ValueError as error:
        raise ValueError(f"{value[:40]!r} is not a UUID") from error
    if version != 4:
        raise ValueError(f"{value!r} is not a UUID of version 4")
    return value


def is_semantic_version(value: str) -> bool:
    """Tell whether a text is a semantic version such as 1.0.0."""
    return _SEMVER.fullmatch(value) is not None


def is_cron(value: str) -> bool:
    """Tell whether a text is a cron expression of five parts."""
    parts = value.split()
    return len(parts) == 5 and all(_CRON_FIELD.fullmatch(part) for part in parts)


def _semver(value: str) -> str:
    if not is_semantic_version(value):
        raise ValueError(f"{value[:40]!r} is not a semantic version such as 1.0.0")
    return value


_CRON_PATTERN = r"^\s*" + r"\s+".join([_CRON_FIELD_PATTERN] * 5) + r"\s*$"


def _only_with(present: dict[str, Any], *, absent: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a part of a JSON Schema: objects with these fields, and without those."""
    return {"properties": present | {name: {"type": "null"} for name in absent}, "required": list(present)}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Meta(_Strict):
    """What the procedure is, and who owns it."""

    id: Annotated[str, AfterValidator(_uuid4), WithJsonSchema({"type": "string", "pattern": _UUID4_PATTERN})]
    title: str = Field(min_length=1)
    version: Annotated[
        str, AfterValidator(_semver), WithJsonSchema({"type": "string", "pattern": f"^{_SEMVER_PATTERN}$"})
    ]
    goal: str
    purpose: str
    owner: list[str]
    created: str | None = None


class Trigger(_Strict):
    """What starts the procedure. `config` belongs to cron, `endpoint` to webhook, `signal` to event."""

    # What the validator below checks, for the published schema.
    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                _only_with({"type": {"const": "manual"}}, absent=("config", "endpoint", "signal")),
                _only_with(
                    {"type": {"const": "cron"}, "config": {"type": "string", "pattern": _CRON_PATTERN}},
                    absent=("endpoint", "signal"),
                ),
                _only_with({"type": {"const": "webhook"}, "endpoint": {"type": "string"}}, absent=("config", "signal")),
                _only_with({"type": {"const": "event"}, "signal": {"type": "string"}}, absent=("config", "endpoint")),
            ]
        }
    )

    type: Literal["cron", "manual", "webhook", "event"]
    description: str
    config: str | None = None
    endpoint: str | None = None
    signal: str | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        wanted = {"cron": "config", "webhook": "endpoint", "event": "signal"}.get(self.type)
        for name in ("config", "endpoint", "signal"):
            present = getattr(self, name) is not None
            if present and name != wanted:
                raise ValueError(f"a {self.type} trigger has no {name!r}")
            if name == wanted and not present:
                raise ValueError(f"a {self.type} trigger needs {name!r}")
        if self.config is not None and not is_cron(self.config):
            raise ValueError(f"{self.config[:60]!r} is not a cron expression of five parts")
        return self


_OF_LOOPS = ("iterator", "children", "exit_condition", "isBranchRoot")


class Position(_Strict):
    """Where the viewer draws a node, in its own units."""

    x: float
    y: float


class Node(_Strict):
    """One box of the graph; `iterator`, `children`, `exit_condition` and `isBranchRoot` belong to loops."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                _only_with(
                    {
                        "type": {"const": "loop"},
                        "iterator": {"type": "string"},
                        "children": {"type": "array", "minItems": 1},
                        "exit_condition": {"type": "string"},
                        "isBranchRoot": {"const": True},
                    }
                ),
                _only_with({"type": {"enum": ["task", "decision", "trigger", "end"]}}, absent=_OF_LOOPS),
            ]
        }
    )

    id: str = Field(min_length=1)
    type: Literal["task", "decision", "loop", "trigger", "end"]
    label: str
    intent: str | None = None
    context: str | None = None
    position: Position | None = None
    iterator: str | None = None
    children: list[str] | None = None
    exit_condition: str | None = None
    isBranchRoot: Literal[True] | None = None  # noqa: N815 - the viewer's name for it

    @model_validator(mode="after")
    def _loop_fields_belong_to_loops(self) -> Self:
        present = [name for name in _OF_LOOPS if getattr(self, name) is not None]
        if self.type == "loop":
            missing = [name for name in _OF_LOOPS if name not in present]
            if missing:
                raise ValueError(f"loop {self.id!r} needs {', '.join(missing)}")
            if not self.children:
                raise ValueError(f"loop {self.id!r} has no children")
        elif present:
            raise ValueError(f"{self.type} {self.id!r} has {', '.join(present)}, which only a loop has")
        return self


class Edge(_Strict):
    """One arrow of the graph."""

    source: str
    target: str
    condition: Literal["next", "yes", "no", "all_processed"]


class Clarification(_Strict):
    """A question that the recording left open."""

    id: str
    question: str
    importance: Literal["high", "medium", "low"]


class Public(_Strict):
    """What everyone may see of the procedure."""

    triggers: list[Trigger]
    nodes: list[Node] = Field(min_length=1)
    edges: list[Edge]
    variables: dict[str, str | int | float | bool | None] | None = None
    clarification_requests: list[Clarification] | None = None


class Skill(_Strict):
    """How one application is operated."""

    id: str
    app: str
    method_type: Literal["ui", "api", "mcp"]
    viewport: Any = None
    variables_in: Any = None
    variables_out: Any = None
    performance_hint: Any = None


class Step(_Strict):
    """The skill that carries out a node."""

    node_id: str
    primary_skill: str
    alt_skills: list[str] | None = None


class Private(_Strict):
    """What only people who carry out the procedure need."""

    skills: list[Skill]
    steps: list[Step]
    artifacts: list[Any]


class Sop(_Strict):
    """A Standard Operating Procedure. The rules of its graph are in `runops.sop_graph`."""

    meta: Meta
    public: Public
    private: Private | None = None

    def dump(self) -> dict[str, Any]:
        """Return the JSON object that goes into the table; absent optional values are left out."""
        return self.model_dump(mode="json", exclude_none=True)
