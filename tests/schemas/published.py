"""docs/schemas: JSON Schemas and TypeScript types of what the app reads. `make schemas` writes them."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

from devstack.processes import npm
from devstack.processes.errors import StackError
from tests.schemas.json_schemas import json_schemas

__all__ = ["FOLDER", "TYPES", "packages", "published"]

FOLDER: Final = Path(__file__).parents[2] / "docs" / "schemas"
TYPES: Final = "runops.d.ts"
_HERE: Final = Path(__file__).parent
_SECONDS: Final = 240
_BANNER: Final = "// Made by `make schemas` from the models in runops/: transcript.py, sop.py, evidence.py.\n"


def packages() -> Path:
    """Return the folder with the packages of package-lock.json, installing them on first use.

    Raises
    ------
    StackError
        npm is missing, or the installation fails.
    """
    return npm.installed(_HERE, name="schemas", what="json-schema-to-typescript and TypeScript")


def published() -> dict[str, str]:
    """Return the files by name.

    Raises
    ------
    StackError
        Node.js or npm is missing, or the types could not be made.
    """
    schemas = json_schemas()
    texts = {f"{title.lower()}.schema.json": f"{json.dumps(schema, indent=2)}\n" for title, schema in schemas.items()}
    return {**texts, TYPES: _BANNER + _types(json.dumps(schemas))}


def _types(schemas: str) -> str:
    node = shutil.which("node")
    if node is None:
        raise StackError("TypeScript types are made by a program for Node.js, which is not on PATH: install it.")
    program = (_HERE / "typescript.mjs").read_text("utf-8")
    done = subprocess.run(
        [node, "--input-type=module", "--eval", program],
        cwd=packages(),
        input=schemas,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(f"The TypeScript types could not be made: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in published().items():
        (FOLDER / name).write_text(text, "utf-8")
