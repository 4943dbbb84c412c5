import math
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from cnnbook import data, models, train
from cnnbook.data import ImageSet
from cnnbook.train.schedules import SCHEDULES


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", size=32)[:600], data.load("digits", "test", size=32)[:200]


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def lenet(seed=0):
    torch.manual_seed(seed)
    return models.create("lenet5", num_classes=10, in_channels=1, activation=nn.ReLU, pool=nn.MaxPool2d)


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_a_network_learns_and_its_history_tells(digits):
    model = lenet()
    history = train.fit(model, *digits, epochs=8, lr=3e-3, schedule="onecycle")
    table = history.table
    assert list(table) == ["epoch", "loss", "train_accuracy", "test_accuracy", "seconds"]
    assert table.epoch.tolist() == list(range(1, 9)) and (table.seconds > 0).all()
    assert table.loss.iloc[-1] < 0.3 * table.loss.iloc[0]
    assert table.test_accuracy.iloc[-1] > 0.85
    result = train.evaluate(model, digits[1], like=history)
    assert result.accuracy == table.test_accuracy.iloc[-1]


def test_it_is_normalised_as_the_history_says(digits):
    history = train.fit(lenet(), digits[0], epochs=1)
    pixels = data.to_float(digits[0].images).double()
    assert math.isclose(history.mean.item(), pixels.mean().item(), abs_tol=1e-6)
    assert math.isclose(history.std.item(), pixels.std(correction=0).item(), abs_tol=1e-6)
    assert "test_accuracy" not in history.table


def test_the_same_seed_gives_the_same_network(digits, one_thread):
    class Noisy(nn.Sequential):  # dropout, so that the generator of the layers counts too
        def __init__(self):
            super().__init__(nn.Flatten(), nn.Dropout(0.5), nn.Linear(1024, 10))

    def trained(seed, disturb):
        torch.manual_seed(1)
        model = Noisy()
        torch.rand(disturb)  # what the reader drew before must not matter
        train.fit(model, digits[0], epochs=2, seed=seed, augment=data.shift(2))
        return weights(model)

    assert torch.equal(trained(0, 1), trained(0, 7))
    assert not torch.equal(trained(0, 1), trained(1, 1))


def test_epochs_differ_in_their_order_and_augmentation(digits):
    seen = []

    def spy(images, generator):
        seen.append(images.sum().item())
        return images

    train.fit(lenet(), digits[0][:128], epochs=2, batch_size=64, augment=spy)
    assert len(seen) == 4 and seen[:2] != seen[2:]


def test_fit_leaves_the_readers_random_numbers_alone(digits):
    torch.manual_seed(5)
    expected = torch.rand(3)
    model = models.baselines.softmax_regression()
    torch.manual_seed(5)
    train.fit(model, digits[0][:64], epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_a_diverging_training_stops_and_says_where(digits):
    with pytest.raises(train.Diverged, match=r"the loss is (nan|inf) in epoch \d+, batch \d+, at learning rate 1e\+30"):
        train.fit(lenet(), digits[0], epochs=3, lr=1e30, optimizer="sgd")


def test_one_step_is_the_textbooks(digits):
    """Against the step written out: softmax regression, full batch, plain gradient descent."""
    model, few = models.baselines.softmax_regression(), digits[0][:50]
    weight, bias = (parameter.detach().clone() for parameter in model.parameters())
    history = train.fit(
        model, few, epochs=1, batch_size=50, lr=0.1, optimizer=lambda parameters, lr: torch.optim.SGD(parameters, lr)
    )
    x = ((data.to_float(few.images) - history.mean) / history.std).flatten(1)  # (50, 1024)
    error = (x @ weight.T + bias).softmax(dim=1)  # (50, 10)
    error[torch.arange(50), few.labels] -= 1
    assert torch.allclose(model[1].weight, weight - 0.1 * error.T @ x / 50, atol=1e-5)
    assert torch.allclose(model[1].bias, bias - 0.1 * error.mean(dim=0), atol=1e-6)


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(optimizer="adm"), "no optimizer 'adm'. Nearest: 'adam'"),
        (dict(schedule="cosin"), "no schedule 'cosin'. Nearest: 'cosine'"),
        (dict(epochs=0), "at least 1 epoch"),
        (dict(batch_size=0), "batch_size must be 1 or more, got 0"),
    ],
)
def test_wrong_arguments_are_named(digits, options, words):
    with pytest.raises(ValueError, match=words):
        train.fit(lenet(), digits[0], **{"epochs": 1, **options})


def test_a_network_without_parameters_cannot_be_trained(digits):
    with pytest.raises(ValueError, match="no parameters to train"):
        train.fit(nn.Flatten(), digits[0], epochs=1)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_stay_between_zero_and_full(name):
    course = [SCHEDULES[name](step / 1000) for step in range(1001)]
    assert all(0 <= share <= 1 for share in course) and max(course) == pytest.approx(1, abs=1e-5)
    assert all(abs(a - b) < 0.01 for a, b in zip(course, course[1:], strict=False))  # no jump
    assert name == "constant" or course[-1] == pytest.approx(0, abs=1e-9)


def test_the_learning_rate_follows_its_schedule(digits):
    rates = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    train.fit(lenet(), digits[0], epochs=4, batch_size=60, lr=0.01, schedule="onecycle",
              optimizer=lambda parameters, lr: Watched(parameters, lr))
    assert len(rates) == 40 and min(rates) > 0
    assert max(rates) == pytest.approx(0.01, rel=0.02) and 8 <= rates.index(max(rates)) <= 11
    assert rates[-1] < 0.001


# evaluate


class Echo(nn.Module):
    """Says the class that is written into each image's first pixel, and remembers its mode."""

    def forward(self, x):
        self.mode = self.training
        return torch.nn.functional.one_hot((x[:, 0, 0, 0] * 255).round().long(), 4).float()


def test_evaluation_of_known_answers():
    said, true = torch.tensor([0, 1, 2, 3, 0, 0]), torch.tensor([0, 1, 2, 2, 1, 0])
    images = said.to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    model = Echo()
    result = train.evaluate(model, ImageSet(images, true, tuple("abcd")), batch_size=4)
    assert result.accuracy == pytest.approx(4 / 6)
    assert result.predictions.tolist() == said.tolist() and result.logits.shape == (6, 4)
    assert result.confusion.tolist() == [[2, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]
    assert result.loss == pytest.approx(math.log(math.e + 3) - 4 / 6, abs=1e-5)
    assert model.mode is False and model.training


def test_nothing_to_evaluate_is_an_error(digits):
    with pytest.raises(ValueError, match="no images"):
        train.evaluate(lenet(), digits[1][:0])


# the bar


def test_no_bar_in_a_pipe_or_in_ci(digits, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("CI", "1")
    train.fit(lenet(), digits[0][:64], epochs=1)
    monkeypatch.delenv("CI")
    monkeypatch.delenv("CNNBOOK_STRICT", raising=False)
    monkeypatch.setenv("CNNBOOK_LANGUAGE", "en")
    train.fit(lenet(), digits[0][:64], epochs=1, quiet=True)
    assert capsys.readouterr() == ("", "")
    train.fit(lenet(), digits[0][:64], epochs=1)
    assert "epoch=1/1" in capsys.readouterr().err


def test_idle_threads_sleep_unless_the_user_says_otherwise():
    """Spinning threads make training many times slower wherever another process wants the same cores."""
    code = "import os, sys, cnnbook; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    for set_to, expected in [(None, "PASSIVE False"), ("ACTIVE", "ACTIVE False")]:
        env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        env |= {"OMP_WAIT_POLICY": set_to} if set_to else {}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
        assert done.stdout.strip() == expected, done.stderr
