"""Numbers of 16 bits where the hardware multiplies them faster than those of 32."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

PRECISIONS = ("fp32", "bf16", "auto")


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
