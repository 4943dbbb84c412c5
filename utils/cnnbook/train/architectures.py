"""Questions of chapters 7 to 13, each a table of trainings on CIFAR-10: `cnnbook reproduce NAME`.

alexnet_relu_tanh: how much sooner does a network learn with ReLU than with tanh?
zfnet_first_layer: large filters with a large stride or smaller ones, and filters kept below a radius or not?
vgg_depth: is deeper better? Configurations A to E.
googlenet_parts: what are auxiliary heads worth, and global average pooling?
residual_depth: do plain networks get worse with depth, and do residual ones?
residual_shortcuts: what should a shortcut do where the shape changes?
densenet_resnet: DenseNet against ResNet of as many parameters, and of as many operations.
modern_blocks: the blocks that came after, in small networks on one plan.

The rule is that of `study`: the last epoch counts, nothing is chosen on the test images, and all that are compared
have the same recipe. Half-finished, a study goes on with the next training. results/README.md says how long each takes.
"""

from cnnbook.models import modern
from cnnbook.train import variants
from cnnbook.train.study import Recipe, Study, table

CURVE = 2000  # test images that are asked after every epoch

RESIDUAL = Recipe(epochs=14, lr=0.05, optimizer="sgd", batch_size=64, flip=True, shift=4, images=15_000,
                  weight_decay=1e-4)  # fmt: skip
RESIDUAL_CHOSEN = (
    "the common recipe of benchmarks/time_to_accuracy.py, which is He et al.'s with one descent of the learning rate, "
    "with half of its batch and half of its rate, so that there are twice as many steps, and a rise in the first "
    "quarter; set beforehand and not compared"
)

STUDIES: dict[str, Study] = {
    "alexnet_relu_tanh": Study(
        about="Epochs until a four-layer network makes 25 % errors on its 15,000 training images of CIFAR-10, with "
        "ReLU and with tanh, at five learning rates",
        chosen="the learning rate is a factor: for each activation the one counts that gets there soonest in the mean "
        "of the seeds, since the paper chose it so that training is fastest. What is compared is measured on the "
        "training images; test images choose nothing. The range was chosen on 8,000 training images in three "
        "epochs, seed 0. No augmentation, decay, dropout or norm, a constant rate",
        recipe=Recipe(epochs=30, optimizer="sgd", schedule="constant", batch_size=128, images=15_000),
        cells=table(activation=("relu", "tanh"), lr=(0.0025, 0.005, 0.01, 0.02, 0.04)),
        build=variants.four_layers,
        size=32,
        curve=CURVE,
        goal=0.75,
    ),
    "zfnet_first_layer": Study(
        about="A first layer of 11 × 11 with stride 4 or of 7 × 7 with stride 2, its filters bounded or free, in ZFNet "
        "with half of its channels, on 15,000 images of CIFAR-10 enlarged to 64 pixels",
        chosen="momentum and the first layer's start, N(0, 0.01), are the paper's. Learning rate and radius were "
        "chosen on 5,000 training images, ten epochs, seed 0, by what the 7 × 7 filters do: with rate 0.04 free ones "
        "grow to a root mean square of 0.024 in the median and 0.064 at most, and the radius, 0.04, lies between; with "
        "the paper's rate, 0.01, the network has hardly begun to learn after 500 steps. From He et al.'s start, 0.116, "
        "no filter grows, and the paper's radius, 0.1, would scale nearly all 7 × 7 filters at once. Images have "
        "deviation 1, not the paper's 128 grey levels each way",
        recipe=Recipe(
            epochs=20, lr=0.04, optimizer="sgd", batch_size=64, flip=True, shift=4, images=15_000, weight_decay=5e-4
        ),
        cells=table(first=tuple(variants.FIRST), filters=("free", "bounded")),
        build=variants.narrow_zfnet,
        size=64,
        curve=CURVE,
        measure=variants.first_filters,
    ),
    "googlenet_parts": Study(
        about="GoogLeNet for 32 pixels with half of its channels, auxiliary heads on and off, global average pooling "
        "or a dense layer, on 10,000 images of CIFAR-10",
        chosen="set beforehand and not compared: Adam, since without batch norm it asks less of the learning rate "
        "than SGD does",
        recipe=Recipe(epochs=12, lr=1e-3, batch_size=64, flip=True, shift=4),
        cells=table(heads=("off", "on"), end=("average", "dense")),
        build=variants.googlenet_variant,
        size=32,
        curve=CURVE,
    ),
    "densenet_resnet": Study(
        about="DenseNet-BC of 52 layers (k = 12) against ResNet-20, which has 2 % more parameters, on 15,000 images of "
        "CIFAR-10; ResNet-44, of about as many operations as the DenseNet, is in residual_depth, with the same recipe "
        "and seeds",
        chosen=f"as for residual_depth: {RESIDUAL_CHOSEN}",
        recipe=RESIDUAL,
        cells=table(network=("resnet20", "densenet52")),
        build=variants.densenet_or_resnet,
        size=32,
        curve=CURVE,
    ),
    "vgg_depth": Study(
        about="Configurations A to E of VGG with half of their channels and batch norm, on 15,000 images of CIFAR-10",
        chosen="set beforehand and not compared: learning rate and schedule within the range that "
        "results/study_batch_norm.json shows to be good for networks with batch norm, weight decay the paper's. The "
        "paper's networks have no batch norm; without it the deepest would need more epochs than there is time for",
        recipe=Recipe(
            epochs=12, lr=0.05, optimizer="sgd", batch_size=64, flip=True, shift=4, images=15_000, weight_decay=5e-4
        ),
        cells=table(configuration=("A", "B", "C", "D", "E")),
        build=variants.narrow_vgg,
        size=32,
        curve=CURVE,
    ),
    "residual_depth": Study(
        about="Plain and residual networks of 20 to 56 layers on 15,000 images of CIFAR-10; plain ones of 32 and 44 "
        "layers and the residual one of 32 from one seed only",
        chosen=RESIDUAL_CHOSEN,
        recipe=RESIDUAL,
        cells=table(kind=("plain", "residual"), depth=(20, 56)) + table(kind=("plain", "residual"), depth=(32, 44)),
        once=table(kind=("plain",), depth=(32, 44)) + table(kind=("residual",), depth=(32,)),
        build=variants.by_depth,
        size=32,
        curve=CURVE,
    ),
    "residual_shortcuts": Study(
        about="ResNet-20 with shortcuts of option A, B and C on 15,000 images of CIFAR-10",
        chosen=f"as for residual_depth: {RESIDUAL_CHOSEN}",
        recipe=RESIDUAL,
        cells=table(shortcut=("A", "B", "C")),
        build=variants.by_shortcut,
        size=32,
        curve=CURVE,
    ),
    "modern_blocks": Study(
        about="Blocks of ResNeXt, MobileNet v1 to v3, EfficientNet, RegNetY and ConvNeXt in small networks on one "
        "plan, a plain one beside them, and a small vision transformer, on 15,000 images of CIFAR-10",
        chosen="set beforehand and not compared: Adam and one learning rate for all, within the range that was good on "
        "a validation split of the drawings of chapter 13",
        recipe=Recipe(epochs=20, lr=6e-3, batch_size=64, flip=True, shift=4, images=15_000),
        cells=table(block=(*modern.BLOCKS, "vit")),
        build=variants.of_blocks,
        size=32,
        curve=CURVE,
    ),
}
