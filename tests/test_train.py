import math
import os
import subprocess
import sys
import time

import pytest
import torch
from torch import nn

from cnnbook import data, models, train
from cnnbook.data import ImageSet
from cnnbook.train import loop, progress, schedules
from cnnbook.train.devices import Precision, has_bf16
from cnnbook.train.evaluate import score
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
    assert list(table) == ["epoch", "loss", "train_accuracy", "lr", "test_accuracy", "test_loss", "seconds"]
    assert table.epoch.tolist() == list(range(1, 9)) and (table.seconds > 0).all()
    assert table.loss.iloc[-1] < 0.3 * table.loss.iloc[0]
    assert table.test_accuracy.iloc[-1] > 0.85
    result = train.evaluate(model, digits[1], like=history)
    assert result.accuracy == table.test_accuracy.iloc[-1]
    assert result.loss == pytest.approx(table.test_loss.iloc[-1], rel=1e-4)


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

    def spy(images, draw):
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
        model, few, epochs=1, batch_size=50, lr=0.1, optimizer=lambda model, lr: torch.optim.SGD(model.parameters(), lr)
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
        (dict(minutes=1), "epochs or minutes"),
        (dict(epochs=None), "epochs or minutes"),
        (dict(normalize="pixel"), "normalize must be one of channel"),
        (dict(precision="half"), "precision must be one of fp32"),
        (dict(ema=1.0), "ema must be between 0 and 1"),
        (dict(patience=2), "needs a set to test on"),
        (dict(optimizer="muon", weight_decay=0.1), "not with muon"),
        (dict(batch_size=0), "batch_size must be 1 or more; got 0"),
        (dict(lr=0.0), "lr must be above 0; got 0.0"),
        (dict(lr=math.nan), "lr must be above 0; got nan"),
        (dict(lr=-1.0, optimizer="muon"), "lr must be above 0"),
        (dict(weight_decay=-1.0), "weight_decay must be 0 or more"),
        (dict(label_smoothing=1.0), "label_smoothing must be 0 or more and below 1"),
        (dict(clip=0.0), "clip must be above 0, the largest norm of the gradient; got 0.0"),
        (dict(seed=2**31), "seed must be a whole number, 0 to 2"),
        (dict(seed=-1), "seed must be a whole number"),
        (dict(seed=0.5), "seed must be a whole number"),
        (dict(optimizer=lambda model, lr: None), r"cannot be called so \(missing .*'lr'\): give fit lr="),
        (dict(optimizer=lambda model: None, lr=0.1), r"cannot be called so \(too many .*: .*leave out lr"),
    ],
)
def test_wrong_arguments_are_named(digits, options, words):
    model, steps = lenet(), []
    model.register_forward_hook(lambda *_: steps.append(1))
    with pytest.raises(ValueError, match=words):
        train.fit(model, digits[0], **{"epochs": 1, **options})
    assert not steps, "before the training"


def test_what_cannot_be_trained_or_trained_on_is_named(digits):
    colour = ImageSet(torch.zeros(4, 3, 32, 32, dtype=torch.uint8), torch.arange(4), digits[0].classes)
    tensors = torch.utils.data.TensorDataset(torch.zeros(4, 1, 32, 32))
    for arguments, kind, words in [
        ((lenet(), digits[0], colour), ValueError, "have 1 channels, those of the test set 3"),
        ((lenet(), tensors), TypeError, "train must be an ImageSet, got TensorDataset"),
        ((lenet(), digits[0], tensors), TypeError, "test must be an ImageSet, got TensorDataset"),
        ((models.LeNet5, digits[0]), TypeError, "got the class LeNet5: call it"),
        ((lenet(), digits[0][:0]), ValueError, "needs at least 1 image to train on; got 0"),
    ]:
        with pytest.raises(kind, match=words):
            train.fit(*arguments, epochs=1)


def test_too_few_classes_are_named(digits):
    model, steps = nn.Sequential(nn.Flatten(), nn.Linear(1024, 7)), []
    model.register_forward_hook(lambda *_: steps.append(1))
    few = digits[0][digits[0].labels < 7]
    for use in (
        lambda: train.fit(model, digits[0], epochs=1),
        lambda: train.fit(model, few, digits[1], epochs=1),  # a test set with more classes
        lambda: train.evaluate(model, digits[1], normalize="none"),
    ):
        with pytest.raises(ValueError, match="largest label is 9. Make it with num_classes=10"):
            use()
    assert len(steps) == 3, "at the first batch"


def test_a_last_batch_too_small_for_batch_norm_is_named_before_the_training(digits):
    def normed():
        return nn.Sequential(nn.Flatten(), nn.Linear(1024, 8), nn.BatchNorm1d(8), nn.Linear(8, 10))

    for count, batch_size, words in [
        (65, 16, r"last batch would have 1 image, and .* Use batch_size=17 or train\[:64\]"),
        (8, 1, "have 1 image, and .* Use batch_size=2"),
        (1, 64, "Use more images"),
    ]:
        with pytest.raises(ValueError, match=words):
            train.fit(normed(), digits[0][:count], epochs=1, batch_size=batch_size)
    train.fit(normed(), digits[0][:65], epochs=1, batch_size=17)
    train.fit(nn.Sequential(nn.Conv2d(1, 2, 5), nn.BatchNorm2d(2), *dense(nn.ReLU(), 1568)), digits[0][:17], epochs=1,
              batch_size=16)  # batch norm of maps has their pixels  # fmt: skip
    frozen = normed()
    frozen[2].eval()
    train.fit(frozen, digits[0][:65], epochs=1, batch_size=16)


def test_layers_in_evaluation_mode_stay_in_it(digits):
    def network():
        return nn.Sequential(nn.Conv2d(1, 4, 5, stride=4), nn.BatchNorm2d(4), nn.Dropout(0.5), *dense(nn.ReLU(), 196))

    model = network()
    model[1].eval()
    train.fit(model, digits[0][:64], digits[1][:10], epochs=2)  # testing puts all of it in evaluation mode
    assert model[1].running_mean.eq(0).all() and model[1].num_batches_tracked == 0 and not model[1].training
    whole = network().eval()  # as after a use of it: not frozen
    train.fit(whole, digits[0][:64], epochs=1)
    assert whole[1].num_batches_tracked == 1 and not whole[1].training


def test_what_makes_no_optimizer_is_named(digits):
    with pytest.raises(ValueError, match="must return a torch.optim.Optimizer, got list"):
        train.fit(lenet(), digits[0], epochs=1, lr=0.1, optimizer=lambda model, lr: [lr])


def test_a_network_without_parameters_cannot_be_trained(digits):
    with pytest.raises(ValueError, match="no parameters to train"):
        train.fit(nn.Flatten(), digits[0], epochs=1)


def test_the_help_names_every_choice():
    told = train.fit.__doc__
    assert all(f'"{name}"' in told for name in (*SCHEDULES, *train.optimizers.OPTIMIZERS))


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_stay_between_zero_and_full(name):
    course = [SCHEDULES[name](step / 1000) for step in range(1001)]
    assert all(0 <= share <= 1 for share in course) and max(course) == pytest.approx(1, abs=1e-5)
    jumps = [round(a / b) for a, b in zip(course, course[1:], strict=False) if abs(a - b) > 0.01]
    assert jumps == {"step": [10, 10], "staircase": [10] * 2}.get(name, [])  # smaller ones follow
    if name in ("linear", "cosine", "onecycle", "triangle"):
        assert course[-1] == pytest.approx(0, abs=1e-9)


def test_schedules_are_made_with_settings():
    """TensorFlow's exponential_decay(1.0, step, decay_steps=30, decay_rate=0.5, staircase=True) over 120 steps."""
    decay = train.schedules.staircase(rate=0.5, every=30 / 120)
    assert [decay(step / 120) for step in (0, 29, 30, 59, 60, 119)] == [1, 1, 0.5, 0.5, 0.25, 0.125]
    assert train.schedules.triangle(peak=0.5)(0.25) == 0.5
    assert train.schedules.step(at=[0.9], factor=0.5)(0.95) == 0.5
    with pytest.raises(ValueError, match="peak must be between 0 and 1"):
        train.schedules.triangle(peak=3)


def test_the_learning_rate_follows_its_schedule(digits):
    rates = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    train.fit(
        lenet(),
        digits[0],
        epochs=4,
        batch_size=60,
        lr=0.01,
        schedule="onecycle",
        optimizer=lambda model, lr: Watched(model.parameters(), lr),
    )
    assert len(rates) == 40 and min(rates) > 0
    assert max(rates) == pytest.approx(0.01, rel=0.02) and 8 <= rates.index(max(rates)) <= 11
    assert rates[-1] < 0.001


def test_weight_decay_spares_biases_and_norms(digits):
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 8), nn.BatchNorm1d(8), nn.Linear(8, 10))
    decayed, spared = train.optimizers.groups(model, weight_decay=0.1)
    assert [tuple(p.shape) for p in decayed["params"]] == [(8, 1024), (10, 8)] and decayed["weight_decay"] == 0.1
    assert all(p.ndim == 1 for p in spared["params"]) and spared["weight_decay"] == 0
    (everything,) = train.optimizers.groups(model, weight_decay=0.1, decay_all=True)
    assert len(everything["params"]) == 6 and everything["weight_decay"] == 0.1


def test_label_smoothing_is_torchs(digits):
    few = digits[0][:50]
    torch.manual_seed(0)
    model = models.baselines.softmax_regression()
    mean, std = train.statistics(few)
    logits = model((data.to_float(few.images) - mean) / std)
    expected = nn.functional.cross_entropy(logits, few.labels, label_smoothing=0.2).item()
    history = train.fit(model, few, epochs=1, batch_size=50, label_smoothing=0.2)
    assert history.table.loss[0] == pytest.approx(expected, rel=1e-5)


def test_clipping_limits_the_step(digits):
    model, few = models.baselines.softmax_regression(), digits[0][:50]
    before = weights(model)
    plain = {"optimizer": lambda model, lr: torch.optim.SGD(model.parameters(), lr), "lr": 1.0}
    train.fit(model, few, epochs=1, batch_size=50, clip=0.01, **plain)
    assert (weights(model) - before).norm().item() == pytest.approx(0.01, rel=1e-3)


def test_the_average_is_the_formulas(digits, one_thread):
    """Against the average written out, over the weights after every step."""
    few, after = digits[0][:90], []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            after.append(torch.cat([p.detach().flatten() for g in self.param_groups for p in g["params"]]))

    model = models.baselines.softmax_regression()
    average = weights(model)
    history = train.fit(
        model,
        few,
        few,
        epochs=4,
        batch_size=30,
        lr=0.05,
        ema=0.5,
        optimizer=lambda model, lr: Watched(model.parameters(), lr),
    )
    for step, now in enumerate(after, start=1):
        decay = min(0.5, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * now
    torch.testing.assert_close(weights(model), average)
    result = train.evaluate(model, few, like=history)
    assert result.accuracy == history.table.test_accuracy.iloc[-1] and "test_accuracy_raw" in history.table


def test_the_average_has_running_statistics_wherever_they_are_laid(digits):
    """Against the average written out; a callback lays the network out anew, which moves its tensors elsewhere."""
    after = []

    class Watched(nn.BatchNorm2d):
        def forward(self, x):
            found = super().forward(x)
            if self.training:
                after.append([self.running_mean.clone(), int(self.num_batches_tracked)])
            return found

    class Grid(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(2, 4, 2, 2))

        def forward(self, x):
            self.seen += self.training
            return x

    def disturb(progress):
        train.evaluate(progress.model, digits[1][:10], normalize="none", precision="bf16")

    model = nn.Sequential(nn.Conv2d(1, 4, 5, stride=4), Watched(4), Grid(), *dense(nn.ReLU(), 196))
    train.fit(model, digits[0][:90], epochs=3, batch_size=30, ema=0.5, callbacks=disturb)
    average, counted = torch.zeros(4), 0.0
    for step, (now, _) in enumerate(after, start=1):
        decay = min(0.5, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * now
        counted = decay * counted + (1 - decay) * step
    torch.testing.assert_close(model[1].running_mean, average)
    assert model[1].num_batches_tracked == after[-1][1] == 9
    torch.testing.assert_close(model[2].seen, torch.full((2, 4, 2, 2), counted))


def test_minutes_are_kept_and_the_schedule_runs_over_them(digits):
    rates = []
    started = time.perf_counter()
    history = train.fit(
        lenet(),
        *digits,
        minutes=0.05,
        lr=0.01,
        schedule="linear",
        callbacks=[lambda progress: rates.append(progress.row["lr"])],
    )
    assert 1.5 < time.perf_counter() - started < 4.5  # of 3 seconds
    assert rates == sorted(rates, reverse=True) and rates[-1] < 0.002 and len(history.table) == len(rates)


def test_the_first_test_is_reckoned_with_before_it_was_timed(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(schedules, "monotonic", lambda: now[0])
    budget = schedules.Clock(None, 8 / 60, steps=10, test=0.3)  # a step takes 1 second, a test will take 3
    for batch in range(1, 11):
        if budget.time(epoch=1, batch=batch) >= 1:
            break
        now[0] += 1
    assert now[0] + 3 == 8
    budget.tested(3)
    now[0] += 3
    assert budget.over(1)


def test_a_slow_test_is_counted_in_the_minutes(digits):
    class Slow(nn.Sequential):
        def forward(self, x):
            time.sleep(0.03 if self.training else 0.3)
            return super().forward(x)

    model = Slow(*models.baselines.softmax_regression())
    started = time.perf_counter()
    history = train.fit(model, *digits, minutes=2.5 / 60, batch_size=60, ema=0.9)  # an epoch and its test: 0.9 seconds
    assert 1.5 < time.perf_counter() - started < 3.2 and len(history.table) >= 2


def test_a_callback_can_stop_and_patience_does(digits):
    seen = []

    def third(progress):
        seen.append((progress.epoch, progress.model.training))
        return progress.epoch == 3

    assert len(train.fit(lenet(), digits[0], epochs=9, callbacks=[third]).table) == 3 and seen[-1][0] == 3
    assert len(train.fit(lenet(), digits[0], epochs=9, callbacks=third).table) == 3
    assert len(train.fit(lenet(), digits[0], epochs=9, callbacks=iter([third])).table) == 3
    assert len(train.fit(lenet(), *digits, epochs=9, patience=2, schedule=lambda time: 0.0).table) == 3


def test_half_precision_learns_as_well(digits):
    full, half = (train.fit(lenet(), *digits, epochs=6, lr=3e-3, precision=p).table for p in ("fp32", "bf16"))
    assert half.test_accuracy.iloc[-1] == pytest.approx(full.test_accuracy.iloc[-1], abs=0.06)
    assert half.loss.iloc[0] == pytest.approx(full.loss.iloc[0], rel=0.02)
    assert not torch.equal(torch.tensor(half.loss), torch.tensor(full.loss))


def test_the_loss_is_computed_in_full_precision(digits, monkeypatch):
    seen = []

    def watched(logits, labels, **options):
        seen.append((logits.dtype, torch.is_autocast_enabled("cpu")))
        return nn.functional.cross_entropy(logits, labels, **options)

    monkeypatch.setattr(loop, "cross_entropy", watched)
    train.fit(lenet(), digits[0][:64], digits[1][:64], epochs=1, precision="bf16")
    assert seen == [(torch.float32, False)] * 2


def test_what_the_launcher_was_told_about_precision_counts(digits):
    cpu = torch.device("cpu")
    assert Precision("fp32", cpu, launched="bf16").half and not Precision("fp32", cpu, launched="no").half
    assert Precision("fp32", cpu, launched="fp16").half == Precision("auto", cpu).half == has_bf16(cpu)


def test_weights_stay_in_full_precision_and_contiguous(digits):
    model = lenet()
    train.fit(model, digits[0][:64], epochs=1, precision="bf16")
    assert all(p.dtype == torch.float32 and p.is_contiguous() for p in model.parameters())


def test_the_memory_format_found_is_left(digits):
    last = torch.channels_last
    found, model = [], nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), *dense(nn.ReLU(), 3136))

    def look(progress):
        train.evaluate(progress.model, digits[1][:10], normalize="none", precision="bf16")
        found.append(progress.model[1].weight.is_contiguous(memory_format=last))

    train.fit(model, digits[0][:64], epochs=2, precision="bf16", callbacks=look)
    assert found == [True, True] and not model[1].weight.is_contiguous(memory_format=last)
    train.evaluate(model.to(memory_format=last), digits[1][:10], normalize="none", precision="bf16")
    assert model[1].weight.is_contiguous(memory_format=last)


def test_every_image_is_normalised_by_itself_where_asked(digits):
    seen = []

    class Spy(nn.Sequential):
        def forward(self, x):
            seen.append((x.mean(dim=(1, 2, 3)).abs().max().item(), x.std(dim=(1, 2, 3), correction=0).mean().item()))
            return super().forward(x)

    train.fit(Spy(*models.baselines.softmax_regression()), digits[0][:64], digits[1][:64], epochs=1, normalize="image")
    assert len(seen) == 2 and all(mean < 1e-5 and std == pytest.approx(1, abs=1e-3) for mean, std in seen)
    train.evaluate(Spy(nn.Flatten(), nn.Linear(576, 10)), digits[1][:64], normalize="image", views=data.ten_crop(24))
    assert len(seen) > 2 and all(mean < 1e-5 and std == pytest.approx(1, abs=1e-3) for mean, std in seen), "each view"


def test_muon_steps_are_orthogonal():
    torch.manual_seed(0)
    matrix = torch.randn(16, 40)
    before, after = torch.linalg.svdvals(matrix), torch.linalg.svdvals(train.optimizers.orthogonalized(matrix, steps=5))
    assert before.max() / before.min() > 3 and 0.6 < after.min() and after.max() < 1.3
    tall = train.optimizers.orthogonalized(matrix.T, steps=5)
    torch.testing.assert_close(tall, train.optimizers.orthogonalized(matrix, steps=5).T, atol=0.03, rtol=0.05)


def test_muon_trains(digits):
    history = train.fit(lenet(), *digits, epochs=5, optimizer="muon", lr=0.05, schedule="linear")
    assert history.table.test_accuracy.iloc[-1] > 0.85


class Division(nn.Module):
    def forward(self, x):
        return x / (x - x)


class Root(nn.Module):
    """Its value at 0 is finite, its gradient is not."""

    def forward(self, x):
        return (x * 0).abs().sqrt() + x


def dense(layer, inputs=1024):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 10), layer, nn.Linear(10, 10))


def test_diverged_names_the_layer_where_it_began(digits):
    with pytest.raises(train.Diverged, match=r"epoch 1, batch 1,.* began in the layer 2 \(Division\)"):
        train.fit(dense(Division()), digits[0], epochs=1)
    with pytest.raises(train.Diverged, match=r"epoch 1, batch 2,.* going backward, with the gradient of 1\.bias"):
        train.fit(dense(Root()), digits[0], epochs=1)
    with pytest.raises(train.Diverged, match="images themselves are not finite"):
        train.fit(lenet(), digits[0], epochs=1, augment=lambda images, draw: images / 0)


def test_diverged_advises_by_the_full_learning_rate(digits):
    class Breaks(nn.Module):
        steps = 0

        def forward(self, x):
            self.steps += 1
            return x / (self.steps < 9)

    with pytest.raises(train.Diverged, match=r"batch 9, at learning rate 0\.0017.* lr=0\.001 for example"):
        train.fit(dense(Breaks()), digits[0], epochs=1, batch_size=60, lr=0.01, schedule="cosine")


def test_a_loss_that_is_looked_at_one_step_late_is_traced_back(digits, monkeypatch):
    """As on a GPU, which is not asked for a number before it has it."""
    in_time = lenet()
    train.fit(in_time, digits[0], epochs=2)
    monkeypatch.setattr(loop, "looks_late", lambda device: True)
    late = lenet()
    train.fit(late, digits[0], epochs=2)
    assert torch.equal(weights(in_time), weights(late))

    for count in (600, 64):  # ten batches, and one, which is the last
        model = dense(Division())
        with pytest.raises(train.Diverged, match=r"epoch 1, batch 1,.* began in the layer 2 \(Division\)"):
            train.fit(model, digits[0][:count], epochs=1)
        assert weights(model).isfinite().all()
    with pytest.raises(train.Diverged, match="is no longer finite: a step was too large, or a gradient not finite"):
        train.fit(dense(Root()), digits[0], epochs=1)

    class Corner(nn.Module):
        """Divides images by 0 whose corner is white."""

        def __init__(self):
            super().__init__()
            self.batches = []

        def forward(self, x):
            self.batches.append(bool((x[:, :, 0, 0] > 1).any()))
            return x / (x[:, :, :1, :1] < 1)

    images = digits[0].images.clone()
    images[7, :, 0, 0] = 255
    model = nn.Sequential(Corner(), *dense(nn.ReLU()))
    with pytest.raises(train.Diverged, match=r"began in the layer 0 \(Corner\)") as error:
        train.fit(model, ImageSet(images, digits[0].labels, digits[0].classes), epochs=1, seed=1)
    broken = model[0].batches.index(True) + 1
    assert 2 < broken < 10 and f"epoch 1, batch {broken}," in str(error.value)
    assert weights(model).isfinite().all()


def test_after_a_failure_the_network_is_as_it_was(digits):
    model = dense(Division()).eval()
    with pytest.raises(train.Diverged):
        train.fit(model, digits[0], epochs=1, precision="bf16")
    assert not any(layer.training for layer in model.modules())


def test_the_history_draws_itself(digits):
    history = train.fit(lenet(), *digits, epochs=2)
    assert {line.get_label() for line in history.plot().axes[0].get_lines()} >= {"training", "test"}


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
    result = train.evaluate(model, ImageSet(images, true, tuple("abcd")), normalize="none", batch_size=4)
    assert result.accuracy == pytest.approx(4 / 6)
    assert result.predictions.tolist() == said.tolist() and result.logits.shape == (6, 4)
    assert result.confusion.tolist() == [[2, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]
    assert result.loss == pytest.approx(math.log(math.e + 3) - 4 / 6, abs=1e-5)
    assert model.mode is False and model.training


def test_evaluation_tells_each_class_and_the_top_five():
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(300, 8, generator=generator), torch.randint(8, (300,), generator=generator)
    result = score(logits, ImageSet(torch.zeros(300, 1, 1, 1, dtype=torch.uint8), labels, tuple("abcdefgh")))
    best = logits.topk(5).indices
    assert result.top5 == pytest.approx((best == labels[:, None]).any(dim=1).float().mean().item())
    row = result.per_class.iloc[3]
    said, true = result.predictions == 3, labels == 3
    assert row["images"] == true.sum() and row["right"] == (said & true).sum()
    assert row["accuracy"] == pytest.approx(((said & true).sum() / true.sum()).item())
    assert row["precision"] == pytest.approx(((said & true).sum() / said.sum()).item())


def test_evaluation_leaves_every_layer_in_its_mode(digits):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4).eval(), nn.Flatten(), nn.Linear(3600, 10))
    train.evaluate(model, digits[1], normalize="none", precision="bf16")
    assert [layer.training for layer in model] == [True, False, True, True]
    assert model[0].weight.is_contiguous() and all(p.grad is None for p in model.parameters())


def test_views_are_shown_in_batches_no_larger_than_asked(digits):
    shown = []

    class Spy(nn.Sequential):
        def forward(self, x):
            shown.append(len(x))
            return super().forward(x)

    model = Spy(*models.baselines.softmax_regression())
    seven, plain = lambda images: images[:, None].repeat(1, 7, 1, 1, 1), {"normalize": "none"}  # noqa: E731
    result = train.evaluate(model, digits[1], views=seven, batch_size=50, **plain)
    assert sum(shown) == 7 * 200 and max(shown) <= 50
    assert result.predictions.equal(train.evaluate(model, digits[1], **plain).predictions)
    with pytest.raises(ValueError, match=r"views must make \(B, V, C, h, w\).* got \(1, 1, 32, 32\)"):
        train.evaluate(model, digits[1], views=lambda images: images, **plain)
    for none in (lambda images: [], lambda images: images[:, None][:, :0]):
        with pytest.raises(ValueError, match="views must make"):
            train.evaluate(model, digits[1], views=none, **plain)


def test_views_that_are_larger_than_the_image_are_shown_fewer_at_once(digits):
    """No batch has more pixels than one of the images would have, unless a single image has more."""
    shown = []

    class Spy(nn.Module):
        def forward(self, x):
            shown.append(x.shape)
            return x.mean(dim=(1, 2, 3))[:, None].expand(-1, 10)

    train.evaluate(Spy(), digits[1], normalize="none", views=data.multi_scale((8, 32, 64)), batch_size=50)
    assert sum(shape[0] for shape in shown) == 3 * 200
    assert max(shape.numel() for shape in shown) <= 50 * 32 * 32
    shown.clear()
    train.evaluate(Spy(), digits[1][:4], normalize="none", views=data.multi_scale((256,)), batch_size=50)
    assert [tuple(shape) for shape in shown] == [(1, 1, 256, 256)] * 4


def test_views_that_are_sure_of_a_wrong_answer_give_a_finite_loss():
    few = ImageSet(torch.ones(1, 1, 2, 2, dtype=torch.uint8), torch.tensor([1]), ("a", "b"))

    class Sure(nn.Module):
        def forward(self, x):
            return torch.tensor([[500.0, -500.0]]).expand(len(x), 2)

    assert train.evaluate(Sure(), few, normalize="none", views=data.flips).loss == pytest.approx(1000)


def test_several_views_are_averaged(digits):
    model, few = lenet(), digits[1][:20]
    both = train.evaluate(model, few, normalize="none", views=data.flips).logits.exp()
    mirrored = ImageSet(few.images.flip(3), few.labels, few.classes)
    one, other = (train.evaluate(model, each, normalize="none").logits.softmax(1) for each in (few, mirrored))
    torch.testing.assert_close(both, (one + other) / 2)


def test_evaluation_must_be_told_how_pixels_were_normalised(digits):
    history = train.fit(lenet(), digits[0][:64], epochs=1)
    for options in ({}, {"mean": 0.1}, {"std": 0.3}):
        with pytest.raises(ValueError, match="must know how the network's pixels were normalised: like=history"):
            train.evaluate(lenet(), digits[1], **options)
    for options in ({"mean": 0.1}, {"std": 0.3}, {"normalize": "none"}):
        with pytest.raises(ValueError, match="like= says how pixels are normalised: leave out"):
            train.evaluate(lenet(), digits[1], like=history, **options)
    both = train.evaluate(lenet(), digits[1], mean=history.mean, std=history.std)
    assert torch.equal(both.logits, train.evaluate(lenet(), digits[1], like=history).logits)


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
    train.fit(lenet(), digits[0][:64], digits[1][:64], epochs=1)
    shown = capsys.readouterr().err
    assert all(
        word in shown for word in ("epoch=1/1", "loss=", "train_accuracy=", "test_accuracy=", "image/s", "64.0/")
    )


def test_the_bar_tells_the_time_left_of_minutes_too(digits, capsys, monkeypatch):
    monkeypatch.setattr(progress, "watched", lambda: True)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    with progress.Bar(None, quiet=False) as bar:
        assert bar.step(100, moment=0.1)
        bar.show(loss="1.5")
    assert "100/1.00k" in capsys.readouterr().err
    train.fit(lenet(), digits[0], minutes=0.01)
    shown = capsys.readouterr().err
    assert "epoch=1, loss=" in shown and "?" not in shown.split("\r")[-1]


def test_idle_threads_sleep_unless_the_user_says_otherwise():
    """Spinning threads make training many times slower wherever another process wants the same cores."""
    code = "import os, sys, cnnbook; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    for set_to, expected in [(None, "PASSIVE False"), ("ACTIVE", "ACTIVE False")]:
        env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        env |= {"OMP_WAIT_POLICY": set_to} if set_to else {}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
        assert done.stdout.strip() == expected, done.stderr
