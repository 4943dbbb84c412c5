"""Everything drawn: image grids, filters, feature maps, curves, shape traces, and diagrams (`look.draw`).

`style` needs matplotlib alone; each of the others loads when it is first used.
"""

from importlib import import_module

_HOME = {
    "draw": "draw", "Svg": "draw", "style": "style", "trace": "shape_trace", "profile": "costs",
    "grid": "images", "filters": "images", "feature_maps": "images",
    "curves": "plots", "bars": "plots", "confusion": "plots", "heat": "plots",
    "deconvnet": "projection", "strongest": "projection", "receptive_boxes": "projection", "occlusion": "occluding",
    "grad_cam": "gradcam", "style_transfer": "style_transfer",
    "boxes": "detecting", "detections": "detecting", "proposals": "detecting", "recall": "detecting",
    "precision_recall": "detecting", "animation": "moving", "field": "moving",
    "masks": "segmenting", "mask_errors": "segmenting",
}  # fmt: skip
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'cnnbook.look' has no attribute {name!r}: it has {', '.join(__all__)}")
    module = import_module(f"cnnbook.look.{_HOME[name]}")
    return module if name == _HOME[name] else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
