"""Your own photos: a new last layer, in seconds, on a network that was trained on ImageNet.

`retrain` is the whole of it, from a folder to a folder; `predict` asks the result. The rest are its steps.
"""

from cnnbook.retrain.backbones import Backbone, Distortions, backbone, behead, features, last_stage, rgb
from cnnbook.retrain.head import calibrated, interval, softmax_regression, temperature
from cnnbook.retrain.photos import Photo, find, part, table, textures
from cnnbook.retrain.run import retrain
from cnnbook.retrain.saved import Prediction, Retrained, load, predict

__all__ = [
    "Backbone",
    "Distortions",
    "Photo",
    "Prediction",
    "Retrained",
    "backbone",
    "behead",
    "calibrated",
    "features",
    "find",
    "interval",
    "last_stage",
    "load",
    "part",
    "predict",
    "retrain",
    "rgb",
    "softmax_regression",
    "table",
    "temperature",
    "textures",
]
