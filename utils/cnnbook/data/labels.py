"""The names of the classes of well-known sets, in English and in Korean, in the order of their labels."""

CIFAR10 = {
    "airplane": "비행기",
    "automobile": "자동차",
    "bird": "새",
    "cat": "고양이",
    "deer": "사슴",
    "dog": "개",
    "frog": "개구리",
    "horse": "말",
    "ship": "배",
    "truck": "트럭",
}

# Krizhevsky (2009), section 3 and https://www.cs.toronto.edu/~kriz/cifar.html. Fine labels run in alphabetical order.
CIFAR100 = {
    ("aquatic_mammals", "수생 포유류"): {
        "beaver": "비버", "dolphin": "돌고래", "otter": "수달", "seal": "물범", "whale": "고래"},
    ("fish", "물고기"): {
        "aquarium_fish": "관상어", "flatfish": "넙치류", "ray": "가오리", "shark": "상어", "trout": "송어"},
    ("flowers", "꽃"): {
        "orchid": "난초", "poppy": "양귀비", "rose": "장미", "sunflower": "해바라기", "tulip": "튤립"},
    ("food_containers", "식기와 용기"): {
        "bottle": "병", "bowl": "그릇", "can": "캔", "cup": "컵", "plate": "접시"},
    ("fruit_and_vegetables", "과일과 채소"): {
        "apple": "사과", "mushroom": "버섯", "orange": "오렌지", "pear": "서양배", "sweet_pepper": "피망"},
    ("household_electrical_devices", "가정용 전기 기기"): {
        "clock": "시계", "keyboard": "키보드", "lamp": "램프", "telephone": "전화기", "television": "텔레비전"},
    ("household_furniture", "가구"): {
        "bed": "침대", "chair": "의자", "couch": "소파", "table": "탁자", "wardrobe": "옷장"},
    ("insects", "곤충"): {
        "bee": "벌", "beetle": "딱정벌레", "butterfly": "나비", "caterpillar": "애벌레", "cockroach": "바퀴벌레"},
    ("large_carnivores", "대형 육식 동물"): {
        "bear": "곰", "leopard": "표범", "lion": "사자", "tiger": "호랑이", "wolf": "늑대"},
    ("large_man-made_outdoor_things", "대형 옥외 구조물"): {
        "bridge": "다리", "castle": "성", "house": "집", "road": "도로", "skyscraper": "고층 건물"},
    ("large_natural_outdoor_scenes", "자연 풍경"): {
        "cloud": "구름", "forest": "숲", "mountain": "산", "plain": "평원", "sea": "바다"},
    ("large_omnivores_and_herbivores", "대형 잡식·초식 동물"): {
        "camel": "낙타", "cattle": "소", "chimpanzee": "침팬지", "elephant": "코끼리", "kangaroo": "캥거루"},
    ("medium_mammals", "중형 포유류"): {
        "fox": "여우", "porcupine": "호저", "possum": "주머니쥐", "raccoon": "아메리카너구리", "skunk": "스컹크"},
    ("non-insect_invertebrates", "곤충이 아닌 무척추동물"): {
        "crab": "게", "lobster": "바닷가재", "snail": "달팽이", "spider": "거미", "worm": "지렁이"},
    ("people", "사람"): {
        "baby": "아기", "boy": "소년", "girl": "소녀", "man": "남자", "woman": "여자"},
    ("reptiles", "파충류"): {
        "crocodile": "악어", "dinosaur": "공룡", "lizard": "도마뱀", "snake": "뱀", "turtle": "거북"},
    ("small_mammals", "소형 포유류"): {
        "hamster": "햄스터", "mouse": "쥐", "rabbit": "토끼", "shrew": "땃쥐", "squirrel": "다람쥐"},
    ("trees", "나무"): {
        "maple_tree": "단풍나무", "oak_tree": "참나무", "palm_tree": "야자나무", "pine_tree": "소나무",
        "willow_tree": "버드나무"},
    ("vehicles_1", "탈것 1"): {
        "bicycle": "자전거", "bus": "버스", "motorcycle": "오토바이", "pickup_truck": "픽업트럭", "train": "기차"},
    ("vehicles_2", "탈것 2"): {
        "lawn_mower": "잔디깎이", "rocket": "로켓", "streetcar": "노면 전차", "tank": "전차", "tractor": "트랙터"},
}  # fmt: skip

# Xiao, Rasul and Vollgraf (2017), table 2.
FASHION_MNIST = {
    "T-shirt/top": "티셔츠",
    "Trouser": "바지",
    "Pullover": "풀오버",
    "Dress": "드레스",
    "Coat": "코트",
    "Sandal": "샌들",
    "Shirt": "셔츠",
    "Sneaker": "스니커즈",
    "Bag": "가방",
    "Ankle boot": "앵클부츠",
}

_FINE = sorted(
    (fine, fine_ko, coarse) for coarse, members in enumerate(CIFAR100.values()) for fine, fine_ko in members.items()
)
COARSE_OF_FINE = tuple(coarse for _, _, coarse in _FINE)  # CIFAR-100's fine label → its coarse label

DIGITS = tuple(str(digit) for digit in range(10))
KNOWN = {  # set → its classes in English, in Korean
    "digits": (DIGITS, DIGITS),
    "mnist": (DIGITS, DIGITS),
    "fashion_mnist": (tuple(FASHION_MNIST), tuple(FASHION_MNIST.values())),
    "cifar10": (tuple(CIFAR10), tuple(CIFAR10.values())),
    "cifar100": (tuple(fine for fine, _, _ in _FINE), tuple(korean for _, korean, _ in _FINE)),
}


def of(name: str) -> dict[str, tuple[str, ...]]:
    """What an ImageSet of this name is told of its classes: `classes`, `classes_ko`, and the coarse ones' names."""
    classes, korean = KNOWN[name]
    told = {"classes": classes, "classes_ko": korean}
    if name == "cifar100":
        told |= dict(zip(("coarse_classes", "coarse_classes_ko"), zip(*CIFAR100, strict=True), strict=True))
    return told
