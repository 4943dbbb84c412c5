"""What made images are worth, by a classifier that was trained on real ones: is each clear, are there all kinds?

Confidence and balance are the two halves of the inception score (T. Salimans et al., "Improved techniques for training
GANs", NIPS 2016, section 4), the distance is that of M. Heusel et al., "GANs trained by a two time-scale update rule
converge to a local Nash equilibrium", NIPS 2017 (section 2), both with the course's own small classifier where they
have Inception v3: numbers may be compared with each other, and never with those of papers.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

PRESENT = 0.2  # a class is there if it has this share of what it would have if all had the same


@dataclass(frozen=True)
class Score:
    """`confidence` 0..1, the mean probability of the class that the classifier names; `shares` float (K,), which share
    of the images it names so; `frechet`, the squared distance to real images in its feature space, 0 or more."""

    confidence: float
    shares: Tensor
    frechet: float

    @property
    def present(self) -> int:
        """Of how many classes there is at least a fifth of an equal share: of ten, those of 2 % or more."""
        return int((self.shares >= PRESENT / len(self.shares)).sum())

    @property
    def balance(self) -> float:
        """The entropy of the shares as a part of the largest: 1 where all classes come equally often, 0 for one."""
        return float(torch.special.entr(self.shares).sum() / math.log(len(self.shares)))


def score(classifier: nn.Module, made: Tensor, real: Tensor) -> Score:
    """Judge `made` images against `real` ones, which neither generator nor classifier was trained on.

    Both float (N, C, H, W) in -1..1, N of 2 or more. The classifier reads pixels in 0..1 (trained with
    normalize="none") and ends with a linear layer. Raises ValueError where the images leave -1..1 or are too few.
    """
    probabilities, features = read(classifier, made)
    best = probabilities.max(dim=1)
    shares = best.indices.bincount(minlength=probabilities.shape[1]) / len(made)
    return Score(best.values.mean().item(), shares, frechet(features, read(classifier, real)[1]))


def read(classifier: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities (N, K), and features (N, F), what the last linear layer reads. Images as in `score`."""
    if images.ndim != 4 or not images.is_floating_point() or not bool(images.abs().max() <= 1 + 1e-5):
        raise ValueError(f"images must be float (N, C, H, W) in -1..1; got {images.dtype} {tuple(images.shape)}.")
    layers = [layer for layer in classifier.modules() if isinstance(layer, nn.Linear)]
    if not layers:
        raise ValueError("the classifier has no linear layer, whose inputs would be the features.")
    seen: list[Tensor] = []
    hook = layers[-1].register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0].flatten(1)))
    training = classifier.training
    try:
        with torch.no_grad():
            logits = torch.cat([classifier.eval()(some) for some in ((images + 1) / 2).split(500)])
    finally:
        hook.remove()
        classifier.train(training)
    return logits.softmax(dim=1), torch.cat(seen)


def frechet(first: Tensor, second: Tensor) -> float:
    """The squared Fréchet distance of two sets of features (N, F), (M, F), each taken as one normal distribution:

    |m1 - m2|² + trace(C1 + C2 - 2 (C1 C2)^½), m the means and C the covariances (Heusel et al. 2017, equation 6).
    The trace of the root is the sum of the roots of the eigenvalues of C1 C2, which are real and 0 or more.
    Raises ValueError where a set has fewer than two rows or the features differ in number.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise ValueError(
            f"features of shapes {tuple(first.shape)} and {tuple(second.shape)}: expected (N, F) and (M, F), of 2 rows "
            "or more."
        )
    first, second = first.double(), second.double()
    gap = (first.mean(dim=0) - second.mean(dim=0)).square().sum()
    one, other = (torch.atleast_2d(features.T.cov()) for features in (first, second))  # (F, F)
    roots = torch.linalg.eigvals(one @ other).real.clamp(min=0).sqrt()
    return max(0.0, float(gap + one.trace() + other.trace() - 2 * roots.sum()))
