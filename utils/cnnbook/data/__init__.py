"""Data that is always there: real digits and photographs, as tensors.

`load` gives an `ImageSet`; `batches` and `shift` turn it into what a network reads.
"""

from cnnbook.data.batches import batches, shift, to_float
from cnnbook.data.imageset import ImageSet
from cnnbook.data.load import load, names

__all__ = ["ImageSet", "batches", "load", "names", "shift", "to_float"]
