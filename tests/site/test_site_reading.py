"""What a reader does on a page: fold, copy, change the colours, open it from a folder, do without scripts, print."""

import pytest


def page_with(visits, what: str, language: str = "ko") -> str:
    name = next((name for name, visit in visits.items() if visit.language == language and visit.facts[what]), None)
    if name is None:
        pytest.skip(f"no page with {what}")
    return name


def test_a_solution_opens_by_keyboard(tab, address, visits):
    tab.goto(address + page_with(visits, "exercises"), wait_until="load")
    fold = tab.locator("details.fold-solution").first
    fold.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert fold.evaluate("fold => fold.open")
    assert fold.locator("pre").first.is_visible()


def test_a_quiz_option_tells_why(tab, address, visits):
    tab.goto(address + page_with(visits, "quizzes"), wait_until="load")
    option = tab.locator("details.quiz-wrong").first
    option.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert option.locator(".quiz-why").is_visible()


def test_code_is_copied(stranger, address, visits):
    page = stranger(permissions=["clipboard-read", "clipboard-write"])
    page.goto(address + page_with(visits, "exercises"), wait_until="load")
    block = page.locator("div.cell_input pre").first
    block.hover()
    page.locator("div.cell_input .copy-code").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == block.inner_text().rstrip("\n")


def test_the_colours_can_be_chosen_and_stay(stranger, address):
    tab = stranger()
    tab.goto(address + "ko/index.html", wait_until="load")
    seen = set()
    for _ in range(3):
        tab.locator(".theme-switch-button").first.click()
        seen.add(tab.evaluate("document.documentElement.dataset.mode"))
    assert seen == {"auto", "light", "dark"}
    while tab.evaluate("document.documentElement.dataset.mode") != "dark":
        tab.locator(".theme-switch-button").first.click()
    tab.goto(address + "en/index.html", wait_until="load")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_chapters_can_be_reached_on_a_phone(tab, address, visits):
    tab.set_viewport_size({"width": 390, "height": 800})
    tab.goto(address + "ko/index.html", wait_until="load")
    tab.locator(".primary-toggle").first.click()
    link = tab.locator("nav.bd-links li a:visible").nth(1)
    link.click()
    tab.wait_for_load_state("load")
    assert not tab.url.endswith("/index.html")


@pytest.mark.parametrize(("opener", "panel"), [
    (".primary-toggle", "#pst-primary-sidebar-modal"), (".secondary-toggle", "#pst-secondary-sidebar-modal"),
    (".search-button", "#pst-search-dialog form")])
def test_panels_cover_what_is_behind_them(tab, address, visits, opener, panel):
    tab.set_viewport_size({"width": 390, "height": 800})
    tab.goto(address + page_with(visits, "exercises"), wait_until="load")
    tab.locator(opener).first.click()
    tab.wait_for_selector(panel)
    paper = tab.locator(panel).evaluate("panel => getComputedStyle(panel).backgroundColor")
    assert paper == tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.keyboard.press("Escape")
    tab.wait_for_selector(panel, state="hidden")


def test_pages_open_from_a_folder(tab, site, visits):
    said, failed, asked = [], [], []
    tab.on("console", lambda one: said.append(one))
    tab.on("pageerror", lambda one: said.append(one))
    tab.on("requestfailed", lambda one: failed.append(one))
    tab.on("request", lambda one: asked.append(one))
    exercises = [page_with(visits, "exercises", code) for code in ("ko", "en")]
    for name in ("ko/index.html", *exercises, "en/search.html"):
        tab.goto((site / name).as_uri(), wait_until="load")
    assert not [str(one) for one in said if getattr(one, "type", "error") == "error"]
    assert not [one.url for one in failed if one.failure != "net::ERR_ABORTED"]
    assert not [one.url for one in asked if one.url.startswith("http")]
    tab.goto((site / "ko/index.html").as_uri(), wait_until="load")
    tab.locator(".language-switch a").first.click()
    tab.wait_for_load_state("load")
    assert tab.url.split("#")[0] == (site / "en/index.html").as_uri()


def test_a_page_can_be_read_without_scripts(stranger, address, visits):
    page = stranger(java_script_enabled=False)
    page.goto(address + page_with(visits, "exercises"))
    assert page.locator("article h1").is_visible()
    page.locator("details.fold-solution summary").first.click()
    assert page.locator("details.fold-solution pre").first.is_visible()


def test_print_shows_the_page_without_its_controls(tab, address, visits):
    tab.goto(address + page_with(visits, "exercises"), wait_until="load")
    tab.emulate_media(media="print")
    assert tab.locator("article h1").is_visible()
    for control in (".bd-sidebar-primary", ".language-switch", ".copy-code"):
        assert not tab.locator(control).first.is_visible(), control
