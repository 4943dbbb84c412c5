import re
import time
import unicodedata
from collections import Counter

import pytest
import torch

from cnnbook.data import captions, scenes
from cnnbook.data.captions import COLOURS, SIZES, Thing
from cnnbook.data.drawn import layout, scenery, things
from cnnbook.data.drawn.chance import Chance

COUNT = 400


@pytest.fixture(scope="module")
def drawn():
    return scenes.compose(COUNT)


# what is known of a scene


def test_boxes_are_tight_about_masks_that_share_no_pixel(drawn):
    imageset, _ = drawn
    assert len(imageset) == COUNT and imageset.images.shape[1:] == (3, 96, 96)
    for masks, boxes, labels in zip(imageset.masks, imageset.boxes, imageset.box_labels, strict=True):
        assert 1 <= len(masks) == len(boxes) == len(labels) <= 4
        assert masks.dtype == torch.uint8 and int(masks.sum(0).max()) == 1
        for mask, box in zip(masks, boxes, strict=True):
            x1, y1, x2, y2 = box.int().tolist()
            inside = mask[y1:y2, x1:x2]
            assert inside.sum() == mask.sum() > 0
            assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()


def test_enough_of_every_object_is_seen_and_many_hide_a_part_of_another(drawn):
    imageset, known = drawn
    things = [thing for scene in known for thing in scene]
    assert min(thing.visible for thing in things) > 0.2
    assert 0.1 < sum(thing.visible < 0.97 for thing in things) / len(things) < 0.4
    for thing in things:
        assert thing.box[0] >= thing.whole[0] and thing.box[3] <= thing.whole[3]
        assert thing.whole[0] >= 0 and thing.whole[3] <= 96
        assert thing.visible == 1 or thing.box != thing.whole or thing.visible > 0.2
    assert Counter(len(scene) for scene in known).keys() == {1, 2, 3, 4}


def test_the_label_is_the_class_of_the_object_most_of_which_is_seen(drawn):
    imageset, _ = drawn
    for label, masks, labels in zip(imageset.labels, imageset.masks, imageset.box_labels, strict=True):
        assert label == labels[masks.flatten(1).sum(1).argmax()]
    assert set(imageset.labels.tolist()) == set(range(10))


def test_an_objects_pixels_have_the_colour_that_it_is_said_to_have(drawn):
    """Masks, depth order and colour words in one: a wrong order would put another object's colour into a mask."""
    imageset, known = drawn
    words, swatches = list(COLOURS), things.SWATCHES.sqrt()
    hue = swatches / swatches.norm(dim=1, keepdim=True)
    right = total = 0
    for image, masks, scene in zip(imageset.images, imageset.masks, known, strict=True):
        for mask, thing in zip(masks.bool(), scene, strict=True):
            colour = (image[:, mask].float() / 255).median(1).values
            near = (colour / colour.norm() - hue).norm(dim=1) + 0.3 * (colour.norm() - swatches.norm(dim=1)).abs()
            right += words[int(near.argmin())] == thing.colour
            total += 1
    assert right / total > 0.96


def test_what_stands_nearer_stands_lower_in_the_picture(drawn):
    _, known = drawn
    for scene in known:
        feet = [thing.whole[3] for thing in scene if not thing.hangs]
        assert all(far <= near + 3 for far, near in zip(feet, feet[1:], strict=False))


def test_size_words_keep_their_order_in_the_picture(drawn):
    """Of the same class, whatever is called small covers less than what is called large, however near it is."""
    _, known = drawn
    widths = {size: {} for size in SIZES}
    for scene in known:
        for thing in scene:
            widths[thing.size].setdefault(thing.name, []).append(thing.whole[3] - thing.whole[1])
    for name in widths["small"]:
        assert max(widths["small"][name]) <= min(widths[""][name]) + 1
        assert max(widths[""][name]) <= min(widths["large"][name]) + 1


# sets


def test_the_same_seed_gives_the_same_scenes_however_many():
    few, many = scenes.draw(13, size=48, seed=2), scenes.draw(110, size=48, seed=2)
    assert torch.equal(few.images, many.images[:13])
    assert few.captions == many.captions[:13] and few.captions_ko == many.captions_ko[:13]
    assert all(torch.equal(a, b) for a, b in zip(few.masks, many.masks, strict=False))
    other = scenes.read("test", size=48, count=13, seed=2)
    assert not any(torch.equal(a, b) for a in few.images for b in other.images)


def test_a_scene_has_as_many_objects_as_asked_for():
    assert {len(boxes) for boxes in scenes.draw(60, size=48, objects=(2, 3)).boxes} == {2, 3}
    crowd = scenes.draw(40, objects=(6, 6))
    assert {len(boxes) for boxes in crowd.boxes} == {6}
    assert len(scenes.draw(0)) == 0


@pytest.mark.parametrize("size, samples", [(64, 2), (70, 1), (96, 1)])
def test_a_window_cuts_off_nothing_of_its_thing(size, samples, monkeypatch):
    """To the last bit it is as if every thing were painted on the whole picture."""
    monkeypatch.setattr(things, "TOGETHER", 1)  # each window by itself, as small as can be
    plan = layout.plan(Chance("windows", 0, 0, 60), 1, 6)

    def painted():
        picture, ground = scenery.view(plan, size)
        return things.put(picture, ground.unsqueeze(1), plan, samples), picture

    with_windows = painted()
    monkeypatch.setattr(things, "_reach", lambda thing, away: (torch.full_like(thing["x"], 9.0),) * 2)
    assert all(torch.equal(a, b) for a, b in zip(with_windows, painted(), strict=True))


def test_one_core_draws_800_scenes_a_second():  # of 32 pixels; one of 2024 draws 1,600 and more
    scenes.draw(100, size=32)
    seconds = []
    for _ in range(3):
        start = time.process_time()
        scenes.draw(400, size=32)
        seconds.append(time.process_time() - start)
    assert 400 / min(seconds) > 800


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"split": "validation"}, "split must be one of train, test"),
        ({"split": "train", "objects": (0, 2)}, "from 1 to 6"),
        ({"split": "train", "objects": (3, 2)}, "fewest, most"),
        ({"split": "train", "objects": (1, 7)}, "from 1 to 6"),
        ({"split": "train", "size": 16}, "size 32 pixels"),
        ({"split": "train", "count": -2}, "count"),
    ],
)
def test_what_cannot_be_drawn_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        scenes.read(**wrong)


# captions: a parser that knows the grammar, and nothing of how captions are made

NAMES = {"disc": "원", "ring": "고리", "square": "사각형", "triangle": "삼각형", "star": "별", "cross": "십자",
         "heart": "하트", "crescent": "초승달", "arrow": "화살표", "drop": "물방울"}  # fmt: skip
ENGLISH = {
    r"(.+?) (?:is to the )?left of (.+)": "left",
    r"(.+?) (?:is to the )?right of (.+)": "right",
    r"(.+?) (?:hangs )?above (.+)": "above",
    r"(.+?) (?:is )?below (.+)": "below",
    r"(.+?) in front of (.+)": "front",
    r"(.+?) partly hides (.+)": "front",
    r"(.+?) is partly hidden by (.+)": "behind",
    r"(.+?) behind (.+)": "behind",
    r"(.+?) (?:stands )?on the (floor|meadow|beach|snow)": "stands",
    r"(.+?) (?:hangs )?on a thread": "hangs",
}
# b and a in Korean are found by their particles; 이, 은 and 을 stand for their other forms too
KOREAN = {
    r"(?P<b>.+)의 왼쪽에 (?P<a>.+)이 있습니다": "left",
    r"(?P<a>.+)은 (?P<b>.+)의 왼쪽에 있습니다": "left",
    r"(?P<b>.+)의 오른쪽에 (?P<a>.+)이 있습니다": "right",
    r"(?P<a>.+)은 (?P<b>.+)의 오른쪽에 있습니다": "right",
    r"(?P<b>.+)의 위쪽에 (?P<a>.+)이 있습니다": "above",
    r"(?P<a>.+)이 (?P<b>.+)의 위쪽에 매달려 있습니다": "above",
    r"(?P<b>.+)의 아래쪽에 (?P<a>.+)이 있습니다": "below",
    r"(?P<a>.+)은 (?P<b>.+)의 아래쪽에 있습니다": "below",
    r"(?P<b>.+)의 앞에 (?P<a>.+)이 있습니다": "front",
    r"(?P<a>.+)이 (?P<b>.+)을 일부 가립니다": "front",
    r"(?P<b>.+)의 뒤에 (?P<a>.+)이 있습니다": "behind",
    r"(?P<a>.+)이 (?P<b>.+)에 일부 가려져 있습니다": "behind",
    r"(?P<place>바닥|풀밭|모래밭|눈밭)에 (?P<a>.+)이 있습니다": "stands",
    r"(?P<a>.+)이 (?P<place>바닥|풀밭|모래밭|눈밭)에 서 있습니다": "stands",
    r"실에 (?P<a>.+)이 매달려 있습니다": "hangs",
    r"(?P<a>.+)은 실에 매달려 있습니다": "hangs",
}
PHRASE = rf"(?:(?:작은|큰) )?(?:(?:{'|'.join(COLOURS.values())}) )?(?:{'|'.join(NAMES.values())})"
FORMS = {"이": ("이", "가"), "은": ("은", "는"), "을": ("을", "를")}


def ends_in_a_consonant(word):
    return len(unicodedata.normalize("NFD", word[-1])) == 3  # Hangul syllables fall into their letters


def thing_of(words, colours, sizes, names, scene):
    """The one thing of a scene that these words fit; an AssertionError where there is none, or more than one."""
    words = list(words)
    name = names[words.pop()]
    colour = colours[words.pop()] if words else None
    size = sizes[words.pop()] if words else None
    assert not words
    fitting = [nth for nth, thing in enumerate(scene)
               if thing.name == name and colour in (None, thing.colour) and size in (None, thing.size)]  # fmt: skip
    assert len(fitting) == 1
    return fitting[0]


def parse_english(sentence, scene):
    (match, relation), *more = [
        (match, relation) for pattern, relation in ENGLISH.items() if (match := re.fullmatch(pattern, sentence))
    ]
    assert not more
    phrases = [phrase for phrase in match.groups() if " " in phrase]
    place = [phrase for phrase in match.groups() if " " not in phrase]
    found = []
    for phrase in phrases:
        article, *words = phrase.split()
        assert article == ("an" if words[0][0] in "aeiou" else "a")
        found.append(thing_of(words, dict(zip(COLOURS, COLOURS, strict=True)), {"small": "small", "large": "large"},
                              dict(zip(NAMES, NAMES, strict=True)), scene))  # fmt: skip
    return found[0], relation, found[-1], [("floor", "meadow", "beach", "snow").index(word) for word in place]


def parse_korean(sentence, scene):
    found = []
    for pattern, relation in KOREAN.items():
        particles = re.findall(r"\)(이|은|을)", pattern)
        pattern = pattern.replace(".+", PHRASE)
        for particle in particles:
            pattern = pattern.replace(f"){particle}", f")(?P<{particle}>{'|'.join(FORMS[particle])})")
        if match := re.fullmatch(pattern, sentence):
            found.append((match, relation, particles))
    ((match, relation, particles),) = found
    for particle in particles:
        form, before = match[particle], sentence[match.start(particle) - 1]
        assert form == FORMS[particle][0 if ends_in_a_consonant(before) else 1], sentence
    korean = {word: name for name, word in NAMES.items()}
    colours = {word: colour for colour, word in COLOURS.items()}
    found = [thing_of(match[key].split(), colours, {"작은": "small", "큰": "large"}, korean, scene)
             for key in ("a", "b") if match.groupdict().get(key)]  # fmt: skip
    place = match.groupdict().get("place")
    return found[0], relation, found[-1], [("바닥", "풀밭", "모래밭", "눈밭").index(place)] if place else []


def holds(relation, a, b, scene, masks):
    """Whether a relation is true of the boxes, the order and the masks."""
    one, other = scene[a], scene[b]
    if relation in ("left", "right"):
        first, second = (one, other) if relation == "left" else (other, one)
        return all(
            i[0] + i[2] < j[0] + j[2] - 0.2 * 96 for i, j in ((first.box, second.box), (first.whole, second.whole))
        )
    if relation in ("above", "below"):
        upper, lower = (one, other) if relation == "above" else (other, one)
        return upper.hangs and upper.whole[3] <= lower.whole[1]
    if relation in ("front", "behind"):
        near, far = (a, b) if relation == "front" else (b, a)
        x1, y1, x2, y2 = scene[far].whole
        return near > far and bool(masks[near, y1:y2, x1:x2].any()) and scene[far].visible < 1
    return a == b and one.hangs == (relation == "hangs")


def test_every_caption_is_true_in_both_languages(drawn):
    imageset, known = drawn
    told, places = Counter(), Counter()
    for nth, scene in enumerate(known):
        english = parse_english(imageset.captions[nth], scene)
        korean = parse_korean(imageset.captions_ko[nth], scene)
        assert english == korean, (imageset.captions[nth], imageset.captions_ko[nth])
        a, relation, b, place = english
        assert holds(relation, a, b, scene, imageset.masks[nth]), imageset.captions[nth]
        told[relation] += 1
        places.update(place)
    assert set(told) == set(captions.SENTENCES) and min(told.values()) >= 5
    assert set(places) == set(range(len(scenery.PLACES)))


def test_every_relation_that_is_found_holds(drawn):
    imageset, known = drawn
    for nth, scene in enumerate(known):
        found = captions.relations(scene, 96)
        assert all(holds(relation, a, b, scene, imageset.masks[nth]) for a, relation, b in found)
        opposite = {"left": "right", "above": "below", "front": "behind"}
        pairs = {(a, relation, b) for a, relation, b in found}
        for a, relation, b in found:
            if relation in opposite:
                assert (b, opposite[relation], a) in pairs


def test_the_snow_is_named_where_the_ground_is_white(drawn):
    imageset, _ = drawn
    lower = {place: [] for place in ("floor", "meadow", "beach", "snow")}
    for image, masks, caption in zip(imageset.images, imageset.masks, imageset.captions, strict=True):
        for place in lower:
            if caption.endswith(f"on the {place}"):
                ground = ~masks.bool().any(0)
                ground[:70] = False
                lower[place].append(image[:, ground].float().mean(1))
    red, green, blue = torch.stack(lower["meadow"]).mean(0)
    assert green > red and green > blue + 40
    assert all(min(colour) > 150 and colour[2] > colour[0] - 12 for colour in lower["snow"])
    assert all(colour[0] > colour[2] + 20 for colour in lower["beach"])


def test_a_thing_is_named_so_that_no_other_fits():
    def thing(colour, size, name="star", korean="별"):
        return Thing(name, korean, colour, size, False, (0, 0, 1, 1), (0, 0, 1, 1), 1.0, ())

    red, blue, ring = thing("red", "small"), thing("blue", ""), thing("orange", "", "ring", "고리")
    assert captions.names(red, [red, blue, ring]) == [("a red star", "빨간 별"), ("a small red star", "작은 빨간 별")]
    assert captions.names(blue, [red, blue, ring]) == [("a blue star", "파란 별")]
    assert captions.names(ring, [red, blue, ring]) == [("a ring", "고리"), ("an orange ring", "주황색 고리")]
    large = thing("red", "large")
    assert captions.names(large, [large, red]) == [("a large red star", "큰 빨간 별")]


@pytest.mark.parametrize(
    "words, particle, right",
    [("별", "이", "별이"), ("고리", "이", "고리가"), ("원", "은", "원은"), ("화살표", "은", "화살표는"),
     ("물방울", "을", "물방울을"), ("하트", "을", "하트를"), ("값", "이", "값이")],
)  # fmt: skip
def test_particles_follow_the_last_sound(words, particle, right):
    assert captions.with_particle(words, particle) == right


@pytest.mark.parametrize("words", ["", "ring", "별!", "ㄱ"])
def test_a_particle_needs_a_hangul_syllable(words):
    with pytest.raises(ValueError, match="Hangul syllable"):
        captions.with_particle(words, "이")
