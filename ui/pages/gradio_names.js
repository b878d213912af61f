// What Gradio says in English on every page: names ("Scroll down"), the titles of its messages ("Error"), and tooltips
// that hold an id in place of a word. Our words come with the frame, as data.
(() => {
  "use strict";

  const words = () => JSON.parse(document.querySelector("[data-ds-gradio]")?.dataset.dsGradio ?? "{}");

  function rename() {
    const known = words();
    for (const [theirs, ours] of Object.entries(known)) {
      for (const name of ["aria-label", "title"]) {
        document.querySelectorAll(`[${name}="${theirs}"]`).forEach((one) => one.setAttribute(name, ours));
      }
    }
    document.querySelectorAll(".toast-title").forEach((one) => {
      const text = [...one.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && known[node.data.trim()]);
      if (text) text.data = known[text.data.trim()];
    });
    document.querySelectorAll("label > input[type=checkbox][title]").forEach((one) => {
      const said = one.labels[0]?.innerText.trim();
      if (said && one.title !== said) one.title = said;
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    let due = false;
    new MutationObserver(() => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        rename();
      });
    }).observe(document.body, { childList: true, subtree: true });
  });
})();
