"""How Django knows the office."""

import os

from django.apps import AppConfig

__all__ = ["OfficeConfig"]


class OfficeConfig(AppConfig):  # type: ignore[misc] # Django has no types
    """The office."""

    name = "evaluation.recorder.office"
    label = "office"
    verbose_name = "Warenwirtschaft" if os.environ.get("OFFICE_LANGUAGE") == "de" else "Office"
