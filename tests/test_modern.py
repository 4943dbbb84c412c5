"""Small networks of the blocks that came after DenseNet."""

import pytest
import torch

from cnnbook.models import modern

NAMES = [*modern.BLOCKS, "vit"]


@pytest.mark.parametrize("block", NAMES)
def test_every_network_gives_logits_and_a_gradient_to_every_parameter(block):
    torch.manual_seed(0)
    network = modern.small(block, num_classes=7, in_channels=2)
    network(torch.randn(4, 2, 32, 32)).square().sum().backward()
    assert network(torch.randn(1, 2, 32, 32).expand(2, -1, -1, -1)).shape == (2, 7)
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert 20_000 < sum(parameter.numel() for parameter in network.parameters()) < 200_000


@pytest.mark.parametrize("block", modern.BLOCKS)
def test_two_blocks_a_stage_of_which_the_first_halves_the_maps(block):
    build, widths = modern.BLOCKS[block]
    x = torch.randn(2, widths[0], 16, 16)
    for narrow, wide, stride in ((widths[0], widths[0], 1), (widths[0], widths[1], 2), (widths[1], widths[2], 2)):
        x = build(narrow, wide, stride).eval()(x)
        assert x.shape == (2, wide, x.shape[-1], x.shape[-1])
    assert x.shape[-1] == 4


def test_an_unknown_block_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="no block 'swin': expected one of plain, resnext, .*, vit"):
        modern.small("swin")
