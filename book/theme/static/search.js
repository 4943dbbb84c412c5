(() => {
  "use strict";
  /* A page opened from a folder may not read its neighbours: results without a snippet. */
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  /* Snippets come from the text alone: no interface words, no code, no display formulas. */
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const text = (anchor && page.querySelector(anchor)) || page.querySelector("article") || page.body;
    text.querySelectorAll(".headerlink, script, style, svg, .cell, div.math").forEach((part) => part.remove());
    text.querySelectorAll(".math").forEach((formula) => {
      formula.textContent = formula.textContent.replace(/\\[()[\]]/g, "");
    });
    return text.textContent.replace(/\s+/g, " ");
  };
})();
