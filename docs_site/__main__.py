"""Builds the site into `dist/docs`, or into the folder that is named: `python -m docs_site [FOLDER]`."""

import sys
from pathlib import Path

from devstack.processes.errors import StackError
from docs_site.build import SiteError, built_site
from docs_site.pages import CHECKOUT


def main() -> int:
    """Build it, and return the exit code."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT / "dist" / "docs"
    try:
        built_site(target, lambda text: print(f"docs: {text}", file=sys.stderr))  # noqa: T201 - a program's output
    except (SiteError, StackError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a program's output
        return 1
    print(target / "index.html")  # noqa: T201 - a program's output
    return 0


sys.exit(main())
