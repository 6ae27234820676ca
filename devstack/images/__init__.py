"""The operator's and the worker's image, built from the checkout on this machine."""

from devstack.images.building import Image, build
from devstack.images.command import main
from devstack.images.failure import ImageBuildFailed
from devstack.images.recipe import WHICH, Which

__all__ = ["WHICH", "Image", "ImageBuildFailed", "Which", "build", "main"]
