// The page of the documents: its links open in place, and what they open comes into view.
(() => {
  "use strict";

  const PARTS = ["document", "chunk", "start", "end"];

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".ds-page-documents a[data-ds-open]");
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    const opener = document.getElementById("documents-open");
    if (!link || !opener || !isPlain || event.defaultPrevented) return;
    event.preventDefault();
    // The server reads what is asked for from the page's address.
    history.replaceState(history.state, "", link.href);
    document.querySelectorAll(".ds-documents tr[aria-current]").forEach((row) => row.removeAttribute("aria-current"));
    link.closest(".ds-documents tr")?.setAttribute("aria-current", "true");
    opener.click();
  });

  function scroll() {
    const passage = document.getElementById("documents-passage");
    const box = passage?.querySelector(".ds-text");
    if (!box) return;
    const target = box.querySelector("#ds-quote") || box.querySelector(".ds-opened");
    const above = target ? target.getBoundingClientRect().top - box.getBoundingClientRect().top : 0;
    box.scrollTop = target ? Math.max(0, box.scrollTop + above - box.clientHeight / 4) : 0;
    // Where the columns lie below each other, the text would open out of sight.
    if (new URLSearchParams(location.search).has("document") && passage.getBoundingClientRect().top > innerHeight) {
      passage.scrollIntoView({ block: "start" });
    }
  }

  window.dsDocuments = {
    show: () => requestAnimationFrame(() => setTimeout(scroll, 60)),
    forget: () => {
      const address = new URL(location.href);
      PARTS.forEach((name) => address.searchParams.delete(name));
      history.replaceState(history.state, "", address);
    },
  };
})();
