// The page of the assistant: its address, its links in place, drafts, Enter while words are being composed, and names
// for what Gradio leaves unnamed.
(() => {
  "use strict";

  const PAGE = ".ds-page-assistant";
  const box = () => document.querySelector("#assistant-box textarea");
  const hint = () => document.querySelector("#assistant-hint p");
  // Gradio drops a press while an earlier one is under way: it is repeated until something was drawn.
  let drawn = 0;
  const open = (tries = 4) => {
    const before = drawn;
    document.getElementById("assistant-open")?.click();
    setTimeout(() => {
      if (drawn === before && tries > 1) open(tries - 1);
    }, 3000);
  };

  // The list of conversations is drawn again after every turn: unfolded, it stays unfolded.
  let unfolded = false;
  const list = () => document.querySelector("#assistant-threads details");
  document.addEventListener("click", (event) => {
    const summary = event.target.closest?.("#assistant-threads summary");
    if (summary) unfolded = !summary.parentElement.open;
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(`${PAGE} a[href]`);
    if (!link || event.defaultPrevented) return;
    // Links of a message would open another tab.
    if (link.origin === location.origin) link.removeAttribute("target");
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!isPlain || !link.hasAttribute("data-ds-thread")) return;
    event.preventDefault();
    history.pushState(history.state, "", link.href);
    unfolded = false;
    link.closest("details")?.removeAttribute("open");
    open();
  });

  addEventListener("popstate", () => {
    if (document.querySelector(PAGE)) open();
  });

  // Enter that ends the composing of a Chinese word sends nothing.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && (event.isComposing || event.keyCode === 229) && event.target === box()) {
        event.stopImmediatePropagation();
      }
    },
    true,
  );

  // What was typed and not sent outlives a reload, and the reload that follows a restart of the server.
  const DRAFT = "ds-draft";
  let restored = false;
  const restore = () => {
    if (restored || !box()) return;
    restored = true;
    const draft = sessionStorage.getItem(DRAFT);
    if (!draft || box().value) return;
    box().value = draft;
    box().dispatchEvent(new Event("input", { bubbles: true }));
  };
  document.addEventListener("input", (event) => {
    if (event.target === box()) sessionStorage.setItem(DRAFT, event.target.value);
  });
  const sent = () => sessionStorage.removeItem(DRAFT);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#assistant-box .submit-button, #assistant-chat .option, #assistant-chat .example")) sent();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === box()) sent();
  });

  const names = () => {
    restore();
    if (unfolded && list()) list().open = true;
    const words = document.querySelector("#assistant-threads [data-ds-words]")?.dataset;
    if (!words) return;
    const name = (selector, label) => {
      document.querySelectorAll(selector).forEach((one) => {
        if (one.ariaLabel !== label) one.ariaLabel = label;
      });
    };
    name("#assistant-box textarea", words.message);
    name("#assistant-box .upload-button", words.attach);
    name("#assistant-box .submit-button", words.send);
    name("#assistant-chat [role=log]", words.log);
    name("#assistant-chat [data-testid=user]", words.you);
    name("#assistant-chat [data-testid=bot]", words.log);
    document.querySelectorAll("#assistant-chat .example[aria-label]").forEach((one) => (one.ariaLabel = null));
  };

  document.addEventListener("DOMContentLoaded", () => {
    let due = false;
    new MutationObserver(() => {
      if (due || !document.querySelector(PAGE)) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        names();
      });
    }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["open"] });
  });

  window.dsAssistant = {
    // Keeps the conversation in the address, so that a reload or another day finds it again.
    at: (address) => {
      drawn += 1;
      const here = location.pathname + location.search;
      if (address && address !== here) history.replaceState(history.state, "", address);
    },
    change: () => {
      hint()?.removeAttribute("hidden");
      box()?.focus();
    },
  };
})();
