"""What a person wants to have written of a procedure."""

from dataclasses import dataclass
from pathlib import Path

from runops_cli.documents.picture_source import PictureSource

__all__ = ["Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is written where; None for what is not.

    Attributes
    ----------
    html, pdf, json
        Files.
    markdown
        A folder.
    pictures
        Where pictures come from.
    with_video
        Whether the slim video is written beside the page and the Markdown, so that times are links into it.
    """

    html: Path | None = None
    pdf: Path | None = None
    markdown: Path | None = None
    json: Path | None = None
    pictures: PictureSource = PictureSource.BEST
    with_video: bool = False

    @property
    def anything(self) -> bool:
        """Whether anything is to be written."""
        return any((self.html, self.pdf, self.markdown, self.json))
