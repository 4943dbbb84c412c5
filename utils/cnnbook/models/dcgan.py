"""DCGAN: A. Radford, L. Metz, S. Chintala, "Unsupervised representation learning with deep convolutional generative
adversarial networks", ICLR 2016 (arXiv:1511.06434), for images of 28, 32 or 64 pixels.

The paper's rules, all kept here: no pooling, strides instead; batch norm in both networks, but not where the generator
ends nor where the discriminator begins; no hidden dense layers; ReLU in the generator and tanh at its end; leaky ReLU
of slope 0.2 in the discriminator; z uniform in -1..1; weights begin as N(0, 0.02).

The paper's generator makes 64 × 64 pixels of 100 numbers by a projection to small maps and four doublings, here 4 → 8 →
16 → 32 → 64: Generator(100, 3, 128, 64). Smaller images have fewer doublings: 32 pixels begin at 4 × 4, 28 pixels at
7 × 7. The layer before the last has `width` channels, and each before it twice as many as the next.
The kernels are 4 pixels wide, as in the authors' published code for torch: with stride 2 they cover all pixels equally
often.
"""

from importlib.resources import files
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

SLOPE = 0.2  # of the leaky ReLU
DEVIATION = 0.02  # of the initial weights
LARGEST_START = 7  # pixels: halving ends here or below
NUMBERS = ("latent", "channels", "size", "width", "discriminator_width")  # of a pair, beside its weights in a file


class Generator(nn.Sequential):
    """Latent vectors float (N, latent) → images float (N, channels, size, size) in -1..1.

    `width`: channels of the last hidden layer; each layer before it has twice as many as the next. `size` must be
    reached by doubling from 2 to 7 pixels: 28 = 4 · 7, 32 = 8 · 4. Raises ValueError where it is not.
    """

    def __init__(self, latent: int = 64, channels: int = 1, width: int = 32, size: int = 28) -> None:
        start, doublings = stages(size)
        _positive(latent=latent, channels=channels, width=width)
        now = width << (doublings - 1)
        layers = [
            nn.Unflatten(1, (latent, 1, 1)),  # (N, latent, 1, 1)
            nn.ConvTranspose2d(latent, now, start, bias=False),  # (N, now, start, start): the only dense step
            nn.BatchNorm2d(now),
            nn.ReLU(),
        ]
        for _ in range(doublings - 1):
            layers += [_up(now, now // 2), nn.BatchNorm2d(now // 2), nn.ReLU()]  # (N, now / 2, 2 · side, 2 · side)
            now //= 2
        layers += [nn.ConvTranspose2d(now, channels, 4, stride=2, padding=1), nn.Tanh()]  # (N, channels, size, size)
        super().__init__(*layers)
        self.latent = latent
        initialise(self)

    def forward(self, z: Tensor) -> Tensor:
        if z.ndim != 2 or z.shape[1] != self.latent:
            raise ValueError(f"z of shape {tuple(z.shape)}: expected (N, {self.latent}), as `noise` makes it.")
        return super().forward(z)

    def noise(self, count: int, source: torch.Generator | None = None) -> Tensor:
        """Latent vectors float (count, latent), uniform in -1..1, on the device of the network."""
        device = next(self.parameters()).device
        return (2 * torch.rand(count, self.latent, generator=source) - 1).to(device)


class Discriminator(nn.Sequential):
    """Images float (N, channels, size, size) in -1..1 → logits (N,): above 0 it takes an image for real.

    The mirror image of `Generator`. `features` gives what the last layer reads. With `norm=False` it has no batch norm.
    """

    def __init__(self, channels: int = 1, width: int = 32, size: int = 28, norm: bool = True) -> None:
        start, halvings = stages(size)
        _positive(channels=channels, width=width)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
        now = width  # (N, width, size / 2, size / 2)
        for _ in range(halvings - 1):
            layers += [nn.Conv2d(now, 2 * now, 4, stride=2, padding=1, bias=not norm)]  # (N, 2 · now, side / 2, …)
            layers += [nn.BatchNorm2d(2 * now)] if norm else []
            layers += [nn.LeakyReLU(SLOPE)]
            now *= 2
        layers += [nn.Conv2d(now, 1, start), nn.Flatten(0)]  # (N, 1, 1, 1), (N,)
        super().__init__(*layers)
        self.shape = (channels, size, size)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        self._fits(x)
        return super().forward(x)

    def features(self, x: Tensor) -> list[Tensor]:
        """What each leaky ReLU gives, float (N, width · 2^k, side, side), from the largest maps to the smallest."""
        self._fits(x)
        found = []
        for layer in self:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                found.append(x)
        return found

    def _fits(self, x: Tensor) -> None:
        if tuple(x.shape[1:]) != self.shape:
            raise ValueError(f"images of shape {tuple(x.shape)}: expected (N, {', '.join(map(str, self.shape))}).")


def stages(size: int) -> tuple[int, int]:
    """From which side, in pixels, a generator begins, and how often it doubles: 28 → (7, 2), 32 → (4, 3), 64 → (4, 4).

    Raises ValueError for a size that no doubling from 2..7 pixels reaches.
    """
    start, doublings = size, 0
    while start > LARGEST_START and start % 2 == 0:
        start, doublings = start // 2, doublings + 1
    if not 2 <= start <= LARGEST_START or doublings < 1:
        raise ValueError(f"size {size} is not 2 to 7 pixels doubled once or more. Use 28, 32 or 64.")
    return start, doublings


def initialise(network: nn.Module) -> None:
    """Weights as in the paper: convolutions N(0, 0.02), scales of batch norm N(1, 0.02), biases 0."""
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, std=DEVIATION)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, mean=1.0, std=DEVIATION)
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)


def _up(channels: int, out_channels: int) -> nn.Module:
    """Twice the side: each pixel adds a weighted 4 × 4 filter to the output, two pixels from its neighbour's."""
    return nn.ConvTranspose2d(channels, out_channels, 4, stride=2, padding=1, bias=False)


def _positive(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} must be 1 or more; got {count}.")


def save(path: str | Path, generator: Generator, discriminator: Discriminator) -> None:
    """Write a pair as one safetensors file of 16-bit numbers, with all that `load` needs to build it again."""
    networks = {"generator": generator, "discriminator": discriminator}
    tensors = {
        f"{name}.{key}": value.half() if value.is_floating_point() else value
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    channels, size, _ = discriminator.shape
    widths = generator[-2].in_channels, discriminator[0].out_channels
    numbers = dict(zip(NUMBERS, (generator.latent, channels, size, *widths), strict=True))
    told = {name: str(number) for name, number in numbers.items()}
    save_file({key: value.contiguous() for key, value in tensors.items()}, path, told)
    Path(path).chmod(0o644)  # safetensors writes for the owner alone


def load(name: str | Path) -> tuple[Generator, Discriminator]:
    """A trained pair in eval mode: "digits" or "shapes", those of the book, or the path of a file that `save` wrote.

    Raises FileNotFoundError where there is neither, ValueError for a file of something else.
    """
    path = Path(str(files("cnnbook.weights").joinpath(f"gan_{name}.safetensors")))
    path = path if path.is_file() else Path(name)
    if not path.is_file():
        raise FileNotFoundError(f"there are no weights of a GAN called {str(name)!r}, and no such file.")
    with safe_open(path, "pt") as file:
        told = file.metadata() or {}
        if set(told) != set(NUMBERS):
            raise ValueError(f"{path} is not a GAN's: its metadata have {sorted(told)}, expected {sorted(NUMBERS)}.")
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    latent, channels, size, width, width_of_discriminator = (int(told[key]) for key in NUMBERS)
    pair = Generator(latent, channels, width, size), Discriminator(channels, width_of_discriminator, size)
    for network, prefix in zip(pair, ("generator.", "discriminator."), strict=True):
        own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        network.load_state_dict(own)  # which copies into 32 bits
        network.eval().requires_grad_(False)
    return pair
