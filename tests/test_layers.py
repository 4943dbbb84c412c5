import pytest
import torch
from torch import nn
from torchvision.ops import drop_block2d

from cnnbook import models
from cnnbook.layers import DropBlock2d, LocalResponseNorm

FORMATS = [torch.contiguous_format, torch.channels_last]


def images(channels=20, dtype=torch.float32, memory_format=torch.contiguous_format):
    x = 3 * torch.randn(4, channels, 5, 6, generator=torch.Generator().manual_seed(0))
    return x.to(dtype).to(memory_format=memory_format).requires_grad_()


def gives(layer, x):
    """What the layer makes of x, and the gradient of x for one and the same gradient behind the layer."""
    y = layer(x)
    behind = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(y.dtype)
    return y, torch.autograd.grad(y, x, behind)[0]


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize(
    "arguments",
    [
        dict(size=9, alpha=0.001, beta=0.75, k=1.0),  # TensorFlow's tutorial
        dict(size=5, alpha=5e-4, beta=0.75, k=2.0),  # AlexNet, its alpha 1e-4 times torch's size
        dict(size=4, alpha=0.5, beta=0.5, k=1.0),  # an even size reaches further down than up
        dict(size=3, alpha=2.0, beta=0.6, k=0.3),
        dict(size=50, alpha=0.7),  # wider than the channels are many
        dict(size=1),
    ],
)
def test_lrn_is_that_of_torch(arguments, memory_format):
    x = images(memory_format=memory_format)
    y, gradient = gives(LocalResponseNorm(**arguments), x)
    expected, expected_gradient = gives(nn.LocalResponseNorm(**arguments), x)
    torch.testing.assert_close(y, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-5, atol=1e-5)
    assert y.is_contiguous(memory_format=memory_format)


def test_lrn_by_finite_differences():
    assert torch.autograd.gradcheck(LocalResponseNorm(3, alpha=0.9), images(4, torch.float64)[:2, :, :2, :2])


@pytest.mark.parametrize("memory_format", FORMATS)
def test_lrn_under_autocast_rounds_only_what_it_gives(memory_format):
    layer = LocalResponseNorm(9, alpha=0.5, beta=0.75, k=1.0)
    x = images(64, torch.bfloat16, memory_format)
    with torch.autocast("cpu", torch.bfloat16):
        y, gradient = gives(layer, x)
    exact = layer(x.double())
    assert y.dtype == gradient.dtype == torch.bfloat16
    assert ((y - exact).abs() <= exact.abs() * 2**-8).all()  # one rounding to eight bits
    assert gradient.isfinite().all()


def test_lrn_gives_shapes_on_a_device_without_autocast():
    assert LocalResponseNorm(5)(torch.empty(2, 8, 4, 4, device="meta")).shape == (2, 8, 4, 4)


def test_lrn_says_which_shape_it_needs():
    with pytest.raises(ValueError, match=r"needs \(N, C, H, W\), got \(3, 8, 8\)"):
        LocalResponseNorm(5)(torch.zeros(3, 8, 8))


def test_cifar_cnn_is_the_same_with_the_lrn_of_torch():
    torch.manual_seed(0)
    model = models.create("cifar_cnn", num_classes=10)
    assert not any("norm" in name for name in model.state_dict())
    plain = [nn.LocalResponseNorm(9, 0.001, 0.75, 1.0) if isinstance(layer, LocalResponseNorm) else layer
             for layer in model]  # fmt: skip
    assert sum(type(layer) is nn.LocalResponseNorm for layer in plain) == 2
    x = torch.randn(2, 3, 24, 24)
    torch.testing.assert_close(model(x), nn.Sequential(*plain)(x), rtol=1e-5, atol=1e-5)


# DropBlock


def dropped(probability, block, shape=(64, 16, 14, 14), seed=0):
    """What a map of ones becomes in training."""
    torch.manual_seed(seed)
    return DropBlock2d(probability, block).train()(torch.ones(shape))


@pytest.mark.parametrize("probability, block", [(0.1, 1), (0.4, 1), (0.1, 3), (0.2, 4), (0.05, 7), (0.1, 14)])
def test_dropblock_drops_nearly_its_share(probability, block):
    """Blocks that overlap drop a little less."""
    share = float((dropped(probability, block) == 0).float().mean())
    assert 0.75 * probability < share < 1.08 * probability


@pytest.mark.parametrize("block", [2, 3, 5])
def test_dropblock_drops_whole_squares_inside_the_map(block):
    gone = dropped(0.05, block, shape=(40, 4, 9, 12)) == 0  # (N, C, H, W)
    fits = gone.unfold(2, block, 1).unfold(3, block, 1).flatten(4).all(dim=4)  # the corner of a square that is gone
    explained = torch.zeros_like(gone)
    for image, channel, row, column in fits.nonzero().tolist():
        explained[image, channel, row : row + block, column : column + block] = True
    assert gone.any() and torch.equal(gone, explained)
    counts = gone[gone.flatten(2).any(dim=2)].flatten(1).sum(dim=1)
    assert (counts == block**2).any()  # maps with one square and no more


def test_dropblock_draws_for_every_image_and_channel():
    gone = (dropped(0.2, 3) == 0).flatten(0, 1)
    assert len({tuple(each.flatten().tolist()) for each in gone}) > 0.95 * len(gone)


def test_dropblock_keeps_the_mean():
    """Of every batch exactly where all values are alike, and of each value on average, at the border too."""
    y = dropped(0.3, 5)
    assert float(y.mean()) == pytest.approx(1, abs=1e-5)
    assert len(y.unique()) == 2
    x = torch.randn(1, 2, 6, 6).expand(4000, 2, 6, 6)
    torch.manual_seed(0)
    mean = DropBlock2d(0.1, 1)(x).mean(dim=0)
    torch.testing.assert_close(mean, x[0], rtol=0.05, atol=0.01)


def test_dropblock_is_the_identity_when_tested():
    x = images()
    assert DropBlock2d(0.5, 3).eval()(x) is x
    assert torch.equal(DropBlock2d(0.0, 3).train()(x), x)


def test_dropblock_is_that_of_torchvision():
    x = images()
    torch.manual_seed(3)
    y = DropBlock2d(0.3, 3)(x)
    torch.manual_seed(3)
    torch.testing.assert_close(y, drop_block2d(x, 0.3, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropblock_lets_gradients_through_where_it_keeps(dtype):
    x = images(dtype=dtype, memory_format=torch.channels_last)
    y = DropBlock2d(0.2, 3)(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert y.dtype == gradient.dtype == dtype and y.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(gradient == 0, y == 0)


def test_dropblock_that_drops_everything_gives_zeros():
    torch.manual_seed(0)
    assert all(DropBlock2d(0.9, 4)(torch.ones(1, 1, 4, 4)).isfinite().all() for _ in range(20))


@pytest.mark.parametrize("probability, block, says", [(1.0, 3, "got 1.0"), (-0.1, 3, "got -0.1"), (0.1, 0, "got 0")])
def test_dropblock_says_what_it_needs(probability, block, says):
    with pytest.raises(ValueError, match=says):
        DropBlock2d(probability, block)


def test_dropblock_needs_maps_as_large_as_a_block():
    with pytest.raises(ValueError, match="5 × 5 does not fit into maps of 4 × 6; take block_size 4 or less"):
        DropBlock2d(0.1, 5)(torch.zeros(1, 1, 4, 6))
