"""What a convolutional network has to beat: the same pixels without convolution."""

from torch import nn


def softmax_regression(num_classes: int = 10, in_channels: int = 1, size: int = 32) -> nn.Module:
    """One linear layer on all pixels: (N, in_channels, size, size) → logits (N, num_classes)."""
    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * size * size, num_classes))


def dense(num_classes: int = 10, in_channels: int = 1, size: int = 32, hidden: int = 60) -> nn.Module:
    """One hidden layer of tanh units on all pixels; with 60 of them 62,110 parameters, just more than LeNet-5's."""
    return nn.Sequential(
        nn.Flatten(),  # (N, in_channels · size · size)
        nn.Linear(in_channels * size * size, hidden),  # (N, hidden)
        nn.Tanh(),
        nn.Linear(hidden, num_classes),  # (N, num_classes)
    )
