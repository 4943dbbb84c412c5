"""Networks for distorted digits, plain and with spatial transformers, at small size: M. Jaderberg, K. Simonyan,
A. Zisserman, K. Kavukcuoglu, "Spatial transformer networks", NIPS 2015 (arXiv:1506.02025), table 1 and section 4.

The paper compares a fully connected network, a convolutional one, and both behind a spatial transformer, all of about
as many parameters. So it is here: every network is made as wide as `budget`, its number of parameters, allows. Layers,
widths and sizes are ours; pictures have 21 pixels, and a transformer reads 14 × 14 of them.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cnnbook.layers import SpatialTransformer
from cnnbook.models import guard

BUDGET = 20_000
LOCALISATION = 24  # units in each hidden layer of a localisation network


class DistortedMLP(nn.Module):
    """Three linear layers: images float (N, in_channels, size, size) → logits (N, num_classes)."""

    def __init__(self, num_classes: int = 10, in_channels: int = 1, size: int = 21, budget: int = BUDGET) -> None:
        super().__init__()
        self.size = size
        self.classifier = widest(lambda hidden: mlp(num_classes, in_channels, size, hidden), budget)

    def forward(self, x: Tensor) -> Tensor:
        guard.exactly(type(self).__name__, x, self.size, "its first linear layer reads so many pixels")
        return self.classifier(x)


class DistortedCNN(nn.Module):
    """Two convolutions with pooling, two linear layers: float (N, in_channels, size, size) → logits (N, num_classes).
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, size: int = 21, budget: int = BUDGET) -> None:
        super().__init__()
        self.size = size
        self.classifier = widest(lambda hidden: cnn(num_classes, in_channels, size, hidden), budget)

    def forward(self, x: Tensor) -> Tensor:
        guard.exactly(type(self).__name__, x, self.size, "its first linear layer reads what is left of so many pixels")
        return self.classifier(x)


class SpatialTransformerNetwork(nn.Module):
    """Spatial transformers, and a classifier that sees what they read: images float (N, in_channels, size, size) →
    logits (N, num_classes).

    `classifier` is "mlp" or "cnn". Each of `transformers`, in parallel, reads all channels in `read` × `read` pixels;
    the classifier sees them one after the other, transformers · in_channels channels. `kind` is that of
    layers.SpatialTransformer. Raises ValueError for another classifier, fewer than 1 transformer, or a budget that is
    too small.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 1,
        size: int = 21,
        budget: int = BUDGET,
        classifier: str = "mlp",
        transformers: int = 1,
        read: int = 14,
        kind: str = "affine",
    ) -> None:
        super().__init__()
        if classifier not in CLASSIFIERS:
            raise ValueError(f"classifier must be one of {', '.join(CLASSIFIERS)}, got {classifier!r}.")
        if transformers < 1:
            raise ValueError(f"transformers must be 1 or more, got {transformers}.")
        self.size = size
        self.transformers = nn.ModuleList(
            SpatialTransformer(localisation(in_channels, size), LOCALISATION, read, kind) for _ in range(transformers)
        )
        left = budget - sum(parameter.numel() for parameter in self.transformers.parameters())
        make, channels = CLASSIFIERS[classifier], transformers * in_channels
        self.classifier = widest(lambda hidden: make(num_classes, channels, read, hidden), left)

    def read(self, x: Tensor) -> Tensor:
        """What the classifier sees: float (N, transformers · in_channels, read, read)."""
        return torch.cat([transformer(x) for transformer in self.transformers], 1)

    def forward(self, x: Tensor) -> Tensor:
        guard.exactly(type(self).__name__, x, self.size, "its localisation network reads so many pixels")
        return self.classifier(self.read(x))


def mlp(num_classes: int, in_channels: int, size: int, hidden: int) -> nn.Sequential:
    """(N, in_channels, size, size) → logits (N, num_classes)."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(in_channels * size * size, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, num_classes),
    )


def cnn(num_classes: int, in_channels: int, size: int, hidden: int) -> nn.Sequential:
    """(N, in_channels, size, size) → logits (N, num_classes)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, 8, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 8, size // 2, size // 2)
        nn.Conv2d(8, 16, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 16, size // 4, size // 4)
        nn.Flatten(),
        nn.Linear(16 * (size // 4) ** 2, hidden),
        nn.ReLU(),
        nn.Linear(hidden, num_classes),
    )


def localisation(in_channels: int, size: int, hidden: int = LOCALISATION) -> nn.Sequential:
    """(N, in_channels, size, size) → (N, hidden). No pooling, which would throw away where things are."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(in_channels * size * size, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
    )


CLASSIFIERS: dict[str, Callable[[int, int, int, int], nn.Sequential]] = {"mlp": mlp, "cnn": cnn}


def widest(make: Callable[[int], nn.Module], budget: int) -> nn.Module:
    """`make(hidden)` with the largest `hidden` for which it has at most `budget` parameters.

    Raises ValueError where even one hidden unit is too many.
    """

    def count(hidden: int) -> int:
        with torch.device("meta"):
            return sum(parameter.numel() for parameter in make(hidden).parameters())

    hidden = 0
    while count(hidden + 1) <= budget:
        hidden += 1
    if not hidden:
        raise ValueError(f"a budget of {budget:,} parameters is too small: one hidden unit needs {count(1):,}.")
    return make(hidden)
