"""Augmentations against plain loops, batches shared between processes, and views."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import pad
from torchvision.transforms.functional import five_crop, hflip
from torchvision.transforms.functional import ten_crop as torchvision_ten_crop

from cnnbook import data
from cnnbook.data import ImageSet


def some(count=64, channels=3, size=8):
    generator = torch.Generator().manual_seed(count)
    images = torch.randint(256, (count, channels, size, size), dtype=torch.uint8, generator=generator)
    return ImageSet(images, torch.arange(count) % 4, tuple("abcd"))


def one_batch(augment, images=None, **options):
    images = images if images is not None else some()
    (x, _), *_ = data.batches(images, len(images), shuffle=False, augment=augment, **options)
    return data.to_float(images.images), x


@settings(deadline=None)
@given(pixels=st.integers(0, 6), height=st.integers(1, 8), width=st.integers(1, 8), seed=st.integers(0, 99))
def test_shift_moves_each_image_by_whole_pixels(pixels, height, width, seed):
    images = torch.rand(6, 2, height, width, generator=torch.Generator().manual_seed(seed)) + 0.1
    moved = data.augmented(images, data.shift(pixels), seed)
    assert moved.shape == images.shape
    for before, after in zip(images, moved, strict=True):
        padded = pad(before, (pixels,) * 4)
        places = [
            padded[:, top : top + height, left : left + width]
            for top in range(2 * pixels + 1)
            for left in range(2 * pixels + 1)
        ]
        assert any(torch.equal(after, place) for place in places)


def test_shift_moves_images_differently_and_every_way():
    image = torch.zeros(2000, 1, 5, 5)
    image[:, :, 2, 2] = 1
    moved = data.augmented(image, data.shift(2))
    counts = moved.sum(dim=(0, 1))  # how often the dot landed in each cell
    assert (counts > 40).all() and counts.sum() == 2000


@pytest.mark.parametrize("mode", ["reflect", "zeros"])
def test_every_crop_is_a_window_of_its_own_padded_image(mode):
    before, after = one_batch(data.crop(padding=2, mode=mode))
    padded = pad(before, (2,) * 4, mode="reflect" if mode == "reflect" else "constant")
    places = set()
    for image, cropped in zip(padded, after, strict=True):
        found = [
            (top, left)
            for top in range(5)
            for left in range(5)
            if torch.equal(image[:, top : top + 8, left : left + 8], cropped)
        ]
        assert len(found) == 1
        places.add(found[0])
    assert len(places) > 15  # of 25: every image has its own


def test_smaller_crops_and_what_cannot_be_cut():
    before, after = one_batch(data.crop(size=5))
    assert after.shape == (64, 3, 5, 5)
    assert all(any(torch.equal(image[:, t : t + 5, u : u + 5], cropped) for t in range(4) for u in range(4))
               for image, cropped in zip(before, after, strict=True))  # fmt: skip
    with pytest.raises(ValueError, match="cannot cut 9×9 pixels from 8×8 with padding 0. Use size=8 or less, or more"):
        one_batch(data.crop(size=9))
    with pytest.raises(ValueError, match="cannot mirror 8 pixels of 8×8. Use padding=7 or less, or mode='zeros'."):
        one_batch(data.crop(padding=8))
    for way_out in (data.crop(size=8), data.crop(size=9, padding=1), data.crop(padding=7), data.crop(None, 8, "zeros")):
        one_batch(way_out)


def test_flips_alternate_so_that_each_image_is_seen_both_ways():
    before, first = one_batch(data.flip(), epoch=1)
    _, second = one_batch(data.flip(), epoch=2)
    _, third = one_batch(data.flip(), epoch=3)
    mirrored = [not torch.equal(a, b) for a, b in zip(before, first, strict=True)]
    assert 16 < sum(mirrored) < 48
    assert torch.equal(second, first.flip(3)) and torch.equal(third, first)


def test_free_flips_do_not_alternate():
    _, first = one_batch(data.flip(alternate=False), epoch=1)
    _, second = one_batch(data.flip(alternate=False), epoch=2)
    assert not torch.equal(second, first.flip(3)) and not torch.equal(second, first)


def test_scale_by_one_changes_nothing_and_by_two_takes_the_middle():
    before, after = one_batch(data.scale(1, 1))
    torch.testing.assert_close(before, after)
    step = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    step[..., 4:] = 255
    _, wide = one_batch(data.scale(2, 2), ImageSet(step, torch.zeros(1, dtype=torch.int64), ("a",)))
    assert (wide[..., :3] == 0).all() and (wide[..., 5:] == 1).all()


def test_scale_enlarges_each_image_by_its_own_factor_and_both_ways_alike():
    ramp = (torch.arange(9) * 20).expand(9, 9).to(torch.uint8)
    both = torch.stack([ramp, ramp.T]).repeat(400, 1, 1, 1)  # (400, 2, 9, 9), growing to the right and downwards
    before, after = one_batch(data.scale(0.8, 1.6), ImageSet(both, torch.zeros(400, dtype=torch.int64), ("a",)))

    def steepness(images):
        right, down = images[:, 0, 4, 5] - images[:, 0, 4, 4], images[:, 1, 5, 4] - images[:, 1, 4, 4]
        return torch.stack([right, down], dim=1)

    factors = steepness(before) / steepness(after)  # (400, 2): what is enlarged is less steep
    torch.testing.assert_close(factors[:, 0], factors[:, 1])
    assert 0.799 < factors.min() < 0.82 and 1.58 < factors.max() < 1.601
    assert float(factors.mean()) == pytest.approx(1.2, abs=0.05)


@pytest.mark.parametrize("kind", [data.brightness, data.contrast, data.saturation])
def test_colours_change_by_their_own_amount_and_stay_in_range(kind):
    before, after = one_batch(kind(0.4))
    change = (after - before).flatten(1).abs().mean(dim=1)
    assert after.min() >= 0 and after.max() <= 1 and change.std() > 0.005
    torch.testing.assert_close(one_batch(kind(0.0))[1], before)
    with pytest.raises(ValueError, match=f"{kind.__name__} must be in 0..1, got 1.5"):
        kind(1.5)


def test_contrast_keeps_the_mean_and_saturation_the_grey():
    middle = ImageSet((some().images // 4 + 96).to(torch.uint8), some().labels, tuple("abcd"))  # nothing is clamped
    before, after = one_batch(data.contrast(0.5), middle)
    torch.testing.assert_close(after.mean(dim=(2, 3)), before.mean(dim=(2, 3)))
    before, after = one_batch(data.saturation(0.5), middle)
    torch.testing.assert_close(after.mean(dim=1), before.mean(dim=1))


def test_pca_colour_moves_along_the_principal_axis_as_far_as_its_eigenvalue_says():
    grey = torch.randint(256, (2000, 1, 6, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images = ImageSet((grey // 4 + 90).repeat(1, 3, 1, 1), torch.zeros(2000, dtype=torch.int64), ("a",))
    before, after = one_batch(data.pca_colour(images, std=3.0), images)
    change = (after - before)[:, :, 0, 0]  # (2000, 3), all channels alike: grey varies only along (1, 1, 1)
    torch.testing.assert_close(change, change.mean(dim=1, keepdim=True).expand(-1, 3), atol=1e-5, rtol=0)
    eigenvalue = 3 * float(before[:, 0].var())  # of a covariance matrix whose nine numbers are this variance
    assert float(change.norm(dim=1).square().mean().sqrt()) == pytest.approx(3.0 * eigenvalue, rel=0.05)


def test_cutout_hides_one_square_a_image():
    before, after = one_batch(data.cutout(4))
    hidden = (before != after).any(dim=1)  # (64, 8, 8)
    for mask in hidden:
        rows, columns = mask.any(dim=1).nonzero(), mask.any(dim=0).nonzero()
        assert 2 <= rows.max() - rows.min() + 1 <= 4 and 2 <= columns.max() - columns.min() + 1 <= 4
    assert len({tuple(mask.nonzero()[0].tolist()) for mask in hidden}) > 10


def test_standardize_is_tensorflows():
    before, after = one_batch(data.standardize())
    assert after.mean(dim=(1, 2, 3)).abs().max() < 1e-5
    torch.testing.assert_close(after.std(dim=(1, 2, 3), correction=0), torch.ones(64))
    flat = ImageSet(torch.full((1, 1, 4, 4), 7, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64), ("a",))
    assert not one_batch(data.standardize(), flat)[1].any()  # no division by zero


EVERYTHING = [
    data.flip(), data.crop(size=7, padding=2), data.scale(0.8, 1.2), data.pca_colour(some()), data.brightness(0.2),
    data.contrast(0.2), data.saturation(0.2), data.cutout(3), data.standardize(),
]  # fmt: skip


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("batch_size", [11, 9, 31])  # 64 = 5 · 11 + 9 = 7 · 9 + 1 = 2 · 31 + 2: a last share is empty
def test_shares_together_are_the_batches_of_one_process(batch_size, processes):
    options = {"batch_size": batch_size, "seed": 4, "epoch": 2, "augment": EVERYTHING}
    whole = list(data.batches(some(), **options))
    shares = [list(data.batches(some(), **options, part=(rank, processes))) for rank in range(processes)]
    for (x, labels), *parts in zip(whole, *shares, strict=True):
        torch.testing.assert_close(torch.cat([part for part, _ in parts]), x)
        assert torch.equal(torch.cat([part for _, part in parts]), labels)
        assert max(len(part) for part, _ in parts) - min(len(part) for part, _ in parts) <= 1
        assert len(parts[0][0])  # whose statistics of batch norm count


def test_what_an_augmentation_keeps_is_not_changed():
    kept = torch.rand(64, 3, 8, 8)
    before = kept.clone()
    for options in ({}, {"mean": 0.5}, {"std": 0.5}, {"mean": 0.5, "std": 0.5}):
        ((x, _),) = data.batches(some(), 64, augment=lambda images, draw: kept, **options)
        torch.testing.assert_close(x, (before - options.get("mean", 0)) / options.get("std", 1))
        x.zero_()
    assert torch.equal(kept, before)


def test_the_same_seed_and_epoch_give_the_same_batches():
    def first(**options):
        return next(iter(data.batches(some(), 16, augment=EVERYTHING, **options)))[0]

    assert torch.equal(first(seed=1, epoch=3), first(seed=1, epoch=3))
    assert not torch.equal(first(seed=1, epoch=3), first(seed=1, epoch=4))
    assert not torch.equal(first(seed=1, epoch=3), first(seed=2, epoch=3))


def test_a_short_last_batch_can_be_left_out():
    sizes = [len(labels) for _, labels in data.batches(some(), 11)]
    assert sizes == [11] * 5 + [9]
    assert [len(labels) for _, labels in data.batches(some(), 11, drop_last=True)] == [11] * 5


@pytest.mark.parametrize("part", [(2, 2), (-1, 2), (0, 0)])
def test_a_share_that_is_none(part):
    with pytest.raises(ValueError, match="part must be"):
        data.batches(some(), 8, part=part)


def test_ten_crop_is_torchvisions():
    images = data.to_float(some(5, size=9).images)
    expected = torch.stack(torchvision_ten_crop(images, 6), dim=1)
    assert torch.equal(data.ten_crop(6)(images), expected)


def test_views_that_cannot_be_cut_say_what_can():
    images = torch.rand(2, 3, 20, 28)
    with pytest.raises(ValueError, match="views of 24 pixels from images of 20×28. Use a size from 1 to 20, or load"):
        data.ten_crop(24)(images)
    assert data.ten_crop(20)(images).shape == (2, 10, 3, 20, 20)
    with pytest.raises(ValueError, match=r"scales of at least size pixels, got size 24 and scales \(32, 20\)"):
        data.crops_144(24, scales=(32, 20))


@pytest.mark.parametrize("tall", [False, True])
def test_144_crops(tall):
    image = torch.rand(1, 3, 20, 28)
    image = image.transpose(2, 3) if tall else image
    views = data.crops_144(size=14, scales=(16, 18, 20, 22))(image)
    assert views.shape == (1, 144, 3, 14, 14)
    unchanged = views[:, 2 * 36 : 3 * 36]  # at 20 pixels the image itself: three squares of 12 views
    for number, start in enumerate((0, 4, 8)):
        square = image.narrow(2 if tall else 3, start, 20)
        for view, expected in enumerate(five_crop(square, [14, 14])):
            assert torch.allclose(unchanged[:, 12 * number + 2 * view], expected, atol=1e-5)
            assert torch.allclose(unchanged[:, 12 * number + 2 * view + 1], hflip(expected), atol=1e-5)


def test_flips_are_the_image_and_its_mirror():
    images = torch.rand(2, 1, 4, 4)
    assert torch.equal(data.flips(images)[:, 0], images) and torch.equal(data.flips(images)[:, 1], images.flip(3))


@pytest.mark.parametrize("height, width", [(20, 28), (28, 20), (20, 20)])
def test_multi_scale_keeps_the_whole_image_and_its_proportions(height, width):
    images = torch.rand(2, 3, height, width)
    views = data.multi_scale((10, 20, 30))(images)
    assert [view.shape for view in views] == [(2, 1, 3, height * s // 20, width * s // 20) for s in (10, 20, 30)]
    torch.testing.assert_close(views[1][:, 0], images)
    for view in views:  # no part is cut off: a ramp still runs from one end to the other
        ramp = torch.linspace(0, 1, height).view(1, 1, -1, 1).expand(1, 1, -1, width)
        ramp = data.multi_scale((view.shape[3],))(ramp)[0]
        assert ramp.min() < 0.08 and ramp.max() > 0.92


def test_multi_scale_is_resnets_five_unless_told_and_never_none():
    views = data.multi_scale()(torch.rand(1, 1, 8, 12))
    assert [tuple(view.shape[3:]) for view in views] == [(s, s * 3 // 2) for s in (224, 256, 384, 480, 640)]
    for wrong in ((), (32, 0)):
        with pytest.raises(ValueError, match="multi_scale needs one size or more"):
            data.multi_scale(wrong)
