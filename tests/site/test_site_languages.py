"""From a page to the same place of the same page in another language, by every way there is."""

from urllib.parse import urldefrag, urljoin

import pytest


def twin(name: str, code: str) -> str:
    return f"{code}/{name.split('/', 1)[1]}"


def test_every_page_says_its_language(no_faults):
    no_faults(lambda visit: [visit.facts["lang"]] if visit.facts["lang"] != visit.language else [])


def test_every_page_exists_in_every_language(page_names, languages):
    missing = [twin(name, code) for name in page_names for code in languages if twin(name, code) not in page_names]
    assert not missing


def test_search_engines_are_told_of_the_twins(no_faults, address, languages):
    def wrong(visit):
        found = dict(visit.facts["alternates"])
        expected = {code: address + twin(visit.name, code) for code in languages}
        by_default = found.pop("x-default", None)
        return [] if found == expected and by_default in expected.values() else [str(visit.facts["alternates"])]
    no_faults(wrong)


def test_the_switch_names_the_other_languages_and_is_large_enough_for_a_finger(no_faults, address, languages):
    def wrong(visit):
        switches = visit.facts["switches"]
        expected = {code: address + twin(visit.name, code) for code in languages if code != visit.language}
        if {switch["code"]: switch["href"] for switch in switches} != expected:
            yield str(switches)
        for switch in switches:
            small = min(switch["height"], switch["width"]) < 24
            if small or switch["lang"] != switch["code"] or not switch["name"].strip():
                yield str(switch)
    no_faults(wrong)


def test_sections_share_an_anchor_in_every_language(visits, languages):
    pages = {name.split("/", 1)[1] for name in visits}
    for page in sorted(pages):
        found = [visits[f"{code}/{page}"].facts["sectionIds"] for code in languages]
        assert len({len(sections) for sections in found}) == 1, f"{page}: not the same sections in every language"
        for place, twins in enumerate(zip(*found, strict=True)):
            assert len({ids[0] for ids in twins}) == 1, f"{page}: section {place + 1} is at another address: {twins}"


@pytest.mark.parametrize("width", [1280, 390])
def test_the_switch_leads_to_the_same_place_and_back(tab, address, visits, languages, width):
    tab.set_viewport_size({"width": width, "height": 800})
    first, second = languages[:2]
    name = max(name for name in visits if name.startswith(f"{first}/") and len(visits[name].facts["sectionIds"]) > 2)
    place = visits[name].facts["sectionIds"][-1][0]
    tab.goto(f"{address}{name}#{place}", wait_until="load")
    for code in (second, first):
        tab.locator(f".language-switch a[hreflang={code}]").click()
        tab.wait_for_url(f"{address}{twin(name, code)}#**", wait_until="load")
        assert tab.evaluate("document.documentElement.lang") == code
        assert tab.evaluate("id => document.getElementById(id).getBoundingClientRect().top < innerHeight",
                            urldefrag(tab.url).fragment)
    assert urldefrag(tab.url).fragment == place


def test_the_switch_works_by_keyboard(tab, address, languages):
    tab.goto(f"{address}{languages[0]}/index.html", wait_until="load")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.getAttribute('href')") == "#main-content"
    for _ in range(200):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.matches('.language-switch a')"):
            break
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{address}{languages[1]}/index.html", wait_until="load")


@pytest.mark.parametrize(("locale", "expected"),
                         [("ko-KR", "ko/index.html"), ("en-GB", "en/index.html"), ("fi-FI", "")])
def test_the_root_follows_the_language_of_the_browser(stranger, address, locale, expected):
    page = stranger(locale=locale)
    page.goto(address + "index.html", wait_until="load")
    page.wait_for_timeout(150)
    assert page.url == address + (expected or "index.html")


def test_the_root_remembers_the_choice(stranger, address):
    page = stranger(locale="ko-KR")
    page.goto(address + "ko/index.html", wait_until="load")
    page.locator(".language-switch a[hreflang=en]").click()
    page.wait_for_url(address + "en/index.html", wait_until="load")
    page.goto(address + "index.html")
    page.wait_for_url(address + "en/index.html")


def test_the_root_works_without_scripts(stranger, address, languages):
    page = stranger(java_script_enabled=False, locale="ko-KR")
    page.goto(address + "index.html")
    for code in languages:
        link = page.locator(f"a[hreflang={code}]")
        assert link.is_visible()
        assert urljoin(page.url, link.get_attribute("href")) == f"{address}{code}/index.html"
