"""LeNet-5: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86(11), 2278-2324, 1998, section II-B and figure 2.

What the paper has and this modern form does not:
- S2 and S4 add their four inputs, multiply by a trained coefficient, add a trained bias, and squash; here they are
  plain average pooling (or max pooling, if asked), without parameters.
- C3 reads only some of S2's maps (table I: 1,516 parameters); here it reads all six (2,416).
- Units squash with A tanh(S a), A = 1.7159; here with tanh (or another activation, if asked).
- The output is ten Euclidean RBF units with fixed codes; here a linear layer whose logits go into softmax.
So the paper has 60,000 trained parameters, and this network 61,706.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from cnnbook.models import guard

FACTS: dict[str, Any] = {
    "paper": "LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition",
    "year": 1998,
    "input_size": (1, 32, 32),
    "classes": 10,
    "parameters": 61_706,
    "multiply_adds": 416_520,
    "errors": {"MNIST": (0.95, "figure 9"), "MNIST, distorted digits added": (0.8, "figure 9")},
    "notes": "The paper's own has 60,000: trained pooling, a partly connected C3, and RBF outputs.",
}


class LeNet5(nn.Sequential):
    """LeNet-5: images float (N, in_channels, 32, 32) → logits (N, num_classes)."""

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 1,
        activation: type[nn.Module] = nn.Tanh,
        pool: type[nn.Module] = nn.AvgPool2d,
    ) -> None:
        super().__init__(
            nn.Conv2d(in_channels, 6, kernel_size=5),  # C1: (N, 6, 28, 28)
            activation(),
            pool(kernel_size=2),  # S2: (N, 6, 14, 14)
            nn.Conv2d(6, 16, kernel_size=5),  # C3: (N, 16, 10, 10)
            activation(),
            pool(kernel_size=2),  # S4: (N, 16, 5, 5)
            nn.Conv2d(16, 120, kernel_size=5),  # C5: (N, 120, 1, 1)
            activation(),
            nn.Flatten(),  # (N, 120)
            nn.Linear(120, 84),  # F6: (N, 84)
            activation(),
            nn.Linear(84, num_classes),  # (N, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        guard.exactly("LeNet-5", x, 32, "C5 reads 5 × 5 maps and leaves one value of each")
        return super().forward(x)


NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {"lenet5": (LeNet5, FACTS)}
