"""The deconvnet: captum's where captum has one, the gradient where there is no ReLU, and honest about its errors."""

import warnings

import pytest
import torch
from captum.attr import Deconvolution
from torch import nn
from torch.nn.functional import relu

from cnnbook import look, models


class Functional(nn.Module):
    """The same network as `chain`, with ReLUs that are functions: captum does not see those."""

    def __init__(self, chain: nn.Sequential) -> None:
        super().__init__()
        self.first, self.pool, self.second = chain[0], chain[2], chain[3]

    def forward(self, x):
        return relu(self.second(self.pool(self.first(x).relu_())), inplace=True)


class InPlace(nn.Module):
    """The same network as `chain`, with a ReLU whose result is not used: it changes what goes in."""

    def __init__(self, chain: nn.Sequential, rectify) -> None:
        super().__init__()
        self.first, self.rest, self.rectify = chain[0], chain[2:5], rectify

    def forward(self, x):
        x = self.first(x)
        self.rectify(x)
        return self.rest(x)


class LooseEnd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)

    def forward(self, x):
        return self.used(x)


@pytest.fixture
def chain():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(8, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 16, 4),
    )  # fmt: skip


@pytest.fixture
def images():
    return torch.randn(5, 3, 33, 33, generator=torch.Generator().manual_seed(1))


def by_captum(model, images, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Deconvolution(model).attribute(images.clone(), target=target)


@pytest.mark.parametrize("layer", ["0", "1", "2", "3", "4", "5"])
def test_it_is_captums_deconvolution_times_the_activation(chain, images, layer):
    found = look.deconvnet(chain, images, layer)
    target = [(c, *place) for c, place in zip(found.channel.tolist(), found.position.tolist(), strict=True)]
    theirs = by_captum(chain[: int(layer) + 1], images, target)
    torch.testing.assert_close(found.pixels, theirs * found.value[:, None, None, None])
    assert found.pixels.abs().sum() > 0


def test_units_of_a_dense_layer_are_captums_too(chain, images):
    found = look.deconvnet(chain, images, "7", channel=2)
    theirs = by_captum(chain, images, 2)
    torch.testing.assert_close(found.pixels, theirs * found.value[:, None, None, None])
    torch.testing.assert_close(found.value, chain(images)[:, 2])


def test_relus_that_are_functions_are_found_as_well(chain, images):
    found = look.deconvnet(chain, images, "4")
    model = nn.Sequential(Functional(chain))
    other = look.deconvnet(model, images, "0")
    torch.testing.assert_close(found.pixels, other.pixels)
    plain = images.clone().requires_grad_()
    rows = torch.arange(5)
    maps = model(plain)
    maps[rows, found.channel, found.position[:, 0], found.position[:, 1]].sum().backward()
    gradient = plain.grad * found.value[:, None, None, None]
    assert not torch.allclose(gradient, found.pixels)  # the plain gradient is another thing


@pytest.mark.parametrize("rectify", [torch.Tensor.relu_, torch.relu_, nn.ReLU(inplace=True)])
def test_relus_that_change_their_input_do_so(chain, images, rectify):
    expected, found = look.deconvnet(chain, images, "4"), look.deconvnet(InPlace(chain, rectify), images, "rest")
    torch.testing.assert_close(found.value, chain[:5](images).flatten(1).amax(dim=1))
    torch.testing.assert_close(found.pixels, expected.pixels)
    before, rectified = images.clone(), nn.Sequential(nn.ReLU(inplace=True), chain[0])
    assert look.deconvnet(rectified, images, "1").pixels.any() and torch.equal(images, before)


def test_without_a_relu_it_is_the_gradient_and_an_image_gives_back_its_own_activation():
    torch.manual_seed(0)
    linear = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, bias=False), nn.MaxPool2d(2), nn.Conv2d(4, 2, 2, bias=False))
    images = torch.randn(3, 3, 21, 21)
    found = look.deconvnet(linear, images, "2", channel=1, position=(1, 2))
    # the activation is linear in the pixels that the switches chose: their sum of products gives it back, squared
    torch.testing.assert_close((found.pixels * images).sum(dim=(1, 2, 3)), found.value**2)


def test_the_strongest_activation_is_taken_where_none_is_named(chain, images):
    maps = chain[:5](images).detach()
    found = look.deconvnet(chain, images, "4")
    torch.testing.assert_close(found.value, maps.flatten(1).amax(dim=1))
    named = look.deconvnet(chain, images, "4", found.channel, found.position)
    assert torch.equal(named.pixels, found.pixels)


def test_a_batch_is_as_image_by_image(chain, images):
    whole = look.deconvnet(chain, images, "4", channel=[0, 1, 2, 3, 4])
    for number in range(5):
        one = look.deconvnet(chain, images[number : number + 1], "4", channel=number)
        torch.testing.assert_close(one.pixels[0], whole.pixels[number])


def test_all_keeps_the_whole_map(chain, images):
    first = look.deconvnet(chain, images, "0", channel=1, position="all").pixels  # linear: the sum of its positions
    every = sum(
        look.deconvnet(chain, images, "0", channel=1, position=(row, column)).pixels
        for row in range(16)
        for column in range(16)
    )
    torch.testing.assert_close(first, every, atol=1e-4, rtol=1e-4)


def test_nothing_outside_of_the_receptive_box_and_the_box_is_tight(chain, images):
    positions = torch.tensor([[0, 0], [3, 4], [7, 7], [3, 4]])
    boxes = look.receptive_boxes(chain, (3, 33, 33), "3", positions)
    assert torch.equal(boxes[1], boxes[3])
    # by chapter 3's formula: start -1 - 2, field 5 + 2·2 + 2·4 = 17 (pooling, then 3 × 3 with jump 4), jump 4
    starts = torch.tensor([-1 - 4 + 4 * p for p in (3, 4)])
    assert boxes[1].tolist() == [*starts.tolist(), *(starts + 17).tolist()]
    for place, (top, left, bottom, right) in zip(positions[:3], boxes.tolist(), strict=False):
        pixels = look.deconvnet(chain, images, "3", channel=0, position=place).pixels
        assert pixels.abs().sum() > 0
        pixels[:, :, top:bottom, left:right] = 0
        assert pixels.abs().sum() == 0


def test_strongest_finds_the_images_with_the_largest_activations(chain, images):
    maps = chain[:5](images).detach()  # (5, 6, 8, 8)
    found = look.strongest(chain, images, "4", count=3, batch_size=2)
    best = maps.flatten(2).amax(dim=2).T.sort(dim=1, descending=True)
    assert torch.equal(found.image, best.indices[:, :3])
    torch.testing.assert_close(found.value, best.values[:, :3])
    for k in range(6):
        for n in range(3):
            row, column = found.position[k, n].tolist()
            assert maps[found.image[k, n], k, row, column] == found.value[k, n]
    some = look.strongest(chain, images, "4", channels=[4, 1], count=2)
    assert torch.equal(some.image, found.image[[4, 1], :2])


def test_the_network_is_as_before(chain, images):
    network = nn.Sequential(*chain[:3], nn.Dropout(0.9), chain[3], nn.BatchNorm2d(6), nn.ReLU())
    network.train()
    network[4].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first = look.deconvnet(network, images, "6")
    again = look.deconvnet(network, images, "6")
    assert torch.equal(first.pixels, again.pixels)  # no dropout
    assert [module.training for module in network] == [True, True, True, True, False, True, True]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters()) and images.grad is None


def test_normalisation_and_branches_are_gone_through():
    torch.manual_seed(0)
    network = models.create("resnet20", num_classes=5).eval()
    for norm in (layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)):
        nn.init.normal_(norm.weight)  # of both signs
        nn.init.normal_(norm.running_mean, std=0.1)
        nn.init.uniform_(norm.running_var, 0.5, 2)
    layer = look.trace(network, (3, 64, 64)).index[19]  # in the second stage: it sees a part of the image
    images = torch.randn(2, 3, 64, 64)
    found = look.deconvnet(network, images, layer)
    assert (found.pixels.abs().sum(dim=(1, 2, 3)) > 0).all()
    boxes = look.receptive_boxes(network, (3, 64, 64), layer, found.position)
    assert (boxes[:, 2:] - boxes[:, :2] < 64).any()
    for pixels, (top, left, bottom, right) in zip(found.pixels, boxes.tolist(), strict=True):
        pixels[:, top:bottom, left:right] = 0
        assert not pixels.any()


def test_a_box_does_not_depend_on_weights_and_is_never_the_whole_image_for_want_of_one():
    """A batch norm whose weights are 0, as the last of a residual branch may begin, still lets its window be seen."""
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 1, 1, padding=1))
    nn.init.zeros_(network[1].weight)
    nn.init.zeros_(network[0].weight)
    assert look.receptive_boxes(network, (1, 9, 9), "2", torch.tensor([[3, 3]])).tolist() == [[3, 3, 6, 6]]
    assert look.receptive_boxes(network, (1, 9, 9), "3", torch.tensor([[4, 4]])).tolist() == [[3, 3, 6, 6]]
    with pytest.raises(ValueError, match=r"row, column \(0, 4\) of layer '3' sees no pixel of the image"):
        look.receptive_boxes(network, (1, 9, 9), "3", torch.tensor([[4, 4], [0, 4]]))


@pytest.mark.parametrize(
    "call, error, says",
    [
        (lambda m, x: look.deconvnet(m, x, "nine"), ValueError, "no layer called 'nine'"),
        (lambda m, x: look.deconvnet(m, x, "4", channel=6), ValueError, "channel 6 of layer '4': expected 0 to 5"),
        (lambda m, x: look.deconvnet(m, x, "4", [0, -1, 0, 0, 2]), ValueError, "channel -1 of layer '4': expected 0"),
        (lambda m, x: look.deconvnet(m, x, "4", position=(8, 0)), ValueError, "row 8"),
        (lambda m, x: look.deconvnet(m, x, "4", position="every"), ValueError, '"all"'),
        (lambda m, x: look.deconvnet(m, x[0], "4"), ValueError, r"\(N, C, H, W\)"),
        (lambda m, x: look.deconvnet(m, x.to(torch.uint8), "4"), TypeError, "to_float"),
        (lambda m, x: look.strongest(m, x, "4", count=6), ValueError, "count must be 1 to 5"),
        (lambda m, x: look.strongest(m, x, "4", channels=[9], count=1), ValueError, "channel 9"),
        (lambda m, x: look.receptive_boxes(m, (3, 33, 33), "7", torch.zeros(1, 2)), ValueError, "feature maps"),
        (lambda m, x: look.deconvnet(LooseEnd(), x, "unused"), ValueError, "never uses"),
    ],
)
def test_errors_say_what_is_wrong(chain, images, call, error, says):
    with pytest.raises(error, match=says):
        call(chain, images)
