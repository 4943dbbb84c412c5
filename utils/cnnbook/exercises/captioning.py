"""The exercises of chapter 20, image captioning."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text
from cnnbook.exercises.shared import NOT_A_FUNCTION

# One step of a recurrent network with a gate


def _gated_step(x, h, w, u, b, w_gate, u_gate, b_gate) -> np.ndarray:
    keep = 1 / (1 + np.exp(-(w_gate @ x + u_gate @ h + b_gate)))
    return keep * h + (1 - keep) * np.tanh(w @ x + u @ h + b)


def _gated_step_case(rng: Random) -> dict:
    chance, inputs, size = np.random.default_rng(rng.randrange(2**32)), rng.randint(2, 4), rng.randint(2, 3)
    shapes = {
        "x": (inputs,), "h": (size,), "w": (size, inputs), "u": (size, size), "b": (size,),
        "w_gate": (size, inputs), "u_gate": (size, size), "b_gate": (size,),
    }  # fmt: skip
    return {name: chance.normal(size=shape).round(1) for name, shape in shapes.items()}


def _keep(x, h, w_gate, u_gate, b_gate) -> np.ndarray:
    return 1 / (1 + np.exp(-(w_gate @ x + u_gate @ h + b_gate)))


def _exchanged(x, h, w, u, b, w_gate, u_gate, b_gate) -> np.ndarray:
    keep = _keep(x, h, w_gate, u_gate, b_gate)
    return (1 - keep) * h + keep * np.tanh(w @ x + u @ h + b)


def _no_gate(x, h, w, u, b, w_gate, u_gate, b_gate) -> np.ndarray:
    return np.tanh(w @ x + u @ h + b)


def _adds_all(x, h, w, u, b, w_gate, u_gate, b_gate) -> np.ndarray:
    return _keep(x, h, w_gate, u_gate, b_gate) * h + np.tanh(w @ x + u @ h + b)


def _tanh_gate(x, h, w, u, b, w_gate, u_gate, b_gate) -> np.ndarray:
    keep = np.tanh(w_gate @ x + u_gate @ h + b_gate)
    return keep * h + (1 - keep) * np.tanh(w @ x + u @ h + b)


def _gate_without_state(x, h, w, u, b, w_gate, u_gate, b_gate) -> np.ndarray:
    keep = 1 / (1 + np.exp(-(w_gate @ x + b_gate)))
    return keep * h + (1 - keep) * np.tanh(w @ x + u @ h + b)


register(Exercise(
    key="gated_step",
    case=_gated_step_case,
    reference=_gated_step,
    mistakes=[
        Mistake(
            _exchanged,
            text(
                ko="게이트를 거꾸로 썼습니다. 게이트가 1이면 옛 상태 `h`가 남아야 합니다.",
                en="The gate is used the wrong way round: where it is 1, the old state `h` should stay.",
            ),
        ),
        Mistake(
            _no_gate,
            text(
                ko="게이트가 없습니다. 이것은 평범한 순환 신경망의 한 단계입니다.",
                en="There is no gate: this is one step of a plain recurrent network.",
            ),
        ),
        Mistake(
            _adds_all,
            text(
                ko="새 후보를 `1 - z`로 줄이지 않고 모두 더했습니다.",
                en="The new candidate is added in full, and not multiplied by `1 - z`.",
            ),
        ),
        Mistake(
            _tanh_gate,
            text(
                ko="게이트에 tanh를 썼습니다. 게이트는 0과 1 사이여야 하므로 시그모이드입니다.",
                en="The gate is a tanh. Gates lie between 0 and 1: take the sigmoid.",
            ),
        ),
        Mistake(
            _gate_without_state,
            text(
                ko="게이트가 상태 `h`를 보지 않습니다. `u_gate @ h`가 빠졌습니다.",
                en="The gate does not see the state `h`: `u_gate @ h` is missing.",
            ),
        ),
    ],
    hints=[
        text(
            ko="게이트 `z`는 `w_gate @ x + u_gate @ h + b_gate`의 시그모이드, 후보는 `w @ x + u @ h + b`의 tanh입니다.",
            en="The gate `z` is the sigmoid of `w_gate @ x + u_gate @ h + b_gate`, the candidate the tanh of `w @ x + u @ h + b`.",
        ),
        text(ko="`z * h + (1 - z) * candidate`를 돌려줍니다.", en="Return `z * h + (1 - z) * candidate`."),
    ],
))


# The score of a picture and a sentence


def _pair_score(regions: np.ndarray, words: np.ndarray) -> float:
    return float((regions @ words.T).max(axis=0).sum())


def _pair_score_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    count, length = rng.sample(range(2, 7), 2)
    return {
        "regions": chance.normal(size=(count, 3)).round(1),
        "words": chance.normal(size=(length, 3)).round(1),
    }


register(Exercise(
    key="pair_score",
    case=_pair_score_case,
    reference=_pair_score,
    mistakes=[
        Mistake(
            lambda regions, words: (regions @ words.T).max(axis=1).sum(),
            text(
                ko="영역마다 가장 맞는 낱말을 골랐습니다. 낱말마다 가장 맞는 영역을 고르세요.",
                en="You took the best word of each region. Take the best region of each word.",
            ),
        ),
        Mistake(
            lambda regions, words: (regions @ words.T).max(),
            text(
                ko="가장 큰 내적 하나입니다. 낱말마다 하나씩 골라 더하세요.",
                en="That is one single product, the largest. Take one for each word and add them up.",
            ),
        ),
        Mistake(
            lambda regions, words: (regions @ words.T).sum(),
            text(
                ko="모든 영역의 내적을 더했습니다. 낱말마다 가장 큰 것만 더합니다.",
                en="The products of all regions are added. Of each word only the largest counts.",
            ),
        ),
        Mistake(
            lambda regions, words: (regions @ words.T).max(axis=0).mean(),
            text(
                ko="평균입니다. 이 장의 점수는 합입니다.",
                en="That is the mean. The score of this chapter is a sum.",
            ),
        ),
        Mistake(
            lambda regions, words: np.maximum(0, (regions @ words.T).max(axis=0)).sum(),
            text(
                ko="음수인 최댓값을 0으로 바꾸었습니다. 그대로 더하세요.",
                en="Negative maxima were made 0. Add them as they are.",
            ),
        ),
    ],
    hints=[
        text(ko="`regions @ words.T`의 모양은 (영역, 낱말)입니다.", en="`regions @ words.T` has the shape (regions, words)."),
        text(ko="영역 쪽으로 `max(axis=0)`을 구한 다음 더합니다.", en="Take `max(axis=0)`, over the regions, and then the sum."),
    ],
))


# Recall


def _recall_at(scores: np.ndarray, k: int) -> float:
    own = scores.diagonal()[:, None]
    return float(((scores > own).sum(axis=1) < k).mean())


def _recall_at_case(rng: Random) -> dict:
    chance, count = np.random.default_rng(rng.randrange(2**32)), rng.randint(6, 10)
    scores = chance.permutation(count * count).reshape(count, count) / 10.0  # no two are equal
    return {"scores": scores + 2.05 * np.eye(count), "k": rng.randint(1, 4)}


register(Exercise(
    key="recall_at",
    case=_recall_at_case,
    reference=_recall_at,
    mistakes=[
        Mistake(
            lambda scores, k: _recall_at(scores, k + 1),
            text(
                ko="순위를 하나 잘못 세었습니다. 더 큰 점수가 `k`개이면 순위는 `k + 1`입니다.",
                en="The rank is off by one: with `k` larger scores it is `k + 1`.",
            ),
        ),
        Mistake(
            lambda scores, k: _recall_at(scores.T, k),
            text(
                ko="열을 따라 순위를 매겼습니다. 물음 하나가 행 하나입니다.",
                en="You ranked down the columns. A query is a row.",
            ),
        ),
        Mistake(
            lambda scores, k: _recall_at(-scores, k),
            text(
                ko="점수가 작은 것부터 세었습니다. 큰 점수가 앞입니다.",
                en="You ranked the smallest scores first. The largest come first.",
            ),
        ),
        Mistake(
            lambda scores, k: len(scores) * _recall_at(scores, k),
            text(ko="개수입니다. 물음의 수로 나누세요.", en="That is a count. Divide by the number of queries."),
        ),
        Mistake(
            lambda scores, k: _recall_at(scores, 1),
            text(ko="`k`를 쓰지 않았습니다. 1위만 세었습니다.", en="`k` is not used: only rank 1 was counted."),
        ),
    ],
    hints=[
        text(
            ko="`i`번 물음의 옳은 답은 `scores[i, i]`입니다. 그 행에서 이보다 큰 것을 세세요.",
            en="The right answer of query `i` is `scores[i, i]`. Count what is larger in its row.",
        ),
        text(
            ko="더 큰 것이 `k`개보다 적으면 찾은 것입니다. 그 비율이 답입니다.",
            en="It is found where fewer than `k` are larger. The share of these is the answer.",
        ),
    ],
))


# Beam search


def _beam_search(start: np.ndarray, follow: np.ndarray, steps: int, beam: int, sign: int = 1) -> list[int]:
    """Of equal ones the first in the order of words (`sign` 1), or the last (-1)."""

    def best(each: list) -> list:
        return sorted(each, key=lambda it: (-round(it[0], 9), [sign * word for word in it[1]]))[:beam]

    kept = best([(float(np.log(start[word])), [word]) for word in range(len(start))])
    for _ in range(steps - 1):
        kept = best([
            (score + float(np.log(follow[words[-1], word])), [*words, word])
            for score, words in kept
            for word in range(len(start))
        ])
    return kept[0][1]


def _beam_search_case(rng: Random) -> dict:
    while True:  # until no tie decides: 0, 1, 0, 0 and 0, 0, 1, 0 are equally likely
        chance, words = np.random.default_rng(rng.randrange(2**32)), rng.randint(3, 4)
        start, follow = chance.dirichlet([1.0] * words) + 0.01, chance.dirichlet([0.5] * words, size=words) + 0.01
        case = {
            "start": start / start.sum(),
            "follow": follow / follow.sum(axis=1, keepdims=True),
            "steps": rng.randint(3, 5),
            "beam": rng.choice([2, 2, 3]),
        }
        if _beam_search(**case) == _beam_search(**case, sign=-1):
            return case


def _added(start: np.ndarray, follow: np.ndarray, steps: int, beam: int) -> list[int]:
    best = sorted([(start[word], [word]) for word in range(len(start))], key=lambda each: -each[0])[:beam]
    for _ in range(steps - 1):
        longer = [(p + follow[words[-1], word], [*words, word]) for p, words in best for word in range(len(start))]
        best = sorted(longer, key=lambda each: -each[0])[:beam]
    return best[0][1]


def _last_only(start: np.ndarray, follow: np.ndarray, steps: int, beam: int) -> list[int]:
    best = sorted([(start[word], [word]) for word in range(len(start))], key=lambda each: -each[0])[:beam]
    for _ in range(steps - 1):
        longer = [(follow[words[-1], word], [*words, word]) for _, words in best for word in range(len(start))]
        best = sorted(longer, key=lambda each: -each[0])[:beam]
    return best[0][1]


register(Exercise(
    key="beam_search",
    case=_beam_search_case,
    reference=_beam_search,
    cases=200,
    mistakes=[
        Mistake(
            lambda start, follow, steps, beam: _beam_search(start, follow, steps, 1),
            text(
                ko="낱말마다 하나만 남기는 탐욕적 탐색입니다. 앞부분을 `beam`개 남기세요.",
                en="That is greedy: only one beginning is kept. Keep `beam` of them.",
            ),
        ),
        Mistake(
            lambda start, follow, steps, beam: _beam_search(start, follow, steps, len(start) ** steps),
            text(
                ko="모든 문장을 견주었습니다. 빔 탐색은 단계마다 `beam`개만 남깁니다. 그래서 가장 좋은 것을 놓칠 수도 있습니다.",
                en="All sentences were compared. Beam search keeps `beam` at each step, and so may miss the best.",
            ),
        ),
        Mistake(
            lambda start, follow, steps, beam: _beam_search(start, follow, steps + 1, beam),
            text(ko="낱말이 하나 많습니다. `start`의 낱말이 첫 번째입니다.", en="One word too many: the word from `start` is the first."),
        ),
        Mistake(
            _added,
            text(
                ko="확률을 더했습니다. 이어지는 확률은 곱하고, 로그는 더합니다.",
                en="You added probabilities. Those of a sequence are multiplied; their logarithms are added.",
            ),
        ),
        Mistake(
            _last_only,
            text(
                ko="마지막 낱말의 확률만 보았습니다. 처음부터의 확률을 모두 곱하세요.",
                en="You looked at the last word's probability only. Multiply all from the start.",
            ),
        ),
    ],
    hints=[
        text(
            ko="남긴 것마다 (로그 확률의 합, 낱말의 리스트)를 두고, 낱말을 하나씩 붙여 늘린 다음 큰 것부터 `beam`개를 남깁니다.",
            en="Keep pairs of (sum of log-probabilities, list of words); lengthen each by every word; keep the best `beam`.",
        ),
        text(
            ko="`score + np.log(follow[words[-1], word])`가 새 점수입니다. `steps - 1`번 되풀이합니다.",
            en="The new score is `score + np.log(follow[words[-1], word])`. Repeat `steps - 1` times.",
        ),
    ],
))


# The right particle


def _subject(noun: str) -> str:
    return noun + ("이" if (ord(noun[-1]) - 0xAC00) % 28 else "가")


def _subject_case(rng: Random) -> tuple[str]:
    return ("".join(chr(0xAC00 + 28 * rng.randrange(399) + rng.choice([0, rng.randint(1, 27)])) for _ in range(rng.randint(1, 3))),)


register(Exercise(
    key="subject",
    case=_subject_case,
    reference=_subject,
    mistakes=[
        Mistake(
            lambda noun: noun + ("가" if (ord(noun[-1]) - 0xAC00) % 28 else "이"),
            text(
                ko="거꾸로입니다. 받침이 있으면 ‘이’, 없으면 ‘가’입니다.",
                en="The other way round: 이 behind a final consonant, 가 without one.",
            ),
        ),
        Mistake(
            lambda noun: noun + "이",
            text(ko="언제나 ‘이’를 붙였습니다.", en="You always append 이."),
        ),
        Mistake(
            lambda noun: noun + "가",
            text(ko="언제나 ‘가’를 붙였습니다.", en="You always append 가."),
        ),
        Mistake(
            lambda noun: noun + ("이" if (ord(noun[0]) - 0xAC00) % 28 else "가"),
            text(
                ko="첫 글자의 받침을 보았습니다. 조사는 마지막 글자가 정합니다.",
                en="You looked at the first syllable. The last one decides.",
            ),
        ),
        Mistake(
            lambda noun: "이" if (ord(noun[-1]) - 0xAC00) % 28 else "가",
            text(ko="조사만 돌려주었습니다. 명사에 붙여 돌려주세요.", en="Only the particle is returned. Append it to the noun."),
        ),
    ],
    hints=[
        text(
            ko="한글 음절은 `0xAC00`부터 차례로 있고, 받침이 28가지씩 되풀이됩니다. 첫째가 받침 없음입니다.",
            en="Hangul syllables begin at `0xAC00`; the 28 finals repeat, and the first of them is none.",
        ),
        text(ko="`(ord(noun[-1]) - 0xAC00) % 28`이 0이면 받침이 없습니다.", en="Where `(ord(noun[-1]) - 0xAC00) % 28` is 0 there is no final."),
    ],
))


# Visual question answering


def _what_colour(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return text(
            ko="함수와 물음들과 정확도를 튜플 하나로 건네세요.",
            en="Hand in the function, the questions and your accuracy as one tuple.",
        )
    function, questions, accuracy = answer
    if not callable(function):
        return NOT_A_FUNCTION
    given = [function(row, noun) for row, noun, _ in questions]
    colours = {colour for _, _, colour in questions}
    strange = next((each for each in given if each not in colours), None)
    if strange is not None or None in given:
        return text(
            ko=f"답은 {', '.join(sorted(colours))} 가운데 하나여야 하는데 {strange!r}가 나왔습니다.",
            en=f"An answer must be one of {', '.join(sorted(colours))}, and one is {strange!r}.",
        )
    if len(set(given)) == 1:
        return text(ko="무엇을 물어도 같은 색을 답합니다.", en="It answers with one colour, whatever is asked.")
    right = sum(each == colour for each, (_, _, colour) in zip(given, questions, strict=True)) / len(questions)
    if right < 0.5:
        return text(
            ko=f"{100 * right:.1f}%가 맞습니다. 50%는 넘어야 합니다. 묻는 도형의 이름이 문장에 들어 있습니까? 점수가 가장 큰 색을 골랐습니까?",
            en=f"{100 * right:.1f}% are right; it should be more than 50%. Does the noun stand in the sentence? "
            "Is it the colour of the largest score?",
        )
    if not isinstance(accuracy, (int, float)) or abs(accuracy - right) > 0.005:
        return text(
            ko=f"정확도가 다릅니다. 다시 재면 {right:.3f}입니다.",
            en=f"The accuracy is another: measured again it is {right:.3f}.",
        )
    return None


register(Exercise(
    key="what_colour",
    test=_what_colour,
    hints=[
        text(
            ko="색마다 문장 ‘a 색 도형’을 만들어 `words.encode(sentence, 'en')`로 바꾸고, 장면과의 점수를 견줍니다.",
            en="Make a sentence `a colour noun` for each colour, turn it into numbers by `words.encode(sentence, 'en')`, and compare "
            "the scores with the scene.",
        ),
        text(
            ko="`alignment(test_features[row][None], test_there[row][None], sentences)`의 가장 큰 값의 자리가 답입니다.",
            en="The answer is the place of the largest of `alignment(test_features[row][None], test_there[row][None], sentences)`.",
        ),
    ],
))
