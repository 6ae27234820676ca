"""The document that people read: a SOP with the pictures, the spoken words and the times of its recording. Pure."""

from runops.procedure.build import build
from runops.procedure.model import Procedure
from runops.procedure.picture import Picture

__all__ = ["Picture", "Procedure", "build"]
