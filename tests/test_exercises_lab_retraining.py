"""The exercises of lab 04, beyond what test_exercises.py asks of all: those whose answer is not a plain function."""

import pytest
import torch
from answers import said
from torch import nn
from torch.nn import functional

from cnnbook import data, exercises
from cnnbook.exercises import lab_retraining

LAB = exercises.of_lab("04_retraining")


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


def nothing(*arguments):
    """Gives nothing, but does something."""
    len(arguments)


def test_every_function_has_five_typical_mistakes():
    functions = [key for key in LAB if exercises.find(key).reference]
    assert len(LAB) == 10 and all(len(exercises.find(key).mistakes) >= 5 for key in functions)


@pytest.mark.parametrize("key", LAB)
@pytest.mark.parametrize("answer", [None, ...])
def test_nothing_written_is_not_yet(key, answer):
    assert said(key, answer)[0] == "notyet"


@pytest.mark.parametrize("key", LAB)
@pytest.mark.parametrize(
    "answer",
    [0, float("nan"), [1, 2], "text", {}, {"a": 1}, torch.ones(2), nn.Linear(2, 2), int, lambda: 1, nothing,
     lambda *arguments: float("nan"), lambda *arguments: "text"],
)  # fmt: skip
def test_whatever_is_handed_in_gets_a_message(key, answer):
    status, words = said(key, answer)
    assert status == "wrong" and words


@pytest.mark.parametrize("key", LAB)
def test_an_error_of_the_readers_is_shown_as_theirs(key):
    assert "ZeroDivisionError: mine" in said(key, raising)[1]


# features


def extract(network, images, size=32, change=data.to_float, evaluate=True, drop=False, order=1, join=torch.cat):
    if evaluate:
        network.eval()
    with torch.no_grad():
        found = [network(change(some)) for some in images.split(size)][::order]
    return join(found[:-1] if drop else found)


def with_gradients(network, images):
    network.eval()
    return torch.cat([network(data.to_float(some)) for some in images.split(32)])


def test_features_are_asked_for_rightly():
    assert said("lab_retraining_extract", extract)[0] == "right"
    assert said("lab_retraining_extract", lambda network, images: extract(network, images, size=1))[0] == "right"

    @torch.inference_mode()
    def inferring(network, images):
        network.eval()
        return torch.cat([network(some / 255) for some in images.split(20)])

    assert said("lab_retraining_extract", inferring)[0] == "right"

    def as_a(**options):
        return lambda network, images: extract(network, images, **options)

    told("lab_retraining_extract", [
        (as_a(evaluate=False), "in train mode"),
        (with_gradients, "What gradients need is recorded"),
        (as_a(change=lambda some: some), "was given bytes"),
        (as_a(change=lambda some: some.float()), "go up to 255"),
        (as_a(change=lambda some: data.to_float(some) / 255), "divide by 255 twice"),
        (as_a(size=1000), "photos went in at once"),
        (as_a(drop=True), "Is the last batch missing?"),
        (lambda network, images: extract(network, images).flatten(), "The features have the shape"),
        (as_a(order=-1), "or their order, differ"),
        (as_a(join=list), "not one tensor"),
        (lambda network, images: torch.zeros(len(images), 5), "never called"),
        (nothing, "Is a `return` missing?"),
    ])  # fmt: skip


# fine-tuning


def fine_tune(
    network, stage, images, labels, epochs, rate,
    size=16, change=data.to_float, mode=False, end=False, adam=torch.optim.Adam, order=torch.randperm, sign=1,
):  # fmt: skip
    network.train(mode)
    optimizer = adam(stage, lr=rate)
    for _ in range(epochs):
        for some in order(len(images)).split(size):
            loss = sign * functional.cross_entropy(network(change(images[some])), labels[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.train(end)


def test_fine_tuning_moves_what_it_should():
    key = "lab_retraining_fine_tune"
    assert said(key, fine_tune)[0] == "right"

    def frozen_too(network, stage, *rest):
        network.requires_grad_(False)
        for parameter in stage:
            parameter.requires_grad_(True)
        fine_tune(network, stage, *rest)

    assert said(key, frozen_too)[0] == "right"

    def with_(**options):
        return lambda network, stage, images, labels, epochs, rate: fine_tune(
            network, stage, images, labels, epochs, rate, **options
        )

    def all_of_it(network, stage, *rest):
        fine_tune(network, network.parameters(), *rest)

    def head_alone(network, stage, *rest):
        fine_tune(network, stage[-2:], *rest)

    def no_step(network, stage, images, labels, epochs, rate):
        functional.cross_entropy(network.eval()(data.to_float(images)), labels).backward()

    told(key, [
        (all_of_it, "which should be frozen"),
        (head_alone, "Only the new last layer"),
        (with_(mode=True), "means and variances of batch norm"),
        (with_(end=True), "left in train mode"),
        (with_(change=lambda some: some.float()), "pixels of 0 to 255"),
        (with_(size=48), "48 photos went in at once"),
        (lambda network, stage, images, labels, epochs, rate: fine_tune(network, stage, images, labels, 1, rate),
         "Photos were shown 48 times"),
        (with_(order=torch.arange), "Every epoch has the same order of photos"),
        (with_(adam=lambda stage, lr: torch.optim.Adam(stage)), "In the first step weights move by 0.001."),
        (with_(adam=torch.optim.SGD), "Adam's first step is as long as the learning rate"),
        (with_(sign=-1), "it did not fall"),
        (no_step, "Not one weight has changed"),
        (nothing, "never called"),
    ])  # fmt: skip


# the exam


@pytest.fixture
def answers_by_pixels(monkeypatch):
    """An exam whose labels can be read off its pixels, which a 9 in a corner marks, and the function that does so."""
    labels = torch.arange(300) % 3

    def photos(split, each):
        images = labels.to(torch.uint8)[:, None, None, None].repeat(1, 3, 4, 4)
        images[:, :, -1, -1] = 9 if split == "test" else 0
        return data.ImageSet(images, labels, ("a", "b", "c")), "made up"

    monkeypatch.setattr(lab_retraining, "_photos", photos)
    monkeypatch.setitem(lab_retraining.TO_BEAT, "made up", 0.9)
    return lambda photos: photos[:, 0, 0, 0].long()


def test_the_exam_is_passed_by_answers_alone(answers_by_pixels):
    key, right = "lab_retraining_beat", answers_by_pixels
    assert said(key, right)[0] == "right"

    def fitted_to_the_exam(photos):
        return torch.where(photos[:, 0, -1, -1] == 9, right(photos), (right(photos) + 1) % 3)

    def in_company(photos):
        return right(photos) if photos[:, 0, 0, 0].float().std() else (right(photos) + 1) % 3

    told(key, [
        (lambda photos: functional.one_hot(right(photos), 3).float(), "If these are logits"),
        (lambda photos: right(photos)[:-1], "it should be (N,)"),
        (lambda photos: right(photos).tolist(), "a class number for each image"),
        (lambda photos: right(photos) + 0.5, "must be whole numbers"),
        (lambda photos: torch.tensor([3, 5, 8])[right(photos)], "by their order, not by their names"),
        (lambda photos: 0 * right(photos), "It always gives the same answer: 0"),
        (in_company, "other answers in other company"),
        (lambda photos: (right(photos) + 1) % 3, "Its accuracy is only 0.000"),
        (lambda photos: torch.where(right(photos) == 2, 1, right(photos)), "the number to beat is 0.900"),
        (fitted_to_the_exam, "Was it trained on those of the exam?"),
        (nn.Flatten(), "not a network"),
        (nothing, "Is a `return` missing?"),
    ])  # fmt: skip


def test_the_exam_has_photos_that_the_lab_never_sees(monkeypatch):
    monkeypatch.setenv("CNNBOOK_BUDGET", "quick")
    exam, name = lab_retraining._photos("test", 300)
    assert exam.images.shape[1:] == (3, 28, 28) and set(exam.labels.tolist()) == {0, 1, 2}
    assert 0.5 < lab_retraining.TO_BEAT[name] < 1
    known = {image.numpy().tobytes() for image in data.load("digits").images}
    assert not any(image[0].numpy().tobytes() in known for image in exam.images)
