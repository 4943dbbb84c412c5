"""Sentences that are read back, scenes with several of them, the networks of chapter 20 and how they are measured."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook.data import captions, described, parsing
from cnnbook.data.drawn.figures import TEN
from cnnbook.models import captioner
from cnnbook.train import captioning, describing


@pytest.fixture(scope="module")
def scenes():
    return described.read("train", 60, objects=(1, 4), sentences=3)


@pytest.fixture(scope="module")
def read(scenes):
    """The scenes as features, which regions are there, the vocabulary, and the sentences as numbers."""
    regions = captioner.Regions().calibrate(scenes.images, scenes.boxes)
    words = captioning.vocabulary(scenes)
    return *regions(scenes.images, scenes.boxes), words, captioning.encoded(scenes, words)


# Reading sentences


def test_all_captions_are_true_of_their_scenes_in_both_languages(scenes):
    for told in scenes.captions.values():
        assert all(scenes.true(row, sentence) for row, some in enumerate(told) for sentence in some)


def test_both_languages_claim_the_same(scenes):
    for english, korean in zip(*scenes.captions.values(), strict=True):
        for one, other in zip(english, korean, strict=True):
            a, b = parsing.parse(one), parsing.parse(other)
            assert (a.relation, a.a, a.b, a.place) == (b.relation, b.a, b.b, b.place)


@given(st.sampled_from(sorted(captions.SENTENCES)), st.data())
def test_what_the_grammar_writes_is_read_back(relation, data):
    form = data.draw(st.sampled_from(captions.SENTENCES[relation]))
    thing = st.builds(
        parsing.Name,
        st.sampled_from([each.name for each in TEN]), st.sampled_from(sorted(captions.COLOURS)),
        st.sampled_from(["small", "large", ""]),
    )  # fmt: skip
    a, b = data.draw(thing), data.draw(thing)
    korean = {each.name: each.korean for each in TEN}

    def named(name):
        words = " ".join(filter(None, (name.size, name.colour, name.name)))
        own = " ".join(filter(None, (captions.SIZES[name.size], captions.COLOURS[name.colour], korean[name.name])))
        return f"{'an' if words[0] in 'aeiou' else 'a'} {words}", captions._Korean(own)

    (a_en, a_ko), (b_en, b_ko) = named(a), named(b)
    for sentence in (form[0].format(a=a_en, b=b_en, place="snow"), form[1].format(a=a_ko, b=b_ko, place="눈밭")):
        claim = parsing.parse(sentence)
        assert (claim.relation, claim.a) == (relation, a)
        assert claim.b == (b if relation not in ("stands", "hangs") else None)
        assert parsing.joined(parsing.words_of(sentence)) == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "", "a star", "a red star right of", "a star left of a disc and a ring", "red star on the snow",
        "A star on the snow",
        "a orange star on the snow", "an red star on the snow", "a small star on the snow", "눈밭에 별가 있습니다",
        "눈밭에 하트이 있습니다", "별는 실에 매달려 있습니다",
        "별이 고리을 일부 가립니다", "눈밭에 별 이 있습니다",
    ],
)  # fmt: skip
def test_what_is_no_sentence_is_refused(sentence):
    with pytest.raises(ValueError):
        parsing.parse(sentence)


def test_the_error_names_the_particle_and_the_article():
    with pytest.raises(ValueError, match="이, got 가"):
        parsing.parse("눈밭에 별가 있습니다")
    with pytest.raises(ValueError, match="article an, got a"):
        parsing.parse("a orange star on the snow")
    with pytest.raises(TypeError, match="int"):
        parsing.parse(3)


def test_a_false_sentence_is_false(scenes):
    turned = {"left": "right", "right": "left"}
    for row, some in enumerate(scenes.captions["en"]):
        for sentence in some:
            if {"left", "right"} & set(sentence.split()):
                assert not scenes.true(row, " ".join(turned.get(word, word) for word in sentence.split()))
    assert not scenes.true(0, "nonsense")


def test_a_name_alone_is_read():
    assert (
        parsing.parse_name("큰 빨간 별")
        == parsing.parse_name("a large red star")
        == parsing.Name("star", "red", "large")
    )
    with pytest.raises(ValueError, match="large star"):
        parsing.parse_name("a large star")


def test_the_vocabulary_gives_sentences_back_and_refuses_what_it_does_not_know(scenes):
    words = captioning.vocabulary(scenes)
    for language, told in scenes.captions.items():
        for sentence in itertools.chain(*told):
            numbers = words.encode(sentence, language)
            assert numbers[0] == words.start(language) and numbers[-1] == words.END and words.PAD not in numbers
            assert words.decode([*numbers, 7, 8]) == sentence
    with pytest.raises(ValueError, match="unicorn"):
        words.encode("a unicorn", "en")
    with pytest.raises(ValueError, match="fr"):
        words.start("fr")


# Scenes


def test_a_longer_set_begins_with_the_shorter_one_and_splits_differ(scenes):
    few = described.read("train", 5, objects=(1, 4), sentences=3)
    assert few.images.equal(scenes.images[:5]) and few.captions["ko"] == scenes.captions["ko"][:5]
    assert few.things == scenes.things[:5] and few.places == scenes.places[:5]
    assert not described.read("test", 5, objects=(1, 4)).images.equal(few.images)


def test_scenes_are_chosen_by_what_is_in_them(scenes):
    stars = scenes.where(lambda scene: any(thing.name == "star" for thing in scene))
    assert 0 < len(stars) < len(scenes) and len(stars.images) == len(stars.captions["en"]) == len(stars.places)
    assert all(any(thing.name == "star" for thing in scene) for scene in stars.things)


def test_scenes_refuse_nonsense():
    with pytest.raises(ValueError, match="sentences"):
        described.read("train", 5, sentences=0)
    with pytest.raises(ValueError, match="split"):
        described.read("valid", 5)


# Networks


def test_regions_are_the_picture_and_the_things_from_left_to_right(scenes, read):
    features, there, *_ = read
    assert features.shape == (60, 5, captioner.Regions.width) and there.dtype == torch.bool
    assert there.sum(1).tolist() == [1 + len(scene) for scene in scenes.things]
    assert not features[~there].any()
    boxes = captioner.with_whole(scenes.boxes[0], 96)
    centres = (boxes[1:, 0] + boxes[1:, 2]).tolist()
    assert boxes[0].tolist() == [0, 0, 96, 96] and centres == sorted(centres)
    with pytest.raises(ValueError, match="up to 4 boxes, got 5"):
        captioner.with_whole(torch.zeros(5, 4), 96)


def test_padding_and_missing_regions_do_not_change_a_score(read):
    features, there, words, told = read
    torch.manual_seed(0)
    model = captioner.Alignment(features.shape[2], len(words))
    scores = model(features[:4], there[:4], told[:4, 0])
    longer = torch.cat([told[:4, 0], torch.zeros(4, 3, dtype=torch.long)], dim=1)
    torch.testing.assert_close(model(features[:4], there[:4], longer), scores)
    noisy = torch.where(there[:4].unsqueeze(2), features[:4], 100.0)
    torch.testing.assert_close(model(noisy, there[:4], told[:4, 0]), scores)


def test_the_ranking_loss_is_zero_where_true_pairs_lead_by_the_margin():
    assert captioner.ranking_loss(5 * torch.eye(4)) == 0
    assert captioner.ranking_loss(torch.zeros(4, 4)) == 2 * 3
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        captioner.ranking_loss(torch.zeros(2, 3))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 5), st.floats(0, 3))
def test_smoothing_finds_the_best_of_all_choices(seed, regions, length, stay):
    products = torch.randn(1, regions, length, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

    def value(places):
        same = sum(a == b for a, b in itertools.pairwise(places))
        return sum(products[0, r, t].item() for t, r in enumerate(places)) + stay * same

    best = max(value(places) for places in itertools.product(range(regions), repeat=length))
    found = captioner.smoothed(products, torch.ones(1, regions, dtype=torch.bool), stay)[0].tolist()
    assert value(found) == pytest.approx(best)


def test_smoothing_never_takes_a_region_that_is_not_there():
    there = torch.tensor([[False, True, False]])
    assert captioner.smoothed(torch.randn(1, 3, 6), there, 1.0).unique().tolist() == [1]


@pytest.fixture(scope="module")
def writer(read):
    features, there, words, told = read
    torch.manual_seed(0)
    alignment = captioner.Alignment(features.shape[2], len(words))
    captioning.fit_alignment(alignment, features, there, told, epochs=2, batch_size=20)
    places = captioning.aligned(alignment, features, there, told)
    assert there.gather(1, places.flatten(1)).all() and (places > 0).all()
    network = captioner.Captioner(features.shape[2], len(words), width=32, part=16)
    losses = captioning.fit_captioner(network, features, there, told, places, epochs=3, batch_size=30)
    assert losses[-1] < losses[0]
    return network


def likelihood(network, features, there, start, said):
    """The log-probability of the words with the likeliest region at each step, by hand, one picture."""
    parts, state = network.see(features, there)
    word, place, total, best = start, 0, 0.0, []
    for _ in range(len(said)):
        hidden, state = network.recurrent(
            torch.cat([network.embed(torch.tensor([word])), parts[:, place]], 1).unsqueeze(1), state
        )
        where = network.point(hidden, parts, there)[0, 0].log_softmax(0)
        logits = network.words(torch.cat([hidden[0].expand(parts.shape[1], -1), parts[0]], 1)).log_softmax(1)
        joint = where.unsqueeze(1) + logits
        place, word = divmod(joint.argmax().item(), joint.shape[1])
        total, best = total + joint.max().item(), [*best, word]
        if word == 1:
            break
    return best, total


def test_a_beam_of_one_is_greedy(read, writer):
    features, there, words, _ = read
    found = writer.write(features[:5], there[:5], words.start("ko"))
    assert found.shape == (5, 20)
    for row in range(5):
        with torch.no_grad():
            by_hand, _ = likelihood(writer, features[row : row + 1], there[row : row + 1], words.start("ko"), range(20))
        assert found[row, : len(by_hand)].tolist() == by_hand
        ended = (found[row] == words.END).nonzero().flatten().tolist()
        assert not ended or (found[row, ended[0] :] == words.END).all()


def test_writing_depends_on_no_other_picture_of_the_batch(read, writer):
    features, there, words, _ = read
    all_ = writer.write(features[:6], there[:6], words.start("en"), beam=3)
    alone = torch.cat(
        [writer.write(features[row : row + 1], there[row : row + 1], words.start("en"), beam=3) for row in range(6)]
    )
    assert all_.equal(alone)
    with pytest.raises(ValueError, match="beam must be 1 or more, got 0"):
        writer.write(features, there, words.start("en"), beam=0)


def test_a_wide_beam_finds_nothing_less_likely_than_greedy_says(read, writer):
    """Only that what comes out are sentences of words: the search itself is proved on the exercise's small language."""
    features, there, words, _ = read
    for beam in (1, 4):
        told = captioning.written(writer, features[:4], there[:4], words, beam)
        assert set(told) == {"en", "ko"} and all(isinstance(each, str) for some in told.values() for each in some)


# Measuring


def test_recall_counts_ranks():
    scores = torch.tensor([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0], [1.0, 2.0, 3.0]])
    found = captioning.recall(scores, torch.eye(3, dtype=torch.bool))
    assert found == {"recall@1": pytest.approx(2 / 3), "recall@5": 1.0, "recall@10": 1.0, "median rank": 1.0}
    several = torch.tensor([[False, True, True]] * 3)  # the best of two right ones counts
    assert captioning.recall(scores, several)["median rank"] == 2
    with pytest.raises(ValueError, match="at least one"):
        captioning.recall(scores, torch.zeros(3, 3, dtype=torch.bool))


def test_true_captions_are_all_true(scenes):
    told = {language: [some[0] for some in each] for language, each in scenes.captions.items()}
    assert captioning.truth(scenes, told) == {"en": 1.0, "ko": 1.0}
    assert captioning.truth(scenes, {"en": ["a star"] * len(scenes)}) == {"en": 0.0}


def test_the_long_run_writes_its_record(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    small = describing.Recipe(scenes=110, tests=105, alignment_epochs=1, epochs=1, width=16, sentences=1)
    monkeypatch.setitem(describing.RUNS, "captions_scenes", describing.Run("small", small, seeds=1))
    record = describing.reproduce("captions_scenes", tmp_path / "record.json", quiet=True)
    assert set(record["summary"]) == {"annotation_recall_1", "search_recall_1", "true_en", "true_ko"}
    assert (tmp_path / "record.json").exists() and len(record["runs"]) == 1
