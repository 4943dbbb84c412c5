"""Layers that torch lacks, or has in a slow form."""

from cnnbook.layers.dropblock import DropBlock2d
from cnnbook.layers.lrn import LocalResponseNorm
from cnnbook.layers.pyramid import RegionPyramid, SpatialPyramid

__all__ = ["DropBlock2d", "LocalResponseNorm", "RegionPyramid", "SpatialPyramid"]
