"""Where and how a network computes: the device, numbers of 32 or of 16 bits, and the processes that train together."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

PRECISIONS = ("fp32", "bf16", "auto")
NO_LABEL = -100  # what cross_entropy ignores


def accelerator() -> Accelerator:
    """accelerate's view of this process and its device.

    Where there is no GPU it must be told so: otherwise the processes of `notebook_launcher` do not find one another.
    """
    return Accelerator(cpu=not _has_gpu())


def _has_gpu() -> bool:
    if hasattr(torch, "accelerator"):  # from torch 2.6 on
        return torch.accelerator.is_available()
    return torch.cuda.is_available() or torch.backends.mps.is_available()


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware: CPUs with AVX-512 BF16, AMX or ARM's; GPUs from Ampere on."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    can = getattr(torch.cpu, "get_capabilities", dict)()  # not there in older versions
    return any(can.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


class Precision:
    """How a network computes: `cast()` is the context of its forward pass, `lay` gives the memory format.

    "bf16" multiplies in bfloat16 and keeps weights, sums and the loss in float32 (autocast), channels last; "fp32" is
    float32; "auto" is bf16 where the hardware has it. `launched` is the mixed precision that `accelerate launch` was
    told: "bf16" makes it bf16, anything else but "no" auto. Raises ValueError for another name.
    """

    def __init__(self, name: str, device: torch.device, launched: str = "no") -> None:
        if name not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}; got {name!r}.")
        if launched != "no" and name == "fp32":
            name = "bf16" if launched == "bf16" else "auto"
        self.half = name == "bf16" or (name == "auto" and has_bf16(device))
        self.device = device

    def cast(self) -> AbstractContextManager:
        return torch.autocast(self.device.type, torch.bfloat16) if self.half else nullcontext()

    def lay(self, what: Tensor | nn.Module) -> Tensor | nn.Module:
        """The images, or the network, in the memory format that is fastest."""
        return what.to(memory_format=torch.channels_last) if self.half else what


class Processes:
    """This process (`rank` of `count`, `main` being the first), its device, and what it says to the others.

    There is one, or several under `accelerate launch` or `notebook_launcher`.
    """

    def __init__(self) -> None:
        self.accelerator = accelerator()
        self.accelerator.native_amp, self.accelerator.scaler = False, None  # `Precision` casts
        self.device, self.main = self.accelerator.device, self.accelerator.is_main_process
        self.rank, self.count = self.accelerator.process_index, self.accelerator.num_processes
        self.precision = self.accelerator.mixed_precision  # what the launcher was told: "no", "bf16" …

    def join(self, model: nn.Module) -> nn.Module:
        """The network as it is to be called in training: its gradients are the processes' mean."""
        return self.accelerator.prepare_model(model)

    def agreed(self, number: float) -> float:
        """The main process's number, so that all of them stop at the same step."""
        if self.count == 1:
            return number
        return broadcast(torch.tensor([number], dtype=torch.float32, device=self.device)).item()

    def total(self, numbers: Tensor) -> list[float]:
        """The sum over the processes, number by number."""
        return (numbers if self.count == 1 else self.accelerator.reduce(numbers)).tolist()

    @torch.no_grad()
    def alike(self, tensors: Iterable[Tensor]) -> None:
        """Put the main process's numbers into these tensors: batch norm's statistics differ with what each one saw."""
        for tensor in tensors if self.count > 1 else ():
            tensor.copy_(broadcast(tensor.contiguous()))

    def wait(self) -> None:
        """Until all of them are here."""
        self.accelerator.wait_for_everyone()


def shares(passes: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of one process; in place of an empty share an image of the batch before, which counts for nothing.

    All processes must take every step together, and a last batch may have fewer images than there are processes.
    """
    kept = None
    for x, labels in passes:
        if len(x):
            kept = x[:1], torch.full_like(labels[:1], NO_LABEL)
            yield x, labels
        else:
            yield kept
