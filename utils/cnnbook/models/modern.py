"""Small networks for images of 32 pixels, of the blocks that came after DenseNet, to be compared on equal terms.

All have one plan: a 3 × 3 convolution of stride 2, three stages of two blocks, global average pooling, a linear layer.
The blocks are torchvision's own: ResNeXt (Xie et al. 2017), MobileNet v1 to v3 (Howard et al. 2017, Sandler et al.
2018, Howard et al. 2019), EfficientNet (Tan, Le 2019), RegNetY with squeeze-and-excitation (Radosavovic et al. 2020, Hu
et al. 2018), ConvNeXt (Liu et al. 2022). The vision transformer (Dosovitskiy et al. 2021) has a plan of its own.
"""

from collections.abc import Callable
from functools import partial

from torch import nn
from torchvision.models.convnext import CNBlock, LayerNorm2d
from torchvision.models.efficientnet import MBConv, MBConvConfig
from torchvision.models.mobilenetv2 import InvertedResidual as InvertedV2
from torchvision.models.mobilenetv3 import InvertedResidual as InvertedV3
from torchvision.models.mobilenetv3 import InvertedResidualConfig
from torchvision.models.regnet import ResBottleneckBlock
from torchvision.models.resnet import Bottleneck
from torchvision.models.vision_transformer import VisionTransformer
from torchvision.ops import Conv2dNormActivation

Block = Callable[[int, int, int], nn.Module]  # channels in, channels out, stride
WIDEN = 4  # times, in the middle of an inverted residual

convolution = partial(Conv2dNormActivation, inplace=None)


def plain(cin: int, cout: int, stride: int) -> nn.Module:
    return convolution(cin, cout, 3, stride)


def resnext(cin: int, cout: int, stride: int) -> nn.Module:
    """Eight groups; the middle has half as many channels as the end."""
    same = stride == 1 and cin == cout
    shortcut = None if same else convolution(cin, cout, 1, stride, activation_layer=None)
    return Bottleneck(cin, cout // 4, stride, shortcut, groups=8, base_width=16)


def separable(cin: int, cout: int, stride: int) -> nn.Module:
    return nn.Sequential(convolution(cin, cin, 3, stride, groups=cin), convolution(cin, cout, 1))


def mobilenet_v3(cin: int, cout: int, stride: int) -> nn.Module:
    config = InvertedResidualConfig(cin, 3, WIDEN * cin, cout, True, "HS", stride, 1, 1.0)
    return InvertedV3(config, nn.BatchNorm2d)


def efficientnet(cin: int, cout: int, stride: int) -> nn.Module:
    return MBConv(MBConvConfig(WIDEN, 3, stride, cin, cout, 1), 0.0, nn.BatchNorm2d)


def regnet_y(cin: int, cout: int, stride: int) -> nn.Module:
    return ResBottleneckBlock(cin, cout, stride, nn.BatchNorm2d, nn.ReLU, 8, 1.0, 0.25)


def convnext(cin: int, cout: int, stride: int) -> nn.Module:
    """The factors of the channels start at 1: the paper's 1e-6 is for deep networks."""
    block = CNBlock(cout, 1.0, 0.0)
    if stride == 1 and cin == cout:
        return block
    return nn.Sequential(LayerNorm2d(cin, eps=1e-6), nn.Conv2d(cin, cout, stride, stride), block)


BLOCKS: dict[str, tuple[Block, tuple[int, int, int]]] = {  # widths of the stages, in multiples of 8
    "plain": (plain, (16, 32, 64)),
    "resnext": (resnext, (32, 64, 128)),
    "mobilenet_v1": (separable, (32, 64, 128)),
    "mobilenet_v2": (lambda cin, cout, stride: InvertedV2(cin, cout, stride, WIDEN), (16, 24, 48)),
    "mobilenet_v3": (mobilenet_v3, (16, 24, 48)),
    "efficientnet": (efficientnet, (16, 24, 48)),
    "regnet_y": (regnet_y, (24, 48, 96)),
    "convnext": (convnext, (16, 32, 64)),
}


class Stages(nn.Sequential):
    """Images float (N, in_channels, H, W), made for 32 px → logits (N, num_classes)."""

    def __init__(
        self, block: Block, widths: tuple[int, ...], num_classes: int = 10, in_channels: int = 3, depth: int = 2
    ) -> None:
        channels = widths[0]
        layers: list[nn.Module] = [convolution(in_channels, channels, 3, 2)]  # (N, C, 16, 16)
        for stage, width in enumerate(widths):
            for number in range(depth):
                layers.append(block(channels, width, 2 if stage and not number else 1))
                channels = width
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


def small(block: str, num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """The network of a block of BLOCKS, or of "vit": images float (N, in_channels, 32, 32) → logits (N, num_classes).

    Raises ValueError for another name.
    """
    if block == "vit":
        return vision_transformer(num_classes, in_channels)
    if block not in BLOCKS:
        raise ValueError(f"no block {block!r}: expected one of {', '.join(BLOCKS)}, vit.")
    return Stages(*BLOCKS[block], num_classes, in_channels)


def vision_transformer(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Patches of 4 × 4 pixels, four layers of width 64. Its last layer starts as torch's linear layers do, not at 0."""
    network = VisionTransformer(32, 4, 4, num_heads=4, hidden_dim=64, mlp_dim=128, num_classes=num_classes)
    network.heads.head.reset_parameters()
    if in_channels != 3:
        network.conv_proj = nn.Conv2d(in_channels, 64, kernel_size=4, stride=4)
    return network
