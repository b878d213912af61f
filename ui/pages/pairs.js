// The page of the pairs: its keys, the two panels that a key opens, and links that filter in place.
(() => {
  "use strict";

  const KEYS = { a: "accept", e: "edit", r: "reject", k: "previous", j: "next", u: "undo" };
  const PANELS = { edit: "#pairs-edit-question textarea", reject: "#pairs-why :is(input, textarea)" };
  const FIELDS = "input, textarea, select, [contenteditable]:not([contenteditable='false']), [role='combobox']";
  const SENT = ["accept", "previous", "next", "undo"];
  const DECIDES = ["accept", "edit", "reject", "undo"];
  const DECISIONS = ["accept", "undo", "save", "reject-yes"];
  const LOST_MS = 3000; // an answer that has not come by then will not come
  const RAIL_MS = 3000;
  const MOST_STEPS = 8;

  const page = () => document.querySelector(".ds-page-pairs");
  const button = (name) => document.getElementById(`pairs-${name}`);
  const opened = () => document.body.dataset.dsPairs || "";

  function open(panel) {
    if (!page()?.querySelector(".ds-pair")) return;
    document.body.dataset.dsPairs = panel;
    const field = document.querySelector(PANELS[panel]);
    field?.focus();
    if (panel === "reject") field?.select();
  }

  function close() {
    if (!opened()) return;
    document.body.dataset.dsPairs = "";
    if (document.activeElement?.matches(FIELDS)) document.activeElement.blur();
  }

  // One key at a time: the next is sent when the answer to the last is on the page. Steps wait for that; a decision
  // does not, since it would be about a pair that nobody has seen.
  const steps = [];
  let sent = null;
  let since = 0;
  const turn = () => document.querySelector("#pairs-counter [data-turn]")?.dataset.turn ?? "";
  const isBusy = () => sent !== null && turn() === sent && performance.now() - since < LOST_MS;

  function send(name) {
    sent = turn();
    since = performance.now();
    button(name)?.click();
    follow();
  }

  function follow() {
    if (isBusy()) setTimeout(follow, 15);
    else if (steps.length) send(steps.shift());
  }

  function press(name) {
    if (name in PANELS) {
      if (!isBusy()) open(name);
    } else if (!isBusy()) send(name);
    else if (!DECIDES.includes(name) && steps.length < MOST_STEPS) steps.push(name);
  }

  let idle = 0;
  function countLater(again) {
    if (!again && !idle) return;
    clearTimeout(idle);
    idle = setTimeout(() => {
      idle = 0;
      button("settle")?.click();
    }, RAIL_MS);
  }

  document.addEventListener("keydown", (event) => {
    if (!page() || event.isComposing) return;
    if (event.key === "Escape" && opened()) {
      event.preventDefault();
      close();
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && opened() === "edit") {
      event.preventDefault();
      // The field tells Gradio what it holds when it loses the focus.
      document.activeElement?.blur();
      setTimeout(() => button("save")?.click(), 50);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(FIELDS)) return;
    const name = KEYS[event.key.toLowerCase()];
    // A key held down must not accept pairs that nobody has seen.
    if (!name || (event.repeat && name !== "next" && name !== "previous")) return;
    event.preventDefault();
    countLater(false);
    press(name);
  });

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest?.(".ds-page-pairs button");
    if (pressed) {
      const name = pressed.id.replace("pairs-", "");
      if (DECISIONS.includes(name) || pressed.closest(".ds-panel-reject")) countLater(true);
      if (event.isTrusted && SENT.includes(name)) {
        sent = turn();
        since = performance.now();
      }
      if (name in PANELS) open(name);
      else if (SENT.includes(name) || pressed.classList.contains("ds-close")) close();
      return;
    }
    const link = event.target.closest?.(".ds-page-pairs a[data-ds-walk]");
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !isPlain || !button("apply")) return;
    event.preventDefault();
    close();
    // The server reads the filters from the page's address.
    history.replaceState(history.state, "", link.href);
    button("apply").click();
  });

  // The quote stays in the middle of its passage, whichever pair is shown.
  function centre() {
    const box = document.querySelector("#pairs-source .ds-text");
    const mark = box?.querySelector("mark");
    if (!mark) return;
    const above = mark.getBoundingClientRect().top - box.getBoundingClientRect().top;
    box.scrollTop += above - box.clientHeight / 2;
  }

  const waiting = setInterval(() => {
    const source = document.getElementById("pairs-source");
    if (!source && (page() || !document.querySelector("#ds-main"))) return;
    clearInterval(waiting);
    if (!source) return; // another page
    new MutationObserver(centre).observe(source, { childList: true, characterData: true, subtree: true });
    centre();
  }, 200);

  window.dsPairs = { open, close, isIdle: () => !isBusy() && !steps.length };
})();
