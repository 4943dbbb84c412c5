"""The game of chapter 19: its value, its loop, DCGAN, the score of what is made, and its moving picture."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnbook import look, runs
from cnnbook.models import dcgan
from cnnbook.train import Diverged, games, gan, generated


class Points(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))

    def noise(self, count, source=None):
        return torch.randn(count, 2, generator=source)


def judge():
    return nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Flatten(0))


def pair(seed=0):
    torch.manual_seed(seed)
    return Points(), judge()


REAL = torch.randn(200, 2, generator=torch.Generator().manual_seed(0)) * 0.1 + 1
SHORT = {"steps": 6, "batch_size": 8, "every": 2, "quiet": True}

# the value


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-20, 20), min_size=1, max_size=8), st.lists(st.floats(-20, 20), min_size=1, max_size=8))
def test_the_losses_are_what_the_paper_writes(real, made):
    real, made = (torch.tensor(each, dtype=torch.float64) for each in (real, made))
    d_real, d_made = real.sigmoid(), made.sigmoid()
    value = d_real.log().mean() + (1 - d_made).log().mean()
    assert gan.value(real, made).item() == pytest.approx(value.item(), abs=1e-6)
    assert gan.discriminator_loss(real, made).item() == pytest.approx(-value.item(), abs=1e-6)
    assert gan.minimax(made).item() == pytest.approx((1 - d_made).log().mean().item(), abs=1e-6)
    assert gan.non_saturating(made).item() == pytest.approx(-d_made.log().mean().item(), abs=1e-6)
    assert gan.value(real, made) <= 0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 8))
def test_the_best_discriminator_proves_the_divergence_and_no_other_more(seed, places):
    chance = np.random.default_rng(seed)
    p, q = chance.dirichlet(np.ones(places), size=2) + 1e-3
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    jsd = ((p * np.log(p / middle)).sum() + (q * np.log(q / middle)).sum()) / 2

    def value(d):
        return (p * np.log(d)).sum() + (q * np.log(1 - d)).sum()

    assert gan.divergence(value(p / (p + q))) == pytest.approx(jsd, abs=1e-9)
    assert gan.divergence(value(chance.uniform(0.01, 0.99, places))) <= jsd + 1e-9
    assert gan.divergence(-math.log(4)) == 0 and gan.divergence(0) == pytest.approx(math.log(2))


# the loop


def test_the_same_seed_gives_the_same_networks_and_the_callers_chance_is_left_alone():
    games_played = []
    for _ in range(2):
        generator, discriminator = pair()
        torch.manual_seed(7)
        gan.fit(generator, discriminator, REAL, seed=3, **SHORT)
        games_played.append([*generator.parameters(), *discriminator.parameters(), torch.rand(1)])
    assert all(first.equal(second) for first, second in zip(*games_played, strict=True))
    torch.manual_seed(7)
    assert torch.rand(1).equal(games_played[0][-1])


def test_it_learns_where_the_points_are():
    generator, discriminator = pair()
    gan.fit(generator, discriminator, REAL, steps=400, batch_size=64, quiet=True)
    made = gan.make(generator, 200)
    assert (made.mean(dim=0) - 1).abs().max() < 0.3


def test_the_table_has_means_of_the_steps_before_each_row():
    seen = []
    generator, discriminator = pair()
    table = gan.fit(generator, discriminator, REAL, callback=lambda step, _: seen.append(step), **SHORT).table
    assert table.step.tolist() == seen == [2, 4, 6]
    assert (table.value <= 0).all() and table[["real", "made"]].stack().between(0, 1).all()
    odd = gan.fit(*pair(), REAL, **SHORT | {"steps": 5}).table
    assert odd.step.tolist() == [2, 4, 5]


def test_the_callback_sees_the_average_with_which_the_game_ends():
    last = []
    generator, discriminator = pair()
    gan.fit(generator, discriminator, REAL, callback=lambda _, network: last.append(gan.make(network, 4)), **SHORT)
    assert last[-1].equal(gan.make(generator, 4)) and not last[0].equal(last[-1])


@pytest.mark.parametrize(
    "changed",
    [
        {"steps": 0}, {"batch_size": 1}, {"lr": 0}, {"discriminator_lr": math.inf}, {"real_label": 0.5},
        {"real_label": 1.1}, {"loss": "saturating"}, {"every": 0}, {"ema": 1.0},
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_are_errors(changed):
    with pytest.raises(ValueError):
        gan.fit(*pair(), REAL, **SHORT | changed)


@pytest.mark.parametrize("real", [torch.zeros(0, 2), torch.zeros(4), torch.zeros(4, 2, dtype=torch.uint8), [1.0]])
def test_data_that_cannot_be_are_errors(real):
    with pytest.raises(ValueError, match="real must be float"):
        gan.fit(*pair(), real, **SHORT)


def test_networks_that_do_not_fit_are_errors():
    generator, discriminator = pair()
    with pytest.raises(ValueError, match=r"makes \(2,\), and the data are \(3,\)"):
        gan.fit(generator, discriminator, torch.zeros(9, 3), **SHORT)
    with pytest.raises(ValueError, match="expected a logit each"):
        gan.fit(generator, nn.Linear(2, 1), REAL, **SHORT)
    with pytest.raises(ValueError, match="count must be 1 or more"):
        gan.make(generator, 0)


def test_a_loss_that_is_no_number_is_said():
    with pytest.raises(Diverged, match="smaller lr"):
        gan.fit(*pair(), REAL * math.nan, **SHORT)


# DCGAN


@pytest.mark.parametrize("size, start, doublings", [(28, 7, 2), (32, 4, 3), (64, 4, 4), (12, 6, 1)])
def test_sizes_are_doubled(size, start, doublings):
    assert dcgan.stages(size) == (start, doublings)
    generator, discriminator = dcgan.Generator(8, 3, 4, size), dcgan.Discriminator(3, 4, size)
    images = generator(generator.noise(2))
    assert images.shape == (2, 3, size, size) and images.abs().max() <= 1
    assert discriminator(images).shape == (2,)
    assert discriminator.features(images)[-1].shape == (2, 4 * 2 ** (doublings - 1), start, start)


@pytest.mark.parametrize("size", [0, 1, 7, 9, 18, 31, -4])
def test_other_sizes_are_errors(size):
    with pytest.raises(ValueError, match="Use 28, 32 or 64"):
        dcgan.Generator(size=size)


def test_the_rules_of_the_paper_are_kept():
    generator, discriminator = dcgan.Generator(100, 3, 8, 64), dcgan.Discriminator(3, 8, 64)
    kinds = [type(layer) for layer in [*generator, *discriminator]]
    assert nn.Linear not in kinds and nn.MaxPool2d not in kinds and nn.AvgPool2d not in kinds
    assert isinstance(generator[-1], nn.Tanh) and isinstance(generator[-2], nn.ConvTranspose2d)
    assert isinstance(discriminator[1], nn.LeakyReLU) and discriminator[1].negative_slope == 0.2
    assert generator[1].weight.std().item() == pytest.approx(0.02, rel=0.05)
    norms = [sum(isinstance(layer, nn.BatchNorm2d) for layer in net) for net in (generator, discriminator)]
    assert norms == [4, 3]
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in dcgan.Discriminator(norm=False))


def test_other_shapes_are_errors():
    with pytest.raises(ValueError, match=r"expected \(N, 8\)"):
        dcgan.Generator(8)(torch.zeros(2, 9))
    with pytest.raises(ValueError, match=r"expected \(N, 1, 28, 28\)"):
        dcgan.Discriminator()(torch.zeros(2, 1, 32, 32))
    with pytest.raises(ValueError, match="width must be 1 or more"):
        dcgan.Discriminator(width=0)


def test_a_pair_is_kept_in_a_file(tmp_path):
    generator, discriminator = dcgan.Generator(8, 3, 4, 32).eval(), dcgan.Discriminator(3, 6, 32).eval()
    dcgan.save(tmp_path / "pair.safetensors", generator, discriminator)
    again, its = dcgan.load(tmp_path / "pair.safetensors")
    z = generator.noise(2)
    assert torch.allclose(again(z), generator(z), atol=1e-3)
    assert torch.allclose(its(again(z)), discriminator(again(z)), atol=1e-3)
    with pytest.raises(FileNotFoundError, match="no weights of a GAN called 'faces'"):
        dcgan.load("faces")


# the score


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 5))
def test_the_frechet_distance(seed, count):
    source = torch.Generator().manual_seed(seed)
    one, other = torch.randn(60, count, generator=source), torch.randn(50, count, generator=source) * 2 + 1
    assert generated.frechet(one, one) == pytest.approx(0, abs=1e-6)
    there, back = generated.frechet(one, other), generated.frechet(other, one)
    assert there == pytest.approx(back, rel=1e-6) and there > 0
    assert generated.frechet(one, one + 3) == pytest.approx(9 * count, rel=1e-5)  # the same spread, moved
    if count == 1:
        expected = (one.mean() - other.mean()) ** 2 + (one.std() - other.std()) ** 2
        assert there == pytest.approx(expected.item(), rel=1e-4)


class Reader(nn.Module):
    """Names an image of one pixel by its value."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(1, 4)
        with torch.no_grad():
            self.last.weight.copy_(torch.tensor([[0.0], [40.0], [80.0], [120.0]]))
            self.last.bias.copy_(torch.tensor([0.0, -5.0, -20.0, -45.0]))

    def forward(self, x):
        return self.last(x.flatten(1))


def test_the_score_counts_what_is_there():
    every = torch.tensor([-1.0, -0.5, 0.2, 1.0]).repeat(5)[:, None, None, None]
    even, one = generated.score(Reader(), every, every), generated.score(Reader(), every * 0 + 1, every)
    assert even.present == 4 and even.balance == pytest.approx(1) and even.frechet == pytest.approx(0, abs=1e-9)
    assert one.present == 1 and one.balance == 0 and one.frechet > 0.1
    assert even.shares.tolist() == [0.25] * 4 and 0.9 < even.confidence <= 1


def test_reading_leaves_the_classifier_as_it_was():
    reader = Reader().train()
    generated.read(reader, torch.zeros(3, 1, 1, 1))
    assert reader.training and not reader.last._forward_pre_hooks


@pytest.mark.parametrize(
    "images", [torch.zeros(3, 1, 1), torch.full((3, 1, 1, 1), 1.5), torch.zeros(3, 1, 1, 1, dtype=torch.uint8),
               torch.full((3, 1, 1, 1), math.nan)],
)  # fmt: skip
def test_images_that_cannot_be_judged_are_errors(images):
    with pytest.raises(ValueError, match="in -1..1"):
        generated.read(Reader(), images)


def test_other_errors_of_the_score():
    with pytest.raises(ValueError, match="no linear layer"):
        generated.read(nn.Conv2d(1, 1, 1), torch.zeros(3, 1, 1, 1))
    for first, second in ((torch.zeros(1, 2), torch.zeros(3, 2)), (torch.zeros(3, 2), torch.zeros(3, 3))):
        with pytest.raises(ValueError, match="features of shapes"):
            generated.frechet(first, second)


# the long runs


@pytest.mark.parametrize("name", games.RUNS)
def test_records_are_of_the_recipes_in_the_code(name):
    record, plan = runs.load(name), games.RUNS[name]
    assert record["recipe"] == vars(plan.recipe) and record["options"] == plan.options
    assert sorted(run["seed"] for run in record["runs"]) == list(range(plan.seeds)) and plan.seeds >= 2
    for run in record["runs"]:
        assert run["curve"]["step"][-1] == plan.recipe.steps
        assert run["confidence"] == run["curve"]["confidence"][-1]  # the last, not the best
    mean = sum(run["confidence"] for run in record["runs"]) / plan.seeds
    assert record["summary"]["confidence"] == pytest.approx(mean, abs=1e-4)


def test_the_digits_can_be_read():
    for run in runs.load("gan_digits")["runs"]:
        assert run["confidence"] >= 0.85 and run["present"] >= 9


@pytest.mark.parametrize("name", games.RUNS)
def test_the_networks_of_the_book_fit_their_recipe(name):
    recipe = games.RUNS[name].recipe
    generator, discriminator = dcgan.load(name.removeprefix("gan_"))
    assert generator.latent == recipe.latent and not generator.training and not discriminator.training
    run = runs.load(name)["runs"][0]
    assert sum(each.numel() for each in generator.parameters()) == run["parameters"]
    images = gan.make(generator, 4)
    assert images.std() > 0.2 and discriminator(images).shape == (4,)


def test_a_run_writes_its_record_and_its_networks(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))
    recipe = games.Recipe(images=4000, steps=2, batch_size=4, latent=8, width=2)
    monkeypatch.setitem(games.RUNS, "gan_digits", games.Run("a", "b", "digits", recipe, {}, seeds=1))
    monkeypatch.setattr(games, "classifier", lambda *_, **__: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))
    monkeypatch.setattr(games, "SAMPLES", 20)
    record = games.reproduce("gan_digits", tmp_path / "made.json", quiet=True)
    assert runs.read(tmp_path / "made.json") == record and record["runs"][0]["curve"]["step"] == [1, 2]
    assert dcgan.load(tmp_path / "made.safetensors")[0].latent == 8


# the moving picture


def test_an_animation_shows_each_frame_in_turn():
    frames = [look.field(np.full((3, 3), level), {"red": [[0.5, 0.5], [2, 2]]}, side=50) for level in (0, 1, 0.5)]
    picture = str(look.animation(frames, seconds=0.5, hold=1))
    assert picture.count("<animate ") == 3 and "<script" not in picture and picture.count('dur="2.5s"') == 3
    assert picture.count('<g display="inline"') == 1  # what stands where nothing moves
    assert "M25 25h0" in picture and picture.count("h0") == 6  # a point outside is left out; drawn with its edge


@pytest.mark.parametrize("frames, seconds", [([], 1), (2, 0), (2, -1)])
def test_animations_that_cannot_be_are_errors(frames, seconds):
    frames = frames and [look.field(np.zeros((2, 2)))] * frames
    with pytest.raises(ValueError):
        look.animation(frames, seconds)


def test_fields_and_frames_of_other_shapes_are_errors():
    with pytest.raises(ValueError, match="frames of 2 sizes"):
        look.animation([look.field(np.zeros((2, 2)), side=side) for side in (20, 30)], 1)
    for values in (np.zeros(3), np.full((2, 2), np.nan)):
        with pytest.raises(ValueError, match="expected finite numbers"):
            look.field(values)
