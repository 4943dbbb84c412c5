"""How a value differs from the expected one: type, shape, transposition, a constant, a factor, or just wrong."""

import numbers
from dataclasses import dataclass, field, replace
from itertools import islice, permutations
from typing import Any

import numpy as np
import torch

THEIRS = (Exception, SystemExit)  # what a reader's code may raise; an interrupt by hand passes through
RTOL = 1e-5  # of floats, beside the absolute tolerance that the caller gives; whole numbers must be equal


@dataclass(frozen=True)
class Difference:
    """One way in which a value is wrong: a name of the message catalogue and the values for it.

    Where a list or a tuple was compared, `item` is the first that is wrong, counted from 0.
    """

    name: str
    values: dict[str, object] = field(default_factory=dict)
    item: int | None = None


def numeric(value: Any) -> bool:
    """Whether the value is a number, a tensor or an array of numbers."""
    if isinstance(value, torch.Tensor):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufc"
    return isinstance(value, (numbers.Number, np.generic)) and not isinstance(value, np.str_)


def array(value: Any) -> np.ndarray:
    """A number, tensor (any device, any dtype), array or nested list as a numpy array; ValueError for anything else."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().resolve_conj().resolve_neg()
        if value.is_floating_point():
            value = value.double()
        value = value.numpy() if value.layout == torch.strided else value.to_dense().numpy()
    elif isinstance(value, (list, tuple)):
        value = [array(item) for item in value]
    result = np.asarray(value)
    if result.dtype.kind not in "biufc":
        raise ValueError(f"{type_name(value)} is not made of numbers")
    return result


def difference(mine: Any, reference: Any, atol: float = 1e-5) -> Difference | None:
    """The first thing that is wrong with `mine`, or None where it equals `reference`.

    Numbers, tensors, arrays and nested lists are compared as numbers, whatever their dtype or device;
    tuples, lists and dicts item by item; everything else by ==.
    """
    if isinstance(reference, dict):
        return _of_dicts(mine, reference, atol)
    if isinstance(reference, (list, tuple)):
        return _of_sequences(mine, reference, atol)
    if numeric(reference):
        return _of_numbers(mine, reference, atol)
    if type(mine) is not type(reference) and not isinstance(mine, type(reference)):
        return _wrong_type(mine, reference)
    return None if bool(mine == reference) else Difference("values")


def _wrong_type(mine: Any, reference: Any) -> Difference:
    return Difference("type", {"got": type_name(mine), "expected": type_name(reference)})


def _of_dicts(mine: Any, reference: dict, atol: float) -> Difference | None:
    if not isinstance(mine, dict):
        return _wrong_type(mine, reference)
    if set(mine) != set(reference):
        return Difference("keys", {"got": show(list(mine)), "expected": show(list(reference))})
    parts = (difference(mine[key], reference[key], atol) for key in reference)
    return next((replace(found, item=None) for found in parts if found), None)


def _of_sequences(mine: Any, reference: list | tuple, atol: float) -> Difference | None:
    if numeric(mine) and not np.isscalar(mine) and array(mine).ndim > 0:
        mine = list(array(mine))
    if not isinstance(mine, (list, tuple)):
        return _wrong_type(mine, reference)
    if len(mine) != len(reference):
        return Difference("length", {"got": len(mine), "expected": len(reference)})
    parts = (difference(m, r, atol) for m, r in zip(mine, reference, strict=True))
    return next((replace(found, item=item) for item, found in enumerate(parts) if found), None)


def _of_numbers(mine: Any, reference: Any, atol: float) -> Difference | None:
    right = array(reference)
    single = right.ndim == 0
    if not numeric(mine) and not (isinstance(mine, (list, tuple)) and not single):
        return _wrong_type(mine, reference)
    try:
        got = array(mine)
    except (ValueError, TypeError):  # a ragged list, or a list of other things
        return _wrong_type(mine, reference)
    if single and got.ndim and got.size == 1:
        got = got.reshape(())
    if got.shape != right.shape:
        swapped = transposed(got, right, atol)
        return Difference("transposed") if swapped else Difference("shape", {"got": got.shape, "expected": right.shape})
    if not np.isfinite(got).all() and np.isfinite(right).all():
        return Difference("nan")
    if not same(got, right, atol):
        return Difference("transposed") if transposed(got, right, atol) else Difference("values")
    if isinstance(reference, int) and not isinstance(reference, bool) and isinstance(mine, float):
        return Difference("type_int", {"got": repr(mine)})
    return None


def same(got: np.ndarray, right: np.ndarray, atol: float) -> bool:
    """Equal shape and values: exactly where whole numbers are expected, else within tolerance."""
    if got.shape != right.shape:
        return False
    if right.dtype.kind in "biu":
        return bool(np.array_equal(got, right))
    return bool(np.allclose(got, right, rtol=RTOL, atol=atol, equal_nan=True))


def transposed(got: np.ndarray, right: np.ndarray, atol: float) -> bool:
    """Whether swapping two axes of `got` makes it right."""
    axes = [(a, b) for a in range(got.ndim) for b in range(a)]
    return any(same(np.swapaxes(got, a, b), right, atol) for a, b in axes)


def pattern(pairs: list[tuple[Any, Any]]) -> Difference | None:
    """Whether all (mine, expected) pairs are off by one constant, or by one factor: three numbers or more."""
    try:
        got = np.concatenate([array(mine).ravel() for mine, _ in pairs]).astype(float)
        right = np.concatenate([array(reference).ravel() for _, reference in pairs]).astype(float)
    except (ValueError, TypeError):
        return None
    if got.shape != right.shape or got.size < 3 or len(np.unique(right)) < 2 or not np.isfinite(got - right).all():
        return None
    by = np.median(got - right)
    if abs(by) > 1e-6 and np.allclose(got - right, by, rtol=1e-4, atol=1e-6):
        return Difference("constant", {"by": f"{by:.6g}"})
    nonzero = np.abs(right) > 1e-6
    if nonzero.sum() >= 3:
        by = np.median(got[nonzero] / right[nonzero])
        if abs(by) > 1e-6 and np.allclose(got, by * right, rtol=1e-4, atol=1e-6):
            return Difference("factor", {"by": f"{by:.6g}"})
    return None


def average(pairs: list[tuple[Any, Any]]) -> Difference | None:
    """Whether all (mine, expected) pairs are right on average although the values are not: what is too large at one
    place is as much too small at another. Many values of one kind, so that it is no coincidence."""
    if any(isinstance(reference, (tuple, list, dict)) for _, reference in pairs):
        return None
    try:
        both = [(array(mine).astype(float), array(reference).astype(float)) for mine, reference in pairs]
    except (ValueError, TypeError):
        return None
    if any(got.shape != right.shape for got, right in both):
        return None
    off = np.concatenate([(got - right).ravel() for got, right in both])
    wrong = off[np.abs(off) > 1e-6]
    if len(wrong) < 20 or not np.isfinite(wrong).all() or abs(wrong.sum()) > 1e-4 * np.abs(wrong).sum():
        return None
    return Difference("average", {"low": f"{wrong.min():.3g}", "high": f"{wrong.max():+.3g}"})


def reordered(pairs: list[tuple[Any, Any]], atol: float) -> bool:
    """Whether in all (mine, expected) pairs several values (a tuple of 2 to 4) are right but in another order."""
    count = len(pairs[0][1]) if pairs and isinstance(pairs[0][1], tuple) else 0
    if not 2 <= count <= 4:
        return False
    if not all(isinstance(each, (tuple, list)) and len(each) == count for pair in pairs for each in pair):
        return False
    return any(
        all(_of_sequences([mine[i] for i in order], right, atol) is None for mine, right in pairs)
        for order in islice(permutations(range(count)), 1, None)  # the first is the order as it is
    )


def furthest(mine: Any, reference: Any) -> str | None:
    """Where two tensors of more than one number differ most, as `[0, 2]: 3 (expected 4)`; None for others."""
    if not numeric(reference) or not numeric(mine):
        return None
    got, right = array(mine), array(reference)
    if got.shape != right.shape or right.size < 2:
        return None
    place = np.unravel_index(np.argmax(np.abs(got.astype(float) - right.astype(float))), right.shape)
    return f"[{', '.join(str(int(i)) for i in place)}]: {got[place]:.6g} ≠ {right[place]:.6g}"


def type_name(value: Any) -> str:
    """The type as a reader knows it: `int`, `Tensor (3, 5, 5)`, `class LeNet`."""
    if isinstance(value, type):
        return f"class {value.__name__}"
    shape = getattr(value, "shape", None)
    return type(value).__name__ + (f" {tuple(shape)}" if isinstance(shape, tuple) and len(shape) else "")


def show(value: Any, most: int = 300) -> str:
    """A value in few words: small tensors whole, large ones by their shape."""
    try:
        if isinstance(value, (torch.Tensor, np.ndarray)) and np.prod(value.shape) > 36:
            return type_name(value)
        if isinstance(value, torch.Tensor):
            numbers_ = value.detach().cpu()
            value = numbers_.item() if numbers_.ndim == 0 else np.asarray(numbers_.tolist())
        if isinstance(value, np.ndarray):
            return np.array2string(value, precision=4, suppress_small=True, separator=", ")
        said = f"{value:.6g}" if isinstance(value, float) and not value.is_integer() else repr(value)
    except Exception as error:  # a reader's own __repr__ may fail
        said = f"<{type(value).__name__}: {type(error).__name__}>"
    return said if len(said) <= most else said[: most - 1] + "…"
