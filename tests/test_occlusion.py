"""Occlusion maps: a covered square changes what it should; captum agrees where squares do not overlap."""

import pytest
import torch
from captum.attr import Occlusion
from torch import nn

from cnnbook import look


class Corner(nn.Module):
    """Two logits: the mean of the 4 × 4 pixels in the upper left corner, and 0."""

    def forward(self, x):
        corner = x[:, :, :4, :4].mean(dim=(1, 2, 3))
        return torch.stack([corner, torch.zeros_like(corner)], dim=1)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(6 * 25, 4)
    )


@pytest.fixture
def images():
    return torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(1))


def test_only_squares_that_touch_what_the_network_reads_change_anything():
    images = torch.ones(2, 3, 12, 12)
    found = look.occlusion(Corner(), images, 0, size=4, stride=2, fill=0.0)
    assert found.shape == (2, 5, 5)
    sure = torch.tensor(1.0).sigmoid().item()
    hidden = {(0, 0): 1.0, (0, 1): 0.5, (1, 0): 0.5, (1, 1): 0.25}  # the share of the corner that is covered
    for row in range(5):
        for column in range(5):
            left = torch.tensor(1 - hidden.get((row, column), 0.0)).sigmoid().item()
            assert found[0, row, column] == pytest.approx(left)
    assert found[0, 4, 4] == pytest.approx(sure)


def test_it_is_captums_where_squares_lie_side_by_side(network, images):
    def probability(x):
        return network(x).softmax(dim=1)

    network.eval()
    found = look.occlusion(network, images, [0, 1, 2], size=4, stride=4, fill=0.2)
    theirs = Occlusion(probability).attribute(
        images, sliding_window_shapes=(3, 4, 4), strides=(3, 4, 4), baselines=0.2, target=torch.tensor([0, 1, 2])
    )
    whole = probability(images)[range(3), [0, 1, 2]].detach()
    torch.testing.assert_close(whole[:, None, None] - found, theirs[:, 0, ::4, ::4].float())


def test_without_a_target_it_is_the_class_the_network_gives(network, images):
    own = network.eval()(images).argmax(dim=1)
    assert torch.equal(
        look.occlusion(network, images, size=4, stride=4), look.occlusion(network, images, own, size=4, stride=4)
    )


def test_the_fill_is_by_default_the_images_mean_colour(network, images):
    mine = torch.cat([
        look.occlusion(network, image[None], 1, size=4, stride=4, fill=image.mean(dim=(1, 2))) for image in images
    ])  # fmt: skip
    torch.testing.assert_close(look.occlusion(network, images, 1, size=4, stride=4), mine)
    grey = look.occlusion(network, images, 1, size=4, stride=4, fill=0.0)
    assert not torch.allclose(mine, grey)


def test_a_score_may_be_anything_of_the_output(network, images):
    found = look.occlusion(network[:2], images, size=4, stride=4, score=lambda maps: maps[:, 2].sum(dim=(1, 2)))
    covered = images[1].clone()
    covered[:, 4:8, 8:12] = images[1].mean(dim=(1, 2))[:, None, None]
    torch.testing.assert_close(found[1, 1, 2], network[:2](covered[None])[0, 2].sum().detach())
    several = look.occlusion(network, images, size=4, stride=4, score=lambda logits: logits.softmax(dim=1))
    assert several.shape == (3, 3, 3, 4)
    torch.testing.assert_close(several[..., 2], look.occlusion(network, images, 2, size=4, stride=4))
    classes = look.occlusion(network, images, size=4, stride=4, score=lambda logits: logits.argmax(dim=1))
    assert set(classes.unique().tolist()) <= {0.0, 1.0, 2.0, 3.0}


def test_batches_do_not_matter_and_the_network_is_as_before(network, images):
    network.train()
    before, shown = images.clone(), []
    whole = look.occlusion(network, images, size=4, stride=2)
    network.register_forward_pre_hook(lambda module, inputs: shown.append(len(inputs[0])))
    torch.testing.assert_close(whole, look.occlusion(network, images, size=4, stride=2, batch_size=2))
    assert max(shown) == 2  # uncovered images, too
    assert network.training and network[2].training
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    "options, error, says",
    [
        ({"size": 5, "stride": 2}, ValueError, "whole"),
        ({"size": 4, "stride": 4, "target": 4}, ValueError, "target 4 is no class"),
        ({"size": 4, "stride": 4, "fill": [0, 0]}, ValueError, "3 channels; got 2"),
        ({"size": 4, "stride": 4, "target": 0, "score": torch.sum}, ValueError, "not both"),
        ({"size": 4, "stride": 4, "score": lambda logits: logits.sum()}, ValueError, "a number an image"),
    ],
)
def test_errors_say_what_is_wrong(network, images, options, error, says):
    with pytest.raises(error, match=says):
        look.occlusion(network, images, **options)


def test_images_must_be_float_batches_and_the_model_a_classifier(network, images):
    with pytest.raises(TypeError, match="to_float"):
        look.occlusion(network, (255 * images).byte(), size=4, stride=4)
    with pytest.raises(ValueError, match=r"\(N, C, H, W\)"):
        look.occlusion(network, images[0], size=4, stride=4)
    with pytest.raises(ValueError, match="score="):
        look.occlusion(network[:2], images, size=4, stride=4)
