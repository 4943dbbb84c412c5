"""Ensembles: the same images shown to several networks, their answers averaged, as in every table of the ImageNet
challenge from A. Krizhevsky, I. Sutskever, G. E. Hinton, 2012 (table 2: 5 networks, 7 networks) on.
"""

from math import log

import torch
from torch import Tensor, nn


class Ensemble(nn.Module):
    """Several networks as one: images → the logarithm of their mean probabilities, (N, num_classes).

    Probabilities are averaged, not logits: a network that is sure of its answer does not outvote the rest. What comes
    out may stand wherever logits do: softmax gives the mean probabilities, cross-entropy their loss. All networks read
    the same images, so they must have been trained on equally normalised ones; each is trained by itself, before.
    Raises ValueError without networks.
    """

    def __init__(self, *networks: nn.Module) -> None:
        super().__init__()
        if not networks:
            raise ValueError("an ensemble needs one network or more: Ensemble(first, second, …).")
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Tensor) -> Tensor:
        each = torch.stack([network(x).log_softmax(dim=1) for network in self.networks])  # (networks, N, num_classes)
        return each.logsumexp(dim=0) - log(len(self.networks))  # without underflow
