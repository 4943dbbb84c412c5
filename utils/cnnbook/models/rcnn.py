"""Detectors that are told where to look: R. Girshick, J. Donahue, T. Darrell, J. Malik, "Rich feature hierarchies for
accurate object detection and semantic segmentation", CVPR 2014 (R-CNN); K. He, X. Zhang, S. Ren, J. Sun, "Spatial
pyramid pooling in deep convolutional networks for visual recognition", ECCV 2014 (SPPNet); R. Girshick, "Fast R-CNN",
ICCV 2015.

All three share a backbone, which here is small and made for pictures of 128 pixels. It comes with weights of its own,
trained on `shapes`, as theirs came with weights trained on ImageNet.
"""

from collections.abc import Sequence
from importlib.resources import files

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, smooth_l1_loss

from cnnbook.layers import RegionPyramid, SpatialPyramid

STRIDE = 4  # pixels of the picture to one of the maps
WIDTHS = (16, 32, 64, 64)
WEIGHTS = "shapes_backbone.safetensors"


class Backbone(nn.Sequential):
    """RGB images float (N, 3, H, W) in 0..1 → maps (N, 64, H / 4, W / 4); four 3 × 3 convolutions with batch norm."""

    def __init__(self, widths: Sequence[int] = WIDTHS, in_channels: int = 3) -> None:
        layers: list[nn.Module] = []
        for nth, width in enumerate(widths):
            layers += [nn.Conv2d(in_channels, width, kernel_size=3, padding=1, bias=False), nn.BatchNorm2d(width)]
            layers += [nn.ReLU()]
            layers += [nn.MaxPool2d(kernel_size=2)] * (nth < 2)  # (N, 16, H / 2, W / 2), (N, 32, H / 4, W / 4)
            in_channels = width
        super().__init__(*layers)
        self.out_channels = in_channels

    def forward(self, images: Tensor) -> Tensor:
        if not images.is_floating_point():
            raise TypeError(f"images must be float in 0..1, got {images.dtype}: divide uint8 by 255.")
        return super().forward((images - 0.5) / 0.25)


class ShapeClassifier(nn.Sequential):
    """What the backbone is trained as: shapes float (N, 3, 32, 32) in 0..1 → logits (N, num_classes)."""

    def __init__(self, num_classes: int = 10) -> None:
        backbone = Backbone()  # (N, 64, 8, 8)
        pyramid = SpatialPyramid((4, 2, 1))  # (N, 1344)
        super().__init__(backbone, pyramid, nn.Dropout(0.3), nn.Linear(21 * backbone.out_channels, num_classes))


def shape_classifier() -> ShapeClassifier:
    """The classifier in eval mode, trained on shapes at all dials 0.5 (accuracy 0.736 on new ones); its backbone is
    `[0]`. benchmarks/shapes_backbone.py trains it again."""
    from safetensors.torch import load

    network = ShapeClassifier()
    network.load_state_dict(load(files("cnnbook.weights").joinpath(WEIGHTS).read_bytes()))
    return network.eval()


class FastRCNN(nn.Module):
    """Images float (N, 3, H, W) in 0..1 and, for each, regions (K, 4) in pixels → logits (ΣK, C + 1), of which the last
    is the background's, and offsets (ΣK, C, 4), for each class its own.

    RoI pooling makes bins × bins of every region, one hidden layer serves both answers (the paper has 7 × 7 and two
    layers of 4,096). Offsets are in units of their deviation, `spread`: multiply by it before boxes are decoded.
    """

    def __init__(
        self, backbone: Backbone, num_classes: int = 10, *, bins: int = 4, hidden: int = 256, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pool = RegionPyramid((bins,), STRIDE)
        self.hidden = nn.Sequential(nn.Linear(backbone.out_channels * bins**2, hidden), nn.ReLU(), nn.Dropout(dropout))
        self.classes = nn.Linear(hidden, num_classes + 1)
        self.offsets = nn.Linear(hidden, 4 * num_classes)
        for layer, deviation in ((self.classes, 0.01), (self.offsets, 0.001)):  # the paper's start
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.bias)
        self.register_buffer("spread", torch.tensor([0.1, 0.1, 0.2, 0.2]))

    def train(self, mode: bool = True) -> "FastRCNN":
        """The backbone's batch norm keeps its means and deviations: two pictures a batch are too few for new ones."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, images: Tensor, regions: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        return self.head(self.backbone(images), regions)

    def head(self, maps: Tensor, regions: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The same from the backbone's maps (N, C, H / 4, W / 4)."""
        x = self.hidden(self.pool(maps, regions))  # (ΣK, hidden)
        return self.classes(x), self.offsets(x).unflatten(1, (-1, 4))


def fast_rcnn_loss(logits: Tensor, offsets: Tensor, labels: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The two losses of Fast R-CNN (section 2.3), to be added: of the classes, cross-entropy; of the boxes, smooth L1
    of the true class's offsets, 0 for background. Both are means over all regions, and 0 where there is none.

    logits (K, C + 1), offsets (K, C, 4), labels (K,) in 0..C, of which C is background, targets (K, 4).
    """
    objects = (labels < offsets.shape[1]).nonzero().flatten()
    own = offsets[objects, labels[objects]]  # (P, 4)
    of_classes = cross_entropy(logits, labels, reduction="sum")
    of_boxes = smooth_l1_loss(own, targets[objects], reduction="sum")
    return of_classes / max(len(labels), 1), of_boxes / max(len(labels), 1)
