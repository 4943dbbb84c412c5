"""The layer that is trained, softmax regression on features; and how far it can be trusted: temperature, interval."""

from collections.abc import Callable, Iterable
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

DECAY = 50.0  # of the weights' squares: with 30 photos a class of CIFAR-10 others then had about the least loss
ENOUGH = 30  # photos of the validation part, to calibrate on
HOTTEST = 20.0


def softmax_regression(features: Tensor, labels: Tensor, classes: int, decay: float = DECAY) -> nn.Linear:
    """The linear layer, features (N, F) → logits (N, classes), that has the least cross-entropy, summed over the labels
    (N,), plus `decay` times half the squares of its weights.

    The problem is convex: there is one answer, whatever the start, and L-BFGS finds it. Features are centred and
    brought to the scale of 1 first; the layer that is returned takes them as they are.
    """
    mean = features.mean(dim=0)
    scale = (features - mean).square().mean().sqrt().clamp(min=1e-6)
    x = (features - mean) / scale
    layer = nn.Linear(features.shape[1], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)

    def loss() -> Tensor:
        return cross_entropy(layer(x), labels) + decay / len(labels) * layer.weight.square().sum() / 2

    minimise(loss, layer.parameters())
    with torch.no_grad():
        layer.weight /= scale
        layer.bias -= layer.weight @ mean
    return layer


def temperature(logits: Tensor, labels: Tensor) -> float:
    """The number T by which logits (N, K) are to be divided for the least cross-entropy with the labels (N,).

    Temperature scaling: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", ICML
    2017 (arXiv:1706.04599), section 4.2. T stays within 1/20 to 20.
    """
    log_t = torch.zeros(1, requires_grad=True)
    minimise(lambda: cross_entropy(logits / log_t.exp(), labels), [log_t])
    return log_t.exp().clamp(1 / HOTTEST, HOTTEST).item()


def calibrated(logits: Tensor, labels: Tensor) -> tuple[float, str]:
    """The temperature, and on what it rests; 1, and why, where the validation part cannot tell."""
    wrong = int((logits.argmax(dim=1) != labels).sum()) if len(labels) else 0
    if len(labels) < ENOUGH:
        return 1.0, f"not calibrated: the validation part has {len(labels)} photos, and {ENOUGH} are needed"
    if not wrong:  # then the more certain the better, without end
        return 1.0, f"not calibrated: no mistake among the {len(labels)} photos of the validation part"
    found = temperature(logits, labels)
    return found, f"calibrated on {len(labels)} photos of the validation part, temperature {found:.2f}"


def interval(right: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a share, with z = 1.96 that of 95 %: where the accuracy on all such photos may lie.

    Raises ValueError where there is nothing to count.
    """
    if of < 1:
        raise ValueError("there is nothing to count: 0 photos.")
    share, square = right / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def minimise(loss: Callable[[], Tensor], parameters: Iterable[Tensor]) -> None:
    """Minimise a smooth loss, a function without arguments, by L-BFGS with a line search."""
    optimizer = torch.optim.LBFGS(parameters, max_iter=500, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
