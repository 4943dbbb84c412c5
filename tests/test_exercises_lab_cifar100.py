"""The exercises of lab 03, beyond what test_exercises.py asks of all: the head, the meter, the contest."""

from contextlib import suppress

import pytest
import torch
from answers import said
from torch import nn
from torch.nn import functional

from cnnbook import data, exercises, look, models, train
from cnnbook.data import shapes
from cnnbook.exercises import lab_cifar100
from cnnbook.exercises.lab_cifar100 import Meter, OverBudget

LAB = exercises.of_lab("03_cifar100")
SIZES = {"train": 1000, "test": 300}
EASY = dict.fromkeys(shapes.DIALS, 0.05)


def told(key, wrongs):
    """Each answer is wrong and gets the message that belongs to it, in English; no two the same, in either language."""
    for lang in ("ko", "en"):
        found = [said(key, answer, lang) for answer, _ in wrongs]
        assert {status for status, _ in found} == {"wrong"}
        assert len({words for _, words in found}) == len(wrongs)
    for (_, words), (_, expected) in zip(found, wrongs, strict=True):
        assert expected in words


def raising(*arguments):
    raise ZeroDivisionError("mine")


@pytest.fixture(scope="module")
def drawn():
    return {split: data.load("shapes", split, classes=100, count=count, **EASY) for split, count in SIZES.items()}


@pytest.fixture(autouse=True)
def small(monkeypatch, drawn):
    """Few easy drawings of a hundred classes, and a number that a network trained on them for a second beats."""

    def drawn_now(seed):
        return data.load("shapes", "test", classes=100, count=300, seed=seed, **EASY)

    monkeypatch.setattr(lab_cifar100, "images", lambda split="train": drawn[split])
    monkeypatch.setattr(lab_cifar100, "drawn_now", drawn_now)
    monkeypatch.setattr(lab_cifar100, "TO_BEAT", {"shapes": 0.2})
    monkeypatch.setattr(lab_cifar100, "BUDGET", {"shapes": 9.5e9})


@pytest.mark.parametrize("key", LAB)
@pytest.mark.parametrize("answer", [None, ...])
def test_nothing_written_is_not_yet(key, answer):
    assert said(key, answer)[0] == "notyet"


@pytest.mark.parametrize("key", LAB)
@pytest.mark.parametrize(
    "answer", [0, float("nan"), [1, 2], "text", {}, {"a": 1}, torch.ones(2), nn.Linear(2, 2), int, lambda: 1]
)
def test_whatever_is_handed_in_gets_a_message(key, answer):
    status, words = said(key, answer)
    assert status == "wrong" and words


@pytest.mark.parametrize("key", LAB)
@pytest.mark.parametrize("value", [float("nan"), [float("nan")], [], {"a": 1}])
def test_whatever_comes_back_gets_a_message(key, value):
    status, words = said(key, lambda *arguments: value)
    assert status == "wrong" and words


@pytest.mark.parametrize("key", LAB)
def test_an_error_of_the_readers_is_shown_as_theirs(key):
    assert "ZeroDivisionError: mine" in said(key, raising)[1]


# Answers written in other ways


def by_dict(labels, coarse_labels):
    return [coarse for _, coarse in sorted(set(zip(labels.tolist(), coarse_labels.tolist(), strict=True)))]


def by_rank(logits, labels, k):
    larger = logits > logits[torch.arange(len(labels)), labels, None]
    return (larger.sum(dim=1) < k).float().mean()


def by_adding(logits, coarse_of):
    sums = torch.zeros(len(logits), int(coarse_of.max()) + 1)
    return coarse_of[logits.argmax(dim=1)], sums.index_add(1, coarse_of, logits.exp()).argmax(dim=1)


def by_lerp(x, targets, order, share):
    return torch.lerp(x[order], x, share.view(-1, 1, 1, 1)), torch.lerp(targets[order], targets, share.view(-1, 1))


@pytest.mark.parametrize(
    "key, answer",
    [
        ("coarse_of", lambda labels, coarse_labels: torch.stack([labels, coarse_labels]).unique(dim=1)[1]),
        ("coarse_of", by_dict),
        ("top_k", by_rank),
        ("superclasses", by_adding),
        ("smoothed", lambda labels, classes, epsilon: torch.eye(classes)[labels] * (1 - epsilon) + epsilon / classes),
        ("mixed", by_lerp),
    ],
)
def test_functions_may_be_written_in_more_than_one_way(key, answer):
    assert said(f"lab_cifar100_{key}", answer)[0] == "right"


def test_cifar100_itself_has_no_five_neighbours_in_a_superclass():
    """What the message about dividing by 5 says."""
    from cnnbook.data.labels import COARSE_OF_FINE

    assert list(COARSE_OF_FINE) != [label // 5 for label in range(100)]
    drawings = lab_cifar100.images("train")
    assert torch.equal(drawings.coarse_labels, drawings.labels // 5)


# The head


class Right(nn.Module):
    def __init__(self, channels, classes, bias=True, zero=True):
        super().__init__()
        self.linear = nn.Linear(channels, classes, bias=bias)
        for parameter in self.parameters() if zero else ():
            nn.init.zeros_(parameter)

    def pooled(self, x):
        return x.mean(dim=(2, 3))

    def after(self, logits):
        return logits

    def forward(self, x):
        return self.after(self.linear(self.pooled(x)))


def head_of(pooled=None, after=None, **options):
    """A class like the right one, with another way to pool, something done to its logits, or other options."""
    changes = {"pooled": pooled, "after": after}
    methods = {name: staticmethod(change) for name, change in changes.items() if change}

    def init(self, channels, classes):
        Right.__init__(self, channels, classes, **options)

    return type("Head", (Right,), methods | {"__init__": init})


def layered(channels, classes):
    linear = nn.Linear(channels, classes)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)


class Convolved(nn.Module):
    """Two layers where one is asked for."""

    def __init__(self, channels, classes):
        super().__init__()
        self.first, self.last = nn.Linear(channels, channels), nn.Linear(channels, classes)

    def forward(self, x):
        return self.last(self.first(x.mean(dim=(2, 3))))


@pytest.mark.parametrize("answer", [Right, layered])
def test_the_head_may_be_written_in_more_than_one_way(answer):
    assert said("lab_cifar100_head", answer)[0] == "right"


def test_wrong_heads_are_told_apart():
    told("lab_cifar100_head", [
        (Right(3, 4), "Hand in the class itself"),
        (lambda channels, classes: channels, "must be an `nn.Module`"),
        (head_of(pooled=lambda x: x.flatten(1)), "First take the mean of each map"),
        (head_of(after=lambda logits: logits[:, :5]), "the output is"),
        (head_of(bias=False), "has no bias"),
        (Convolved, "A single linear layer has"),
        (head_of(zero=False), "the loss starts at"),
        (head_of(pooled=lambda x: x.amax(dim=(2, 3))), "max pooling"),
        (head_of(pooled=lambda x: x.sum(dim=(2, 3))), "summed, not averaged"),
        (head_of(pooled=lambda x: x[:, :, 0, 0]), "top left cell"),
        (head_of(pooled=lambda x: x.relu().mean(dim=(2, 3))), "one more ReLU"),
        (head_of(after=lambda logits: logits.softmax(dim=1)), "ends with a softmax"),
        (head_of(after=lambda logits: logits.log_softmax(dim=1)), "ends with a log softmax"),
        (head_of(after=lambda logits: logits.relu()), "a ReLU after the output layer"),
        (head_of(after=lambda logits: logits.tanh()), "something else"),
    ])  # fmt: skip


# The meter


def test_the_meter_counts_images_times_multiply_adds():
    images = lab_cifar100.images("train")[:100]
    network = models.create("cifar_fast", num_classes=100, widths=(4, 8, 8))
    each = int(look.trace(network, (3, 32, 32)).multiply_adds.sum())
    with Meter() as meter:
        history = train.fit(network, images, images, epochs=3, batch_size=30, optimizer="muon", quiet=True)
        train.evaluate(network, images, like=history)
    assert meter.spent == 3 * 100 * each  # testing costs nothing; nor does the optimizer


def test_the_meter_sees_functions_too():
    x, filters = torch.randn(2, 3, 8, 8), torch.randn(4, 3, 3, 3, requires_grad=True)
    with Meter() as meter:
        maps = functional.conv2d(x, weight=filters, padding=1)  # (2, 4, 8, 8)
        assert meter.spent == 2 * 4 * 64 * 27
        functional.conv2d(input=maps, weight=torch.randn(4, 1, 3, 3), groups=4)
        assert meter.spent == 2 * 4 * 64 * 27 + 2 * 4 * 36 * 9
        before = meter.spent
        maps.flatten(1) @ torch.randn(256, 5)
        torch.matmul(maps.flatten(1), other=torch.randn(256, 5))
        functional.linear(maps.flatten(1), torch.randn(5, 256))
        assert meter.spent == before + 3 * 2 * 256 * 5
        functional.conv_transpose2d(maps, torch.randn(4, 6, 2, 2), stride=2)
        assert meter.spent == before + 3 * 2 * 256 * 5 + maps.numel() * 24
        before = meter.spent
        torch.einsum("nchw,cd->ndhw", maps, torch.randn(4, 5)).sum().backward()  # the way back is not counted
        assert meter.spent == before + maps.numel() * 5
    with torch.no_grad(), Meter() as meter:
        functional.conv2d(x, filters)
    assert meter.spent == 0


def test_the_meter_stops_what_goes_past_its_limit():
    with pytest.raises(OverBudget), Meter(1000) as meter:
        for _ in range(100):
            functional.linear(torch.randn(1, 30), torch.randn(10, 30, requires_grad=True))
    assert 1000 < meter.spent <= 1300


# The contest


def trained(images):
    torch.manual_seed(0)
    network = models.create("cifar_fast", num_classes=100, widths=(6, 16, 32))
    models.prepare(network, images.images, *train.statistics(images))
    history = train.fit(network, images, epochs=4, batch_size=20, optimizer="muon", schedule="linear", quiet=True)
    return network, history


def answers(network, history, pixels, mode=False):
    network.train(mode)
    with torch.no_grad():
        return network((data.to_float(pixels) - history.mean[:, None, None]) / history.std[:, None, None])


def competing(mode=False):
    """A right answer to the contest, or one whose network answers in train mode."""

    def compete(images):
        network, history = trained(images)
        return lambda pixels: answers(network, history, pixels, mode)

    return compete


def returning(classify, trains=True):
    """A contest's answer that trains a little, or not at all, and returns this."""

    def compete(images):
        if trains:
            network = nn.Sequential(nn.Flatten(), nn.Linear(3072, 100))
            functional.cross_entropy(network(data.to_float(images.images)), images.labels).backward()
        return classify

    return compete


def test_whoever_beats_the_number_is_right(capsys):
    assert said("lab_cifar100_compete", competing())[0] == "right"
    shown = capsys.readouterr().out
    assert "test: accuracy 0." in shown and "coarse 0." in shown and "top-5 0." in shown and "%" in shown


def test_an_unfinished_contest_is_not_yet():
    def compete(images):
        return returning(...)(images)

    assert said("lab_cifar100_compete", compete)[0] == "notyet"


def test_contests_that_are_not_won_are_told_apart():
    test_set = lab_cifar100.images("test")
    by_pixels = {image.numpy().tobytes(): label for image, label in zip(test_set.images, test_set.labels, strict=True)}

    def known_by_heart(pixels):
        labels = [by_pixels.get(image.numpy().tobytes(), 0) for image in pixels]
        return functional.one_hot(torch.tensor(labels), 100).float()

    def guess(pixels):
        return functional.one_hot(pixels.flatten(1).sum(dim=1) % 100, 100).float()

    def spendthrift(images):
        for _ in range(1000):
            functional.linear(torch.zeros(1000, 1000), torch.zeros(1000, 1000))

    told("lab_cifar100_compete", [
        (nn.Linear(2, 2), "Hand in the function `compete`"),
        (7, "without brackets"),
        (spendthrift, "ran out during the training"),
        (returning(None), "Is a `return` missing"),
        (returning(nn.Linear(2, 2)), "It returns a network"),
        (returning(torch.ones(3)), "must return a function"),
        (returning(guess, trains=False), "Nothing was trained in the call"),
        (returning(lambda pixels: 3), "must give a tensor (N, 100)"),
        (returning(lambda pixels: guess(pixels).argmax(dim=1)), "gives labels"),
        (returning(lambda pixels: guess(pixels)[:, :20]), "the shape is (300, 20)"),
        (returning(lambda pixels: guess(pixels) * float("nan")), "NaN"),
        (returning(lambda pixels: torch.eye(100)[[3] * len(pixels)]), "always gives the same answer: 3"),
        (competing(mode=True), "in other company"),
        (returning(guess), "as good as guessing"),
        (returning(known_by_heart), "Did test images get into the training?"),
    ])  # fmt: skip


def test_whoever_catches_the_end_of_the_budget_is_told_the_same():
    def deaf(images):
        with suppress(OverBudget):
            while True:
                functional.linear(torch.zeros(1000, 1000), torch.zeros(1000, 1000))
        return lambda pixels: functional.one_hot(pixels.flatten(1).sum(dim=1) % 100, 100).float()

    assert "ran out during the training" in said("lab_cifar100_compete", deaf)[1]


def test_below_the_number_it_says_both(monkeypatch):
    monkeypatch.setattr(lab_cifar100, "TO_BEAT", {"shapes": 0.95})
    status, words = said("lab_cifar100_compete", competing())
    assert status == "wrong" and "to beat: 0.95" in words and "validation set" in words


def test_the_lab_states_the_numbers_that_the_check_wants(monkeypatch):
    monkeypatch.undo()
    assert lab_cifar100.TO_BEAT == {"cifar100": 0.62, "shapes": 0.40}
    assert lab_cifar100.BUDGET == {"cifar100": 350e12, "shapes": 150e9}


def test_offline_a_full_budget_ends_with_drawings(monkeypatch, capsys):
    monkeypatch.undo()
    monkeypatch.setenv("CNNBOOK_BUDGET", "full")
    monkeypatch.setenv("CNNBOOK_OFFLINE", "1")
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)
    monkeypatch.setenv("CNNBOOK_CACHE", "/nowhere")
    lab_cifar100.images.cache_clear()
    try:
        assert lab_cifar100.images("test").name == "shapes" and "cifar100 cannot be had" in capsys.readouterr().out
    finally:
        lab_cifar100.images.cache_clear()
