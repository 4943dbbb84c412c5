"""The exercises of lab 02, beyond what test_exercises.py asks of all: those whose answer is not a plain function."""

import copy

import pytest
import torch
from answers import said
from torch import nn
from torch.nn import functional

from cnnbook import data, exercises, layers, train
from cnnbook.exercises import lab_cifar10, stepped

LAB = exercises.of_lab("02_cifar10")


def told(key, wrongs):
    """Each answer is wrong and gets the message that belongs to it, in English; no two the same, in either language."""
    for lang in ("ko", "en"):
        found = [said(key, answer, lang) for answer, _ in wrongs]
        assert {status for status, _ in found} == {"wrong"}
        assert len({words for _, words in found}) == len(wrongs)
    for (_, words), (_, expected) in zip(found, wrongs, strict=True):
        assert expected in words


def nothing(value):
    """None, of a function that does something."""


def raising(*arguments):
    raise ZeroDivisionError("mine")


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
def test_an_error_of_the_readers_is_shown_as_theirs(key):
    assert "ZeroDivisionError: mine" in said(key, raising)[1]


@pytest.mark.parametrize(
    "key, answer",
    [
        ("lab_cifar10_loss", lambda logits, labels: torch.tensor(float("nan"))),
        ("lab_cifar10_step", lambda *arguments: float("nan")),
        ("lab_cifar10_accuracy", lambda network, batches: float("nan")),
        ("lab_cifar10_recall_precision", lambda matrix: (float("nan"), [float("nan")])),
        ("lab_cifar10_tune", lambda recipes, images, measure: float("nan")),
        ("lab_cifar10_beat", lambda images: float("nan")),
        ("lab_cifar10_beat", lambda images: []),
    ],
)
def test_nan_and_lists_get_a_message(key, answer):
    status, words = said(key, answer)
    assert status == "wrong" and words


# The network


def lrn(**other):
    return nn.LocalResponseNorm(**({"size": 9, "alpha": 0.001, "beta": 0.75, "k": 1.0} | other))


def pool(**other):
    return nn.MaxPool2d(**({"kernel_size": 3, "stride": 2, "ceil_mode": True} | other))


def network_of(change=lambda parts, classes: None, norm=lrn):
    """A class whose layers are the right ones, by name, after a change."""

    class Net(nn.Sequential):
        def __init__(self, classes=10):
            parts = {
                "conv1": nn.Conv2d(3, 64, 5, padding=2), "relu1": nn.ReLU(), "pool1": pool(), "norm1": norm(),
                "conv2": nn.Conv2d(64, 64, 5, padding=2), "relu2": nn.ReLU(), "norm2": norm(), "pool2": pool(),
                "flatten": nn.Flatten(), "local3": nn.Linear(2304, 384), "relu3": nn.ReLU(),
                "local4": nn.Linear(384, 192), "relu4": nn.ReLU(), "out": nn.Linear(192, classes),
            }  # fmt: skip
            change(parts, classes)
            super().__init__(*parts.values())

    return Net


def put(**layers_):
    return network_of(lambda parts, classes: parts.update({name: make() for name, make in layers_.items()}))


def pooled(make):
    return put(pool1=make, pool2=make)


def without(*names):
    return network_of(lambda parts, classes: [parts.pop(name) for name in names])


def with_more(make):
    return network_of(lambda parts, classes: parts.update(more=make()))


def swapped(a, b):
    def change(parts, classes):
        parts[a], parts[b] = parts[b], parts[a]

    return network_of(change)


class Functional(nn.Module):
    """The right network in another style, its layers made in another order."""

    def __init__(self, classes):
        super().__init__()
        self.last, self.fourth = nn.Linear(192, classes), nn.Linear(384, 192)
        self.second, self.first = nn.Conv2d(64, 64, 5, padding="same"), nn.Conv2d(3, 64, 5, padding="same")
        self.third = nn.Linear(2304, 384)

    def forward(self, x):
        x = lrn()(self.pooled(self.first(x).relu()))
        x = self.pooled(lrn()(self.second(x).relu()))
        x = self.third(x.flatten(start_dim=1)).relu()
        return self.last(self.fourth(x).relu())

    def pooled(self, x):
        return functional.max_pool2d(functional.pad(x, (0, 1, 0, 1), value=-torch.inf), 3, 2)


@pytest.mark.parametrize(
    "answer",
    [
        network_of(),
        network_of(norm=lambda: layers.LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1.0)),
        network_of(lambda parts, classes: parts.update(relu3=nn.Sequential(nn.ReLU(), nn.Dropout(0.5)))),
        Functional,
    ],
)
def test_the_network_may_be_written_in_more_than_one_way(answer):
    assert said("lab_cifar10_network", answer)[0] == "right"


def test_wrong_networks_are_told_apart():
    def narrow(parts, classes):
        parts["conv1"], parts["conv2"] = nn.Conv2d(3, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2)

    def one_more(parts, classes):
        parts["out"] = nn.Linear(192, classes + 1)

    wrongs = [
        (network_of()(), "Hand in the class itself"),
        (lambda classes: classes, "must be an `nn.Module`"),
        (put(pool1=lambda: pool(ceil_mode=False)), "2,304"),
        (put(out=lambda: nn.Linear(192, 10)), "it gives 10"),
        (network_of(one_more), "the output has the shape"),
        (network_of(narrow), "Missing: conv1"),
        (put(conv2=lambda: nn.Conv2d(64, 64, 5, padding=2, bias=False)), "Without a bias: conv2"),
        (with_more(lambda: nn.PReLU()), "parameters"),
        (pooled(lambda: pool(padding=1, ceil_mode=False)), "one cell off"),
        (pooled(lambda: pool(kernel_size=2)), "window has 2 cells"),
        (pooled(lambda: nn.AvgPool2d(3, 2, ceil_mode=True)), "average pooling"),
        (without("norm1", "norm2"), "There is no LRN"),
        (network_of(norm=lambda: lrn(alpha=0.001 / 9)), "divided by 9 twice"),
        (network_of(norm=lambda: nn.LocalResponseNorm(9)), "default `alpha`"),
        (network_of(norm=lambda: lrn(size=4)), "the radius"),
        (network_of(norm=lambda: lrn(k=2.0)), "LRN's `k` is not 1"),
        (swapped("pool1", "norm1"), "norm1 comes before pool1"),
        (swapped("pool2", "norm2"), "pool2 comes before norm2"),
        (without("relu1"), "after conv1"),
        (without("relu2"), "after conv2"),
        (without("relu3"), "after local3"),
        (without("relu4"), "after local4"),
        (without("relu1", "relu2", "relu3", "relu4"), "no ReLU at all"),
        (with_more(lambda: nn.Softmax(dim=1)), "ends with a softmax"),
        (with_more(lambda: nn.LogSoftmax(dim=1)), "log softmax"),
        (with_more(nn.ReLU), "after the output layer"),
        (with_more(nn.Tanh), "computes something else"),
    ]  # fmt: skip
    told("lab_cifar10_network", wrongs)


# The loss


@pytest.mark.parametrize(
    "answer",
    [
        functional.cross_entropy,
        lambda logits, labels: functional.nll_loss(logits.log_softmax(dim=-1), labels),
        lambda logits, labels: (logits.logsumexp(dim=1) - logits.gather(1, labels[:, None])[:, 0]).mean(),
    ],
)
def test_the_loss_may_be_written_in_more_than_one_way(answer):
    assert said("lab_cifar10_loss", answer)[0] == "right"


def test_half_repaired_losses_are_told_apart():
    cross_entropy = functional.cross_entropy
    told("lab_cifar10_loss", [
        *((mistake.wrong, mistake.says["en"]) for mistake in lab_cifar10.LOSSES),
        (lambda logits, labels: cross_entropy(logits, labels, reduction="none"), "Take the mean"),
        (lambda logits, labels: cross_entropy(logits, labels).item(), "no gradient passes"),
        (lambda logits, labels: functional.nll_loss(logits.softmax(dim=1).log(), labels), "the loss is inf"),
        (lambda logits, labels: nothing(logits), "`None`"),
        (lambda logits, labels: 2 * cross_entropy(logits, labels), "expected"),
    ])  # fmt: skip


# The step


def right_step(network, optimizer, loss_function, x, labels):
    optimizer.zero_grad()
    loss = loss_function(network(x), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def erase_at_the_end(network, optimizer, loss_function, x, labels):
    loss = loss_function(network(x), labels)
    loss.backward()
    optimizer.step()
    network.zero_grad(set_to_none=False)
    return loss.item()


def by_autograd(network, optimizer, loss_function, x, labels):
    loss = loss_function(network(x), labels)
    parameters = list(network.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    return float(loss.detach())


@pytest.mark.parametrize("answer", [right_step, erase_at_the_end, by_autograd])
def test_the_step_may_be_written_in_more_than_one_way(answer):
    assert said("lab_cifar10_step", answer)[0] == "right"


def test_half_repaired_steps_are_told_apart():
    def silent(*arguments):
        right_step(*arguments)

    def loss_after(network, optimizer, loss_function, x, labels):
        right_step(network, optimizer, loss_function, x, labels)
        return loss_function(network(x), labels).item()

    def with_its_graph(network, optimizer, loss_function, x, labels):
        optimizer.zero_grad()
        loss = loss_function(network(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    def upwards(network, optimizer, loss_function, x, labels):
        return right_step(network, optimizer, lambda *both: -loss_function(*both), x, labels)

    told("lab_cifar10_step", [
        *((mistake.wrong, mistake.says["en"]) for mistake in [*lab_cifar10.STEPS, *stepped.MISTAKES]),
        (stepped.stepping("fzbzs"), "stands between"),
        (silent, "no loss is returned"),
        (loss_after, "not the loss from before"),
        (with_its_graph, "as the tensor"),
        (upwards, "the weights are others"),
    ])  # fmt: skip


# The accuracy


def counted(network, batches):
    right = total = 0
    for x, labels in batches:
        right += int((network(x).argmax(dim=1) == labels).sum())
        total += len(labels)
    return right, total


def measured(network, batches, before=None, after=None, of=lambda right, total: right / total, no_grad=True):
    """The accuracy in eval mode, with something done otherwise."""
    training = network.training
    network.eval()
    if before:
        before(network)
    with torch.set_grad_enabled(not no_grad):
        right, total = counted(network, batches)
    network.train(training)
    if after:
        after(network)
    return of(right, total)


def measuring(**options):
    return lambda network, batches: measured(network, batches, **options)


def by_a_copy(network, batches):
    return measured(copy.deepcopy(network), batches)


def module_by_module(network, batches):
    modes = {module: module.training for module in network.modules()}
    share = measured(network, list(batches))
    for module, mode in modes.items():
        module.training = mode
    return torch.tensor(share)


@pytest.mark.parametrize("answer", [measured, by_a_copy, module_by_module])
def test_the_accuracy_may_be_written_in_more_than_one_way(answer):
    assert said("lab_cifar10_accuracy", answer)[0] == "right"


def test_half_repaired_accuracies_are_told_apart():
    def script(network, batches):
        network.train()
        with torch.no_grad():
            right, total = counted(network, batches)
        return right / total

    def seeded(network, batches):
        torch.manual_seed(0)
        return script(network, batches)

    def of_one(which):
        return lambda network, batches: measured(network, list(batches)[which : which + 1 or None])

    def means(network, batches):
        shares = [measured(network, [batch]) for batch in batches]
        return sum(shares) / len(shares)

    def switched_late(network, batches):
        network.train()
        batches = list(batches)
        with torch.no_grad():
            first = counted(network, batches[:1])
            network.eval()
            rest = counted(network, batches[1:])
        network.train()
        return (first[0] + rest[0]) / (first[1] + rest[1])

    def some_in_training(kind):
        return measuring(before=lambda network: [each.train() for each in network if isinstance(each, kind)])

    told("lab_cifar10_accuracy", [
        (script, "It still measures in train mode"),
        (seeded, "A fixed seed"),
        (switched_late, "before the loop"),
        (some_in_training(nn.BatchNorm1d), "Dropout is off, but"),
        (some_in_training(nn.Dropout), "dropout still switches units off"),
        (means, "mean of the batches"),
        (of_one(-1), "last batch alone"),
        (of_one(0), "first batch alone"),
        (measuring(of=lambda right, total: 100 * right / total), "percent"),
        (measuring(of=lambda right, total: right), "how many are right"),
        (measuring(of=lambda right, total: 1 - right / total), "error rate"),
        (measuring(after=lambda network: network.eval()), "left in eval mode"),
        (measuring(after=lambda network: network.train()), "leaves in train mode"),
        (measuring(after=lambda network: nn.init.zeros_(network[0].weight)), "has changed"),
        (measuring(no_grad=False), "with gradients prepared"),
        (measuring(after=lambda network: torch.set_grad_enabled(False)), "left switched off"),
        (lambda network, batches: [0.5], "a single number"),
        (lambda network, batches: nothing(network), "`None`"),
    ])  # fmt: skip


# The confusion matrix


def reference(name):
    return exercises.find(f"lab_cifar10_{name}").reference


MATRIX = torch.tensor([[8, 5, 3], [2, 6, 0], [0, 6, 10]])  # its largest mistake is not of the worst pair


def test_one_matrix_read_by_hand():
    recall, precision = reference("recall_precision")(MATRIX)
    assert recall.tolist() == pytest.approx([8 / 16, 6 / 8, 10 / 16])  # of the rows
    assert precision.tolist() == pytest.approx([8 / 10, 6 / 17, 10 / 13])  # of the columns
    for matrix in (MATRIX, MATRIX.T):
        assert reference("most_confused")(matrix) == (0, 1)  # 5 + 2, against 6 + 0 and 3 + 0
    assert reference("reading")(MATRIX, ("ant", "bee", "cat")) == {
        "hardest": "ant",  # 8 of 16
        "overcalled": "bee",  # named 17 times, and there are 8
        "gain": pytest.approx(7 / 40),
    }


@pytest.mark.parametrize(
    "matrix, recall, precision",
    [
        ([[3, 1, 0], [1, 4, 0], [2, 2, 0]], [3 / 4, 4 / 5, 0], [3 / 6, 4 / 7, 0]),  # the last is never named
        ([[3, 1, 2], [0, 0, 0], [1, 0, 3]], [3 / 6, 0, 3 / 4], [3 / 4, 0, 3 / 5]),  # there is none of the second
    ],
)
def test_a_class_never_named_or_without_images_gets_0(matrix, recall, precision):
    found = reference("recall_precision")(torch.tensor(matrix))
    assert [values.tolist() for values in found] == [pytest.approx(recall), pytest.approx(precision)]


def shares(matrix, rows=1, columns=1):
    right = matrix.diagonal()
    return right / matrix.sum(dim=1).clamp(min=rows), right / matrix.sum(dim=0).clamp(min=columns)


def test_the_check_asks_for_classes_never_named_and_for_classes_without_images():
    assert said("lab_cifar10_recall_precision", shares)[0] == "right"
    assert said("lab_cifar10_recall_precision", lambda matrix: shares(matrix, columns=0))[0] == "wrong"
    assert said("lab_cifar10_recall_precision", lambda matrix: shares(matrix, rows=0))[0] == "wrong"


# The choice


def right_choice(recipes, images, measure):
    training, validation = images.split(0.8)
    found = {name: measure(recipe, training, validation) for name, recipe in recipes.items()}
    return max(found, key=found.get)


def by_a_loop(recipes, images, measure):
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(1))
    validation, training = images[order[:30]], images[order[30:]]
    best, highest = None, -1.0
    for name in recipes:
        if (accuracy := measure(recipes[name], training, validation)) > highest:
            best, highest = name, accuracy
    return best


@pytest.mark.parametrize("answer", [right_choice, by_a_loop])
def test_a_choice_on_a_validation_set_is_right(answer):
    assert said("lab_cifar10_tune", answer)[0] == "right"


def test_wrong_choices_are_told_apart():
    test_set = data.load("shapes", "test", count=50)

    def choosing(of=max, part=lambda images, number: images.split(0.8), give=lambda name, found: name, times=1):
        def tune(recipes, images, measure):
            found = {}
            for number, (name, recipe) in enumerate(recipes.items()):
                for _ in range(times):
                    found[name] = measure(recipe, *part(images, number))
            return give(of(found, key=found.get), found)

        return tune

    def some_only(recipes, images, measure):
        return right_choice(dict(list(recipes.items())[:2]), images, measure)

    def recipe_itself(recipes, images, measure):
        return recipes[right_choice(recipes, images, measure)]

    told("lab_cifar10_tune", [
        (lambda recipes, images, measure: next(iter(recipes)), "never called"),
        (choosing(part=lambda images, number: (images, images)), "learns by heart"),
        (choosing(part=lambda images, number: (images, test_set)), "Is it the test set, or"),
        (choosing(part=lambda images, number: (images[:80], images[80:])), "Some classes are missing"),
        (choosing(part=lambda images, number: images.split(0.2)), "Train on about four fifths"),
        (choosing(part=lambda images, number: images.split(0.8, seed=number)), "on other images"),
        (choosing(part=lambda images, number: (images.images, images.labels)), "must be an `ImageSet`"),
        (choosing(times=2), "The budget is one training each"),
        (choosing(of=min), "the lowest accuracy"),
        (choosing(give=lambda name, found: found[name]), "You return an accuracy"),
        (choosing(give=lambda name, found: (name, found[name])), "You return several things"),
        (choosing(give=lambda name, found: found), "return a table"),
        (recipe_itself, "return a recipe"),
        (choosing(give=lambda name, found: name.upper()), "no recipe's name"),
        (choosing(give=lambda name, found: None), "`None`"),
        (some_only, "not measured"),
        (lambda recipes, images, measure: [measure(name, *images.split(0.8)) for name in recipes], "the recipe itself"),
    ])  # fmt: skip


# The recipes


def simple():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 24 * 24, 10))


BASE = {"network": simple, "lr": 0.01, "optimizer": "sgd", "augment": [data.crop(size=24)]}


def three(**other):
    return {"a": BASE, "b": BASE | {"lr": 0.02}, "c": BASE | {"lr": 0.03} | other}


def test_recipes_that_train_are_right():
    table = three(label_smoothing=0.1, schedule="onecycle", ema=0.9)
    assert said("lab_cifar10_recipes", lambda: table)[0] == "right"
    assert said("lab_cifar10_recipes", table)[0] == "right"


def test_wrong_recipes_are_told_apart():
    told("lab_cifar10_recipes", [
        ([BASE, BASE, BASE], "A dict from names to recipes"),
        ({"a": BASE, "b": BASE | {"lr": 0.02}}, "there should be three"),
        ({**three(), "d": {"lr": 0.1}}, "has no `network`"),
        (three(network=simple()), "a function that makes a new network"),
        (three(epochs=100), "Leave out `epochs`"),
        (three(learning_rate=0.1), "unknown setting, `learning_rate`"),
        ({**three(), "d": dict(BASE)}, "the same recipe as"),
        (three(schedule="none"), "it raised an error. ValueError"),
        (three(augment=[]), "got images of 32"),
        (three(augment=[data.crop(size=20)]), "it raised an error. RuntimeError"),
        (three(optimizer=torch.optim.Adam), "is a name, not a class"),
    ])  # fmt: skip


# The number to beat


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 6 * 6, 10),
    )  # fmt: skip
    images = data.load("shapes", "train", count=1500).centre(24)
    train.fit(network, images, epochs=4, lr=0.02, batch_size=50, optimizer="sgd", normalize="image", quiet=True)
    return network


@pytest.fixture
def low(monkeypatch):
    """Such a number as a network trained within a second beats."""
    monkeypatch.setenv("CNNBOOK_BUDGET", "quick")
    monkeypatch.setattr(lab_cifar10, "TO_BEAT", {"shapes": 0.4, "cifar10": 0.866})


def logits_of(network, images, mode=False):
    network.train(mode)
    with torch.no_grad():
        return network(data.augmented(data.to_float(images[:, :, 4:28, 4:28]), data.standardize()))


def test_a_network_that_beats_the_number_is_right(network, low):
    assert said("lab_cifar10_beat", lambda images: logits_of(network, images).argmax(dim=1))[0] == "right"


def test_the_lab_states_the_number_that_the_check_wants():
    assert lab_cifar10.TO_BEAT == {"cifar10": 0.866, "shapes": 0.7}


def test_answers_that_do_not_beat_it_are_told_apart(network, low, monkeypatch):
    test_set = data.load("shapes", "test", count=1000)
    by_pixels = dict(zip(map(hash_of, test_set.images), test_set.labels.tolist(), strict=True))
    assert len(by_pixels) == len(test_set)

    def known_by_heart(images):
        return torch.tensor([by_pixels.get(hash_of(image), 0) for image in images])

    def unprepared(images):
        return network.eval()(data.to_float(images)[:, :, 4:28, 4:28] / 255).argmax(dim=1)

    told("lab_cifar10_beat", [
        (network, "Hand in the function `classify`"),
        (lambda images: logits_of(network, images), "`argmax(dim=1)` picks"),
        (lambda images: logits_of(network, images).argmax(dim=1).tolist(), "A tensor (N,) is needed"),
        (lambda images: logits_of(network, images).argmax(dim=1)[:1], "it should be (N,)"),
        (lambda images: logits_of(network, images).argmax(dim=1).float(), "whole numbers"),
        (lambda images: logits_of(network, images, mode=True).argmax(dim=1), "in other company"),
        (lambda images: torch.full((len(images),), 3), "always gives the same answer"),
        (lambda images: (images.flatten(1).sum(dim=1) % 10).long(), "as good as guessing"),
        (known_by_heart, "Did test images get into the training?"),
        (lambda images: nothing(images), "`None`"),
        (lambda images: network.eval()(data.to_float(images)).argmax(dim=1), "middle 24 pixels cut out"),
        (before_the_training(), "no `final` yet"),
    ])  # fmt: skip
    assert said("lab_cifar10_beat", unprepared)[0] == "wrong"
    monkeypatch.setattr(lab_cifar10, "TO_BEAT", {"shapes": 0.99})
    words = said("lab_cifar10_beat", lambda images: logits_of(network, images).argmax(dim=1))[1]
    assert "to beat: 0.990" in words and "validation set" in words


def test_the_number_is_to_be_beaten_not_met(low, monkeypatch):
    test_set = data.load("shapes", "test", count=1000)
    by_pixels = dict(zip(map(hash_of, test_set.images), test_set.labels.tolist(), strict=True))

    def knowing(count):
        """So many of the test images, and of all others that they are something else."""
        known = dict(list(by_pixels.items())[:count])
        wrong = {image: (label + 1) % 10 for image, label in by_pixels.items()}
        return lambda images: torch.tensor([(wrong | known).get(hash_of(image), 0) for image in images])

    monkeypatch.setattr(lab_cifar10, "TO_BEAT", {"shapes": 0.5})  # which float32 has exactly
    assert "to beat: 0.500" in said("lab_cifar10_beat", knowing(500))[1]
    assert "Did test images get into the training?" in said("lab_cifar10_beat", knowing(501))[1]


def before_the_training():
    """The lab's `classify` while its network is not yet there."""
    space = {"final": None}
    exec("def classify(images):\n    final.eval()\n    return final(images).argmax(dim=1)", space)
    return space["classify"]


def hash_of(image):
    return image.numpy().tobytes()
