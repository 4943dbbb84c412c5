"""A hundred figures in twenty families of five, as CIFAR-100 has a hundred classes in twenty superclasses of five."""

from torch import maximum as both
from torch import minimum as either

from cnnbook.data.drawn.figures import Figure, arrow
from cnnbook.data.drawn.outlines import (
    bars,
    bent_arrow,
    bishop,
    broken_heart,
    celtic_cross,
    club,
    comma,
    die,
    double_arrow,
    even_polygon,
    flared_cross,
    flower,
    frame,
    gear,
    gibbous,
    infinity,
    king,
    leaf,
    moon_and_star,
    pawn,
    pen,
    pie,
    pin,
    pinwheel,
    pointed_star,
    profile,
    spade,
    spiral,
    wave,
    wheel,
)
from cnnbook.data.drawn.sdf import arc, circle, crescent, drop, heart, turn

_SPOTS = {1: [(0, 0)], 2: [(-0.4, -0.4), (0.4, 0.4)], 4: [(-0.42, -0.42), (0.42, 0.42), (-0.42, 0.42), (0.42, -0.42)]}
_SPOTS |= {3: _SPOTS[2] + _SPOTS[1], 5: _SPOTS[4] + _SPOTS[1]}
_RECTANGLE = bars((0, 0, 1.0, 0.6))

FAMILIES: dict[tuple[str, str], tuple[Figure, ...]] = {
    ("polygons", "다각형"): (
        Figure("triangle", "삼각형", even_polygon(3)),
        Figure("square", "사각형", lambda x, y, v: even_polygon(4)(*turn(x, y, 0.7854), v)),
        Figure("pentagon", "오각형", even_polygon(5)),
        Figure("hexagon", "육각형", even_polygon(6)),
        Figure("trapezium", "사다리꼴", profile((0, -0.6), (0.5, -0.6), (1, 0.6), (0, 0.6))),
    ),
    ("stars", "별"): (
        Figure("four-pointed star", "사각별", pointed_star(4, 0.38)),
        Figure("five-pointed star", "오각별", pointed_star(5, 0.45)),
        Figure("six-pointed star", "육각별", pointed_star(6, 0.56)),
        Figure("eight-pointed star", "팔각별", pointed_star(8, 0.62)),
        Figure("twelve-pointed star", "십이각별", pointed_star(12, 0.72)),
    ),
    ("crosses", "십자"): (
        Figure("Greek cross", "그리스 십자", bars((0, 0, 1, 0.3), (0, 0, 0.3, 1))),
        Figure("Latin cross", "라틴 십자", bars((0, 0, 0.19, 1), (0, -0.35, 0.62, 0.19))),
        Figure("double cross", "겹십자", bars((0, 0, 0.15, 1), (0, -0.58, 0.42, 0.14), (0, -0.1, 0.7, 0.14))),
        Figure("flared cross", "나팔 십자", flared_cross),
        Figure("Celtic cross", "켈트 십자", celtic_cross),
    ),
    ("rings", "고리"): (
        Figure("thin ring", "가는 고리", lambda x, y, v: circle(x, y).abs() - 0.13 * (1 + 0.3 * v[0])),
        Figure("thick ring", "굵은 고리", lambda x, y, v: circle(x, y).abs() - 0.42 * (1 + 0.15 * v[0])),
        Figure("double ring", "겹고리", lambda x, y, v: (circle(x, y, 0.72).abs() - 0.28).abs() - 0.12 - 0.03 * v[0]),
        Figure("open ring", "열린 고리", lambda x, y, v: arc(x, y, 1.0, 0.7 + 0.2 * v[0], 0.46)),
        Figure("oval ring", "타원 고리", lambda x, y, v: circle(x, y / (0.6 + 0.08 * v[0])).abs() - 0.24),
    ),
    ("rounds", "둥근 꼴"): (
        Figure("disc", "원", lambda x, y, v: circle(x * (1 + 0.08 * v[0]), y)),
        Figure("oval", "타원", lambda x, y, v: circle(x, y / (0.58 + 0.08 * v[0]))),
        Figure("half disc", "반원", lambda x, y, v: both(circle(x, y), y - 0.1 * v[0])),
        Figure("quarter disc", "사분원", lambda x, y, v: both(circle(x, y, 1 + 0.1 * v[0]), both(-x, y))),
        Figure("cut pie", "조각을 뺀 파이", pie),
    ),
    ("moons", "달"): (
        Figure("thin crescent", "실달", lambda x, y, v: crescent(x, y, 0.93, 0.25 + 0.05 * v[0])),
        Figure("crescent", "초승달", lambda x, y, v: crescent(x, y, 0.86, 0.52 + 0.07 * v[0])),
        Figure("bitten moon", "베어 먹은 달", lambda x, y, v: crescent(x, y, 0.68, 0.8 + 0.1 * v[0])),
        Figure("gibbous moon", "볼록달", gibbous),
        Figure("moon with star", "별을 품은 달", moon_and_star),
    ),
    ("card suits", "카드 무늬"): (
        Figure("heart", "하트", lambda x, y, v: heart(x, y * (1 + 0.12 * v[0])) - 0.03),
        Figure("spade", "스페이드", spade),
        Figure("club", "클로버", club),
        Figure("diamond", "다이아몬드", profile((0, -1), (0.7, 0), (0, 1))),
        Figure("broken heart", "금 간 하트", broken_heart),
    ),
    ("drops", "물방울"): (
        Figure("drop", "물방울", lambda x, y, v: drop(x, y, 0.62, 0.03, 1.25 + 0.2 * v[0])),
        Figure("egg", "달걀", lambda x, y, v: drop(x, y, 0.75, 0.45 + 0.06 * v[0], 0.6)),
        Figure("leaf", "나뭇잎", leaf),
        Figure("map pin", "지도 핀", pin),
        Figure("comma bead", "곡옥", comma),
    ),
    ("arrows", "화살표"): (
        Figure("arrow", "화살표", arrow),
        Figure("double arrow", "양쪽 화살표", double_arrow),
        Figure("chevron", "갈매기표", pen([(-0.45, -0.8), (0.45, 0), (-0.45, 0.8)], width=0.5)),
        Figure("arrowhead", "화살촉", profile((0, -1), (0.85, 0.9), (0, 0.45))),
        Figure("bent arrow", "꺾인 화살표", bent_arrow),
    ),
    ("gears", "톱니바퀴"): tuple(
        Figure(f"gear with {teeth} teeth", f"톱니 {teeth}개 바퀴", gear(teeth)) for teeth in (5, 6, 8, 10, 14)
    ),
    ("flowers", "꽃"): tuple(
        Figure(f"flower with {petals} petals", f"꽃잎 {petals}장 꽃", flower(petals, radius))
        for petals, radius in ((3, 0.44), (4, 0.4), (5, 0.34), (6, 0.3), (8, 0.24))
    ),
    ("wheels", "바퀴"): tuple(
        Figure(f"wheel with {spokes} spokes", f"바큇살 {spokes}개 바퀴", wheel(spokes)) for spokes in (3, 4, 5, 6, 8)
    ),
    ("pinwheels", "바람개비"): tuple(
        Figure(f"pinwheel with {blades} blades", f"날개 {blades}개 바람개비", pinwheel(blades))
        for blades in (2, 3, 4, 5, 6)
    ),
    ("dice", "주사위"): tuple(
        Figure(f"die showing {spots}", f"주사위 눈 {spots}", die(*_SPOTS[spots])) for spots in (1, 2, 3, 4, 5)
    ),
    ("frames", "테두리"): (
        Figure("triangle frame", "삼각 테두리", frame(even_polygon(3))),
        Figure("square frame", "사각 테두리", frame(bars((0, 0, 0.85, 0.85)))),
        Figure("oblong frame", "직사각 테두리", frame(_RECTANGLE)),
        Figure("hexagon frame", "육각 테두리", frame(even_polygon(6))),
        Figure("star frame", "별 테두리", frame(pointed_star(5, 0.5), 0.11)),
    ),
    ("lines", "선"): (
        Figure("wave", "물결선", wave),
        Figure("zigzag", "지그재그", pen([(-1, 0.4), (-0.5, -0.4), (0, 0.4), (0.5, -0.4), (1, 0.4)], width=0.3)),
        Figure("spiral", "나선", spiral),
        Figure("infinity sign", "무한대 기호", infinity),
        Figure("stairs", "계단", pen([(-0.9, 0.6), (-0.3, 0.6), (-0.3, 0), (0.3, 0), (0.3, -0.6), (0.9, -0.6)])),
    ),
    ("Latin letters", "로마자"): (
        Figure("letter A", "로마자 A", pen([(-0.7, 0.9), (0, -0.9), (0.7, 0.9)], [(-0.4, 0.3), (0.4, 0.3)])),
        Figure("letter E", "로마자 E",
               pen([(0.6, -0.9), (-0.5, -0.9), (-0.5, 0.9), (0.6, 0.9)], [(-0.5, 0), (0.4, 0)])),
        Figure("letter H", "로마자 H",
               pen([(-0.6, -0.9), (-0.6, 0.9)], [(0.6, -0.9), (0.6, 0.9)], [(-0.6, 0), (0.6, 0)])),
        Figure("letter K", "로마자 K",
               pen([(-0.5, -0.9), (-0.5, 0.9)], [(0.6, -0.9), (-0.4, 0.1)], [(-0.2, 0), (0.6, 0.9)])),
        Figure("letter M", "로마자 M", pen([(-0.8, 0.9), (-0.8, -0.9), (0, 0.3), (0.8, -0.9), (0.8, 0.9)])),
    ),
    ("Korean letters", "한글 자모"): (
        Figure("letter giyeok", "기역", pen([(-0.75, -0.8), (0.75, -0.8), (0.75, 0.85)])),
        Figure("letter digeut", "디귿", pen([(0.8, -0.75), (-0.7, -0.75), (-0.7, 0.75), (0.8, 0.75)])),
        Figure("letter rieul", "리을",
               pen([(-0.7, -0.9), (0.7, -0.9), (0.7, 0), (-0.7, 0), (-0.7, 0.9), (0.75, 0.9)], width=0.32)),
        Figure("letter bieup", "비읍",
               pen([(-0.7, -0.9), (-0.7, 0.85), (0.7, 0.85), (0.7, -0.9)], [(-0.7, 0), (0.7, 0)], width=0.32)),
        Figure("letter jieut", "지읒",
               pen([(-0.75, -0.85), (0.75, -0.85)], [(0, -0.85), (0, -0.3), (-0.8, 0.9)], [(0, -0.3), (0.8, 0.9)])),
    ),
    ("vessels", "그릇"): (
        Figure("bowl", "사발", profile((0, -0.5), (1, -0.5), (0.85, 0.05), (0.4, 0.42), (0.45, 0.6), (0, 0.6))),
        Figure("vase", "꽃병", profile((0, -1), (0.42, -1), (0.22, -0.6), (0.62, 0), (0.55, 0.5), (0.3, 1), (0, 1))),
        Figure("bottle", "병", profile((0, -1.1), (0.2, -1.1), (0.2, -0.5), (0.5, -0.1), (0.5, 1), (0, 1))),
        Figure("goblet", "굽 높은 잔",
               profile((0, -1), (0.62, -1), (0.5, -0.2), (0.1, 0.1), (0.1, 0.75), (0.5, 1), (0, 1))),
        Figure("jug", "주전자", lambda x, y, v: either(
            profile((0, -0.9), (0.45, -0.9), (0.4, -0.5), (0.7, 0.2), (0.5, 0.9), (0, 0.9))(x, y, v),
            circle(x, y, 0.42, at=(0.62, -0.1)).abs() - 0.1)),
    ),
    ("chess pieces", "체스 말"): (
        Figure("pawn", "폰", pawn),
        Figure("rook", "룩", profile((0, -0.65), (0.2, -0.65), (0.2, -0.9), (0.5, -0.9), (0.5, -0.4), (0.28, -0.2),
                                     (0.34, 0.6), (0.62, 1), (0, 1))),
        Figure("bishop", "비숍", bishop),
        Figure("queen", "퀸", profile((0, -1), (0.15, -0.65), (0.4, -1), (0.4, -0.65), (0.75, -0.85), (0.4, -0.2),
                                      (0.3, 0.5), (0.65, 1), (0, 1))),
        Figure("king", "킹", king),
    ),
}  # fmt: skip
HUNDRED = tuple(figure for family in FAMILIES.values() for figure in family)
