"""Links of a page, as they have to be in the site. Pure.

In the repository, pages link to each other and to files by relative paths, as GitHub shows them. In the site, pages
of other folders than `docs/` have another place, and files that are no pages are at the repository's address.
"""

import posixpath
import re
from collections.abc import Callable, Mapping

__all__ = ["REPOSITORY", "linked_for_site"]

REPOSITORY = "https://github.com/runops/runops-operator/blob/main"
_LINK = re.compile(r"(\]\()([^)\s]+)(\))|(?m:^(\[[^\]]+\]: )(\S+)()$)")
_NAMED = re.compile(r"(\[[\w./-]+\.md\])\(([^)\s]+)\)")
_CODE = re.compile(r"(?ms)^ *```.*?^ *```|`[^`\n]+`")
_ABSOLUTE = re.compile(r"[a-z]+:|#")


def linked_for_site(text: str, *, source: str, places: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """Return a page with its links as they have to be in the site.

    Parameters
    ----------
    text
        The page; what is in it as code stays.
    source
        Its path in the repository.
    places
        The path in the site of each file that is there, by its path in the repository.
    titles
        The title of each page, by its path in the repository: where a link's text is only the name of a file, the site
        shows that page's title.
    """
    here = posixpath.dirname(places[source])

    def changed(found: re.Match[str]) -> str:
        before, link, after = (found[1] or found[4]), (found[2] or found[5]), (found[3] or "")
        return f"{before}{_for_site(link, source=source, here=here, places=places)}{after}"

    def titled(found: re.Match[str]) -> str:
        title = titles.get(_target(found[2].partition("#")[0], source))
        return found[0] if title is None else f"[{title}]({found[2]})"

    return _outside_code(text, lambda part: _LINK.sub(changed, _NAMED.sub(titled, part)))


def _target(path: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), path))


def _for_site(link: str, *, source: str, here: str, places: Mapping[str, str]) -> str:
    if _ABSOLUTE.match(link):
        return link
    path, hash_sign, anchor = link.partition("#")
    target = _target(path, source)
    for known in (target, f"{target}/index.md", f"{target}/README.md"):
        if known in places:
            return posixpath.relpath(places[known], here or ".") + hash_sign + anchor
    return f"{REPOSITORY}/{target}{hash_sign}{anchor}"


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts: list[str] = []
    at = 0
    for code in _CODE.finditer(text):
        parts += [change(text[at : code.start()]), code.group()]
        at = code.end()
    return "".join([*parts, change(text[at:])])
