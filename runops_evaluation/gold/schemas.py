"""JSON Schemas of the gold files, for whoever writes them with another program.

`python -m runops_evaluation.gold.schemas` writes them anew.
"""

import json
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from runops.sop import Sop
from runops_evaluation.gold.about import About
from runops_evaluation.gold.events import Events

__all__ = ["FOLDER", "schemas", "text_of"]

FOLDER: Final = Path(__file__).with_name("schemas")
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each file of a gold recording, by the file's name."""
    models: dict[str, type[BaseModel]] = {"about.json": About, "events.json": Events, "sop.json": Sop}
    return {name: {"$schema": _DIALECT, **model.model_json_schema()} for name, model in models.items()}


def text_of(schema: dict[str, Any]) -> str:
    """Return a schema as it is kept."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in schemas().items():
        (FOLDER / file.replace(".json", ".schema.json")).write_text(text_of(content))
