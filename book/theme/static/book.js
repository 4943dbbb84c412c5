(() => {
  "use strict";
  const page = document.documentElement;
  const remember = (key, value) => {
    try { localStorage.setItem(key, value); } catch (error) { /* nothing to remember it in */ }
  };

  /* The place in the text that a reader of another language is taken to: its address is the same in every language. */
  const sharedAnchor = () => {
    const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (named && named.getBoundingClientRect().top > -20 && named.getBoundingClientRect().top < innerHeight) return location.hash;
    const above = [...document.querySelectorAll("article section[id]")].filter((part) => part.getBoundingClientRect().top < 120);
    const last = above[above.length - 1];
    return last && !last.querySelector(":scope > h1") ? `#${last.id}` : "";
  };

  const switches = () => {
    document.querySelectorAll(".language-switch a").forEach((link) => {
      const address = link.getAttribute("href");
      const aim = () => { link.href = address + sharedAnchor(); };
      ["pointerdown", "focus", "click"].forEach((event) => link.addEventListener(event, aim));
      link.addEventListener("click", () => remember("language", link.hreflang));
    });
  };

  const copyButtons = () => {
    const words = document.querySelector(".book-words").dataset;
    if (!navigator.clipboard) return;
    document.querySelectorAll("div.highlight > pre").forEach((code) => {
      if (code.closest(".cell_output")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy-code";
      button.setAttribute("aria-label", words.copy);
      button.title = words.copy;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(code.textContent.replace(/\n$/, ""));
        button.classList.add("copied");
        button.setAttribute("aria-label", words.copied);
        setTimeout(() => {
          button.classList.remove("copied");
          button.setAttribute("aria-label", words.copy);
        }, 1500);
      });
      code.parentElement.append(button);
    });
  };

  /* What scrolls sideways must be reachable by keyboard. */
  const scrollStops = () => {
    const boxes = ".cell_output > .output, .pst-scrollable-table-container, .figure-frame, mjx-container[display], article pre";
    document.querySelectorAll(boxes).forEach((box) => {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  };

  const openForPrint = () => {
    document.querySelectorAll("details").forEach((fold) => {
      if (fold.open) return;
      fold.open = true;
      addEventListener("afterprint", () => { fold.open = false; }, { once: true });
    });
  };

  remember("language-last-read", page.lang);
  switches();
  copyButtons();
  scrollStops();
  addEventListener("load", () => {
    const typeset = window.MathJax && MathJax.startup && MathJax.startup.promise;
    (typeset || Promise.resolve()).then(scrollStops);
  });
  addEventListener("resize", scrollStops);
  addEventListener("beforeprint", openForPrint);
})();
