import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cnnbook import outputs

small = st.integers(1, 40)


def positions(size, kernel, stride, padding):
    return sum(1 for left in range(-padding, size + padding - kernel + 1) if (left + padding) % stride == 0)


@given(size=small, kernel=small, stride=st.integers(1, 9), padding=st.integers(0, 9))
def test_it_counts_the_places_where_a_filter_stands(size, kernel, stride, padding):
    count = positions(size, kernel, stride, padding)
    if count == 0:
        with pytest.raises(ValueError, match=f"kernel {kernel} does not fit"):
            outputs(size, kernel, stride, padding, exact=False)
    else:
        assert outputs(size, kernel, stride, padding, exact=False) == count


@given(size=small, kernel=st.integers(1, 9), stride=st.integers(1, 5), padding=st.integers(0, 4))
def test_rounded_down_it_is_the_size_that_torch_makes(size, kernel, stride, padding):
    if size + 2 * padding < kernel:
        return
    made = torch.nn.functional.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), None, stride, padding)
    assert outputs(size, kernel, stride, padding, exact=False) == made.shape[-1]


@given(size=small, kernel=small, stride=st.integers(1, 9), padding=st.integers(0, 9))
def test_exact_raises_where_and_only_where_cells_are_left_over(size, kernel, stride, padding):
    room = size + 2 * padding - kernel
    if room < 0:
        return
    if room % stride:
        with pytest.raises(ValueError, match="is not whole") as raised:
            outputs(size, kernel, stride, padding)
        advice = str(raised.value).rpartition("Use stride ")[2].rstrip(".").replace(" or ", ", ")
        for better in map(int, advice.split(", ")):  # what it advises works
            assert (outputs(size, kernel, better, padding) - 1) * better == room
    else:
        assert (outputs(size, kernel, stride, padding) - 1) * stride == room


def test_the_case_that_does_not_fit_is_explained():
    with pytest.raises(ValueError) as raised:
        outputs(5, 3, stride=3, padding=1)
    assert str(raised.value) == (
        "stride 3 does not tile width 5 with kernel 3 and padding 1: (5 - 3 + 2) / 3 is not whole. "
        "Use stride 1, 2 or 4."
    )


@pytest.mark.parametrize(
    "size, kernel, stride, padding, expected",
    [(32, 5, 1, 0, 28), (227, 11, 4, 0, 55), (5, 3, 2, 1, 3), (7, 7, 9, 0, 1)],
)
def test_known_layers(size, kernel, stride, padding, expected):
    assert outputs(size, kernel, stride, padding) == expected


def test_the_first_layer_of_resnet_needs_rounding_down():
    with pytest.raises(ValueError):
        outputs(224, 7, 2, 3)
    assert outputs(224, 7, 2, 3, exact=False) == 112


@pytest.mark.parametrize(
    "arguments, words",
    [
        (dict(size=0, kernel=1), "size must be 1 or more, got 0"),
        (dict(size=5, kernel=0), "kernel must be 1 or more, got 0"),
        (dict(size=5, kernel=3, stride=0), "stride must be 1 or more, got 0"),
        (dict(size=5, kernel=3, padding=-1), "padding must be 0 or more, got -1"),
        (dict(size=5, kernel=8, padding=1), "at most 7 or padding of at least 2"),
    ],
)
def test_impossible_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        outputs(**arguments)


@pytest.mark.parametrize("value", [2.5, 3.0, "3", None])
def test_only_whole_numbers(value):
    with pytest.raises(TypeError, match="kernel must be a whole number"):
        outputs(5, value)


def test_numpy_integers_are_whole_numbers():
    assert outputs(np.int64(5), np.int32(3)) == 3


def test_a_huge_size_still_fails_at_once():
    with pytest.raises(ValueError, match="Use stride"):
        outputs(10**12 + 40, 1, stride=10**6)
