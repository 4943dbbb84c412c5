() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const shown = (element) => {
    const style = getComputedStyle(element);
    return element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && style.clipPath === "none";
  };

  /* Texts: [where, words], of the interface (all but the article) and of every attribute that is read or shown. */
  const where = (element) => `${element.tagName.toLowerCase()}.${(element.getAttribute("class") || "").split(/\s+/).join(".")}`;
  const spoken = ["aria-label", "title", "placeholder", "alt", "data-bs-original-title", "data-bs-title", "data-copy", "data-copied"];
  const attributes = all("body *").filter((element) => !element.closest("mjx-container, [lang]:not(html), .bibtex, a[href*='#id']"))
    .flatMap((element) => spoken.filter((name) => element.getAttribute(name))
      .map((name) => [`${where(element)}@${name}`, element.getAttribute(name)]));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  const interfaceTexts = texts
    .filter((text) => text.data.trim() && !text.parentElement.closest(
      "article, script, style, kbd, nav.bd-links li, nav.page-toc, .navbar-brand, .prev-next-title, [lang]:not(html), .extra_footer"))
    .map((text) => [where(text.parentElement), text.data.trim()]);
  const fixedWords = all("article :is(.admonition-title, details.fold > summary > span, .caption-number)")
    .map((element) => [where(element), element.textContent.trim()]);

  /* Contrast of each shown text with what is painted behind it. */
  const colour = (value) => {
    const numbers = (value.match(/-?[\d.]+(?:e-?\d+)?/g) || []).map(Number);
    if (value.startsWith("color(srgb")) return [...numbers.slice(0, 3).map((part) => part * 255), numbers[3] ?? 1];
    return [...numbers.slice(0, 3), numbers[3] ?? 1];
  };
  const over = (front, back) => [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let box = element; box; box = box.parentElement) layers.push(colour(getComputedStyle(box).backgroundColor));
    return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255, 1]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paleTexts = () => {
    const seen = new Set();
    const boxes = texts.filter((text) => text.isConnected && text.data.trim()).map((text) => text.parentElement)
      .filter((box) => !seen.has(box) && seen.add(box) && !box.closest("svg, mjx-container, script, style, noscript") && shown(box));
    return boxes.flatMap((box) => {
      const style = getComputedStyle(box);
      const back = behind(box);
      const [one, other] = [light(over(colour(style.color), back)), light(back)].sort((a, b) => b - a);
      const ratio = (one + 0.05) / (other + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      return ratio < (large ? 3 : 4.5) ? [`${where(box)} "${box.textContent.trim().slice(0, 30)}" ${ratio.toFixed(2)}:1`] : [];
    });
  };
  window.pageFacts = { paleTexts };

  return {
    lang: document.documentElement.lang,
    alternates: all('link[rel="alternate"][hreflang]').map((link) => [link.hreflang, link.href]),
    switches: all(".language-switch a").map((link) => ({
      code: link.hreflang, lang: link.lang, href: link.href, name: link.textContent,
      height: link.getBoundingClientRect().height, width: link.getBoundingClientRect().width,
    })),
    links: all("a[href]").map((link) => link.href),
    ids: all("[id]").map((element) => element.id),
    sectionIds: all("article section[id]").map((part) => [part.id, ...all(":scope > span[id]", part).map((mark) => mark.id)]),
    pictures: all("img, svg").filter((picture) => !picture.closest("mjx-container, [aria-hidden='true']") && picture.id !== "MJX-SVG-global-cache"
      && !picture.querySelector("#MJX-SVG-global-cache") && !picture.parentElement.closest("svg"))
      .map((picture) => picture.getAttribute("alt") || picture.getAttribute("aria-label") || ""),
    drawings: all("svg.cnn-figure").map((drawing) => drawing.outerHTML.includes("var(--cnn-")),
    captions: all("figcaption").map((caption) => caption.textContent.trim()),
    formulas: all("article .math").length,
    typeset: all("article .math mjx-container").length,
    spokenFormulas: all("article .math mjx-container mjx-assistive-mml math").length,
    formulaErrors: all("mjx-merror, [data-mjx-error]").map((fault) => fault.textContent),
    unnamedControls: all("button, a[href], summary, input, select").filter((control) => shown(control)
      && !(control.textContent.trim() || control.getAttribute("aria-label") || control.title)).map(where),
    attributes, interfaceTexts, fixedWords,
    exercises: all(".exercise-box").map((box) => ({
      task: all(".admonition.exercise", box).length, cells: all(".cell", box).length,
      solutions: all("details.fold-solution", box).map((fold) => fold.open),
    })),
    loose: all(".admonition.exercise").filter((task) => !task.closest(".exercise-box")).length,
    quizzes: all(".admonition.quiz").map((quiz) => ({
      right: all("details.quiz-right .quiz-why", quiz).length, options: all("details.quiz-option", quiz).length,
      open: all("details[open]", quiz).length,
    })),
  };
}
