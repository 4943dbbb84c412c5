"""Layers that torch lacks, or has in a slow form."""

from cnnbook.layers.bilinear import BilinearUpsample2d, bilinear_filter
from cnnbook.layers.dropblock import DropBlock2d
from cnnbook.layers.lrn import LocalResponseNorm
from cnnbook.layers.pyramid import RegionPyramid, SpatialPyramid
from cnnbook.layers.spatial_transformer import SpatialTransformer
from cnnbook.layers.unpooling import BedOfNails2d, NearestUnpool2d, SwitchUnpool2d

__all__ = [
    "BedOfNails2d",
    "BilinearUpsample2d",
    "DropBlock2d",
    "LocalResponseNorm",
    "NearestUnpool2d",
    "RegionPyramid",
    "SpatialPyramid",
    "SpatialTransformer",
    "SwitchUnpool2d",
    "bilinear_filter",
]
