"""Optimizers by name, weight decay by parameter group, Muon for convolutions, and the moving average of weights."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from cnnbook.names import choice
from cnnbook.train.devices import has_bf16

Groups = list[dict[str, Any]]
Make = Callable[[nn.Module, float], Optimizer]  # of a network and its largest learning rate


def groups(model: nn.Module, weight_decay: float = 0.0, decay_all: bool = False) -> Groups:
    """The trained parameters in two groups: weights, which decay, and biases and norms, which do not (`decay_all`: do).

    Biases and norms are the parameters with one dimension. Raises ValueError where there is nothing to train.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not trained:
        raise ValueError("the network has no parameters to train.")
    weights = [parameter for parameter in trained if parameter.ndim > 1 or decay_all]
    others = [parameter for parameter in trained if parameter.ndim <= 1 and not decay_all]
    found = [{"params": weights, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return [group for group in found if group["params"]]


def muon(model: nn.Module, lr: float = 0.24) -> Optimizer:
    """`Muon` for the convolutions, and SGD with Nesterov momentum for the rest, with learning rates in the proportion
    that K. Jordan's airbench94_muon has them: 0.22 of `lr` for biases and norms, 2.8 for matrices (its last layer)."""
    filters = [p for p in model.parameters() if p.requires_grad and p.ndim >= 4]
    matrices = [p for p in model.parameters() if p.requires_grad and p.ndim in (2, 3)]
    vectors = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    found: Groups = [
        {"params": filters, "lr": lr, "momentum": 0.6, "orthogonal": True},
        {"params": matrices, "lr": 2.8 * lr, "momentum": 0.85, "orthogonal": False},
        {"params": vectors, "lr": 0.22 * lr, "momentum": 0.85, "orthogonal": False},
    ]
    return Muon([group for group in found if group["params"]], lr)


class Muon(Optimizer):
    """Steps whose matrix is orthogonal: K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks",
    2024, as in airbench94_muon.

    A convolution's gradient, after Nesterov momentum, is read as a matrix (out, in · k · k); its singular values are
    brought near 1, and the step is that times the learning rate. Before it the filters are scaled to the norm
    √out. Groups with `orthogonal=False` take the plain Nesterov step of SGD.
    """

    def __init__(self, parameters: Groups, lr: float) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": 0.6, "orthogonal": True})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                buffer = state["momentum_buffer"].mul_(group["momentum"]).add_(parameter.grad)
                update = parameter.grad.add(buffer, alpha=group["momentum"])
                if group["orthogonal"]:
                    parameter.mul_(len(parameter) ** 0.5 / parameter.norm().clamp(min=1e-7))
                    update = orthogonalized(update.flatten(1)).view_as(update)
                parameter.add_(update, alpha=-group["lr"])
        return loss


def orthogonalized(matrix: Tensor, steps: int = 3) -> Tensor:
    """A matrix (m, n) with the same singular vectors and singular values near 1: `steps` Newton-Schulz iterations
    X ← a X + b (X Xᵀ) X + c (X Xᵀ)² X, in bfloat16 where the hardware has it (three digits are enough)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / (matrix.norm() + 1e-7)
    x = x.bfloat16() if has_bf16(matrix.device) else x
    x = x.T if len(x) > x.shape[1] else x
    for _ in range(steps):
        product = x @ x.T
        x = a * x + (b * product + c * product @ product) @ x
    x = x.T if len(matrix) > matrix.shape[1] else x
    return x.to(matrix.dtype)


NAMED: dict[str, tuple[Callable[[Groups, float], Optimizer], float]] = {  # with the learning rate where none is given
    "sgd": (lambda parameters, lr: SGD(parameters, lr, momentum=0.9), 0.05),
    "nesterov": (lambda parameters, lr: SGD(parameters, lr, momentum=0.9, nesterov=True), 0.05),
    "adam": (Adam, 1e-3),
    "adamw": (AdamW, 1e-3),
}
OPTIMIZERS = (*NAMED, "muon")


def make(optimizer: str | Make, model: nn.Module, lr: float | None, weight_decay: float, decay_all: bool) -> Optimizer:
    """The optimizer of this name, or what the function gives for the network. Raises ValueError for an unknown
    name, for a function that cannot be called so, and for a weight decay that the optimizer would not see."""
    parameters = groups(model, weight_decay, decay_all)
    if optimizer == "muon" or callable(optimizer):
        if weight_decay:
            raise ValueError("weight_decay works with optimizers by name, but not with muon or a function of your own.")
        return _of_function(muon if optimizer == "muon" else optimizer, model, lr)
    choice(dict.fromkeys(OPTIMIZERS), "optimizer", optimizer)
    of_groups, usual = NAMED[optimizer]
    return of_groups(parameters, lr=usual if lr is None else lr)


def _of_function(function: Make, model: nn.Module, lr: float | None) -> Optimizer:
    arguments = (model,) if lr is None else (model, lr)
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        way_out = "give fit lr=…, or the function a default" if lr is None else "let it take both, or leave out lr"
        raise ValueError(f"optimizer(model, lr) cannot be called so ({error}): {way_out}.") from error
    made = function(*arguments)
    if not isinstance(made, Optimizer):
        raise ValueError(f"optimizer(model, lr) must return a torch.optim.Optimizer, got {type(made).__name__}.")
    return made


class Average:
    """Follows a network: after each step, average ← d · average + (1 - d) · weights, running statistics included.

    d = min(decay, (1 + step) / (10 + step)), so that the first, poor weights are forgotten soon (TensorFlow's
    `ExponentialMovingAverage` with num_updates). `state` has the averages by name. Raises ValueError for a
    decay that is not between 0 and 1.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0 < decay < 1:
            raise ValueError(f"ema must be between 0 and 1, for example 0.999; got {decay}.")
        self.decay, self.steps = decay, 0
        self.state: dict[str, Tensor] = {name: value.detach().clone() for name, value in model.state_dict().items()}
        # Where each tensor is: a module may put another one there, as a buffer that moves to another memory format.
        places = {name: name.rpartition(".")[::2] for name in self.state}
        self._places = {name: (model.get_submodule(path), last) for name, (path, last) in places.items()}

    @torch.no_grad()
    def update(self) -> None:
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        averages, values = [], []
        for name, (module, last) in self._places.items():
            average, value = self.state[name], getattr(module, last)
            if value.is_floating_point():
                averages.append(average)
                values.append(value)
            else:
                average.copy_(value)
        torch._foreach_lerp_(averages, values, share)

    def buffers(self, model: nn.Module) -> list[Tensor]:
        """The averages of what the network holds besides parameters."""
        return [self.state[name] for name, _ in model.named_buffers() if name in self.state]

    @contextmanager
    def put_in(self, model: nn.Module) -> Iterator[None]:
        """Within the block the network has the averaged weights, after it its own."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.state)
        try:
            yield
        finally:
            model.load_state_dict(own)
