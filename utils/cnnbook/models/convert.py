"""torchvision's weights in this course's networks."""

from torch import Tensor, nn


def from_torchvision(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Load the state dict of torchvision's network of the same structure.

    Names differ, the order of the tensors does not: they are paired in order, and every shape is checked. How many
    batches a batch norm has seen is left out, since older files do not say. Raises ValueError naming the first
    tensor that does not fit; the network is then as it was.
    """
    ours = [(name, value) for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")]
    theirs = [(name, value) for name, value in state.items() if not name.endswith("num_batches_tracked")]
    for (name, value), (their_name, their_value) in zip(ours, theirs, strict=False):
        if value.shape != their_value.shape:
            raise ValueError(
                f"{their_name} has the shape {tuple(their_value.shape)}, {name} has {tuple(value.shape)}: "
                "this is not the same structure."
            )
    if len(ours) != len(theirs):
        raise ValueError(f"the file has {len(theirs)} tensors, the network {len(ours)}: not the same structure.")
    pairs = zip(ours, theirs, strict=True)
    model.load_state_dict({name: value for (name, _), (_, value) in pairs}, strict=False)
