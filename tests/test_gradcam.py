"""Grad-CAM: captum's, the class activation map where that exists, and nothing changed in the network."""

import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn
from torch.nn import functional

from cnnbook import look
from cnnbook.look.gradcam import activations


@pytest.fixture
def network():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8),
        nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Flatten(), nn.Linear(8 * 9, 4),
    )  # fmt: skip


@pytest.fixture
def images():
    return torch.rand(5, 3, 12, 12, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layer", ["1", "2", "5"])
def test_it_is_captums(network, images, layer):
    classes = [0, 1, 2, 3, 1]
    found = look.grad_cam(network, images, classes, layer=layer)
    theirs = LayerGradCam(network.eval(), network[int(layer)]).attribute(
        images, target=torch.tensor(classes), relu_attributions=True
    )
    assert found.shape == theirs[:, 0].shape and found.max() > 0
    torch.testing.assert_close(found, theirs[:, 0].detach())


def test_before_global_average_pooling_it_is_the_class_activation_map(images):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    last = nn.Linear(8, 4)
    model = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)
    found = look.grad_cam(model, images, 2, layer="0")
    sums = torch.einsum("k,nkhw->nhw", last.weight[2], body(images)).clamp(min=0)  # Zhou et al. 2016, equation 2
    torch.testing.assert_close(found * 100, sums.detach())  # 10 × 10 places: the gradient of their mean


def test_a_layer_that_is_changed_in_place_afterwards_counts_as_it_was(network, images):
    before = look.grad_cam(network, images, 1, layer="0")
    network[1] = nn.ReLU()
    torch.testing.assert_close(before, look.grad_cam(network, images, 1, layer="0"))


def test_only_the_place_that_the_class_reads_is_bright():
    class Corner(nn.Module):
        def __init__(self):
            super().__init__()
            self.maps = nn.Identity()

        def forward(self, x):
            maps = self.maps(x)
            return torch.stack([maps[:, 0].mean(dim=(1, 2)), maps[:, 1].mean(dim=(1, 2))], dim=1)

    x = torch.zeros(1, 3, 4, 4)
    x[:, 0, 0, 0], x[:, 1, 3, 3] = 1.0, 1.0
    for target, place in ((0, (0, 0)), (1, (3, 3))):
        found = look.grad_cam(Corner(), x, target, layer="maps")[0]
        assert found[place] > 0 and (found > 0).sum() == 1


def test_without_a_target_it_is_the_class_the_network_gives(network, images):
    with torch.no_grad():
        network[8].bias -= network.eval()(images).mean(dim=0)
        own = network(images).argmax(dim=1)
    assert len(own.unique()) > 1, "or every image would do with the class of the first"
    expected = look.grad_cam(network, images, own, layer="5")
    assert torch.equal(look.grad_cam(network, images, layer="5"), expected)


def test_nothing_is_changed_also_where_parameters_are_frozen_or_gradients_off(network, images):
    network.train()
    network[4].eval()
    modes = [module.training for module in network.modules()]
    before = {name: value.clone() for name, value in network.state_dict().items()}
    expected = look.grad_cam(network, images, 1, layer="5")
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules()) and not images.requires_grad
    network.requires_grad_(False)
    with torch.no_grad():
        torch.testing.assert_close(look.grad_cam(network, images, 1, layer="5"), expected)


def test_activations_are_the_layers_outputs_and_carry_gradients(network, images):
    network.eval()
    output, found = activations(network, ["0", "5"], images)
    assert list(found) == ["0", "5"]
    torch.testing.assert_close(found["0"], functional.conv2d(images, network[0].weight, network[0].bias))
    torch.testing.assert_close(output, network(images))
    assert torch.autograd.grad(output.sum(), found["0"])[0].abs().sum() > 0


def test_no_hook_is_left_where_the_network_fails(network):
    with pytest.raises(RuntimeError):
        activations(network, ["0"], torch.zeros(1, 5, 12, 12))
    assert not any(module._forward_hooks for module in network.modules())


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.unused = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return self.layer(self.layer(x)).mean(dim=(2, 3))


@pytest.mark.parametrize("layer, times", [("layer", 2), ("unused", 0)])
def test_a_layer_that_runs_twice_or_never_is_refused(images, layer, times):
    with pytest.raises(ValueError, match=rf"ran layer '{layer}' {times} times"):
        look.grad_cam(Twice(), images, 0, layer=layer)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"layer": "conv"}, "no layer 'conv'"),
        ({"layer": "8"}, r"'8' gives \(5, 4\): only feature maps"),
        ({"layer": "5", "target": 4}, "the model has 4 classes"),
        ({"layer": "5", "target": -1}, "the model has 4 classes"),
        ({"layer": "5", "target": [0, 1]}, "one for each of 5 images; got 2"),
    ],
)
def test_what_cannot_be_is_named(network, images, options, message):
    with pytest.raises(ValueError, match=message):
        look.grad_cam(network, images, **options)


def test_images_and_outputs_that_are_none_are_named(network, images):
    with pytest.raises(ValueError, match=r"no logits"):
        look.grad_cam(network[:3], images, 0, layer="1")
    with pytest.raises(TypeError, match="must be float"):
        look.grad_cam(network, (images * 255).byte(), 0, layer="1")
