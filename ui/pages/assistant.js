// The page of the assistant: its address, its links in place, drafts, Enter while words are being composed, and names
// for what Gradio leaves unnamed.
(() => {
  "use strict";

  const PAGE = ".ds-page-assistant";
  const box = () => document.querySelector("#assistant-box textarea");
  const hint = () => document.querySelector("#assistant-hint p");
  const threadOf = (address) => new URL(address, location.origin).searchParams.get("thread");

  // A turn or a look at the clock that was under way when a person turned to another conversation answers for the one
  // that was left. What was chosen last is `wanted`, what stands on the page `shown`: where they differ the page is
  // drawn again, and so it is where Gradio dropped the press because an earlier one was under way.
  let wanted = null;
  let shown = null;
  let drawn = 0;
  let left = 0; // presses until what the server says is taken
  let waiting = 0;
  const press = (before) => {
    left -= 1;
    document.getElementById("assistant-open")?.click();
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const stands = wanted ? shown === wanted : drawn !== before;
      if (!stands && left > 0) press(before);
    }, 3000);
  };
  const open = () => {
    wanted = threadOf(location.href);
    left = 20;
    press(drawn);
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

  // A conversation that is deleted is left for one that the server chooses.
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#assistant-delete-yes")) wanted = null;
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

  // What was typed and not sent outlives a reload, the reload that follows a restart of the server, and the answer to
  // the message before, which empties the box.
  const DRAFT = "ds-draft";
  const restore = () => {
    const draft = sessionStorage.getItem(DRAFT);
    if (!draft || !box() || box().value) return;
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
      if (!address) return;
      drawn += 1;
      shown = threadOf(address);
      if (wanted && shown !== wanted && left > 0) press(drawn);
      else if (address !== location.pathname + location.search) history.replaceState(history.state, "", address);
    },
    change: () => {
      hint()?.removeAttribute("hidden");
      box()?.focus();
    },
  };
})();
