"""Reads prompts: Markdown files with instructions for a model."""

import os
import re
from pathlib import Path

from runops.failures import Failed, Reason
from runops_worker.task import Prompt

__all__ = ["load_prompt"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.md")
_LARGEST_BYTES = 256 * 1024
_BUILT_IN = Path(__file__).parent / "prompts"


def load_prompt(name: str, directory: Path | None = None, *, config_map: str | None = None) -> Prompt:
    """Read a prompt.

    Parameters
    ----------
    name
        File name of the prompt, such as `transcription_prompt_v1.md`; never a path.
    directory
        Its folder; `$RUNOPS_PROMPTS_DIR` where None, and the built-in prompts where that is not set.
    config_map
        ConfigMap that the folder shows; None outside a cluster.

    Raises
    ------
    Failed
        `PromptMissing` where there is no such file, or it is not a prompt. The sentence names those in the folder.
    """
    if directory is None:
        configured = os.environ.get("RUNOPS_PROMPTS_DIR")
        directory = Path(configured) if configured else _BUILT_IN
    if _NAME.fullmatch(name) is None:
        raise Failed(Reason.PROMPT_MISSING, f"{name[:80]!r} is not the name of a prompt file, such as my_prompt_v1.md.")
    try:
        with (directory / name).open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        text = content.decode("utf-8")
    except OSError as error:
        present = ", ".join(sorted(path.name for path in directory.glob("*.md"))[:10])
        if config_map is not None and not present:
            # The volume is optional: the kubelet shows an empty folder where there is no such ConfigMap.
            raise Failed(
                Reason.PROMPT_MISSING,
                f"The prompts of this video are gone: the ConfigMap {config_map} was deleted or holds none. "
                "Restore it, or queue the job again (`runops retry`).",
            ) from error
        raise Failed(
            Reason.PROMPT_MISSING,
            f"The prompt {name} is not installed in {directory}. Prompts there: {present or 'none'}.",
        ) from error
    except UnicodeDecodeError as error:
        raise Failed(Reason.PROMPT_MISSING, f"The prompt {name} is not UTF-8 text. Save it as UTF-8.") from error
    if len(content) > _LARGEST_BYTES or not text.strip():
        raise Failed(Reason.PROMPT_MISSING, f"The prompt {name} must contain text, at most {_LARGEST_BYTES} bytes.")
    return Prompt.of(name, text)
