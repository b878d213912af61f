// What must stand before Gradio starts: the page's language, the theme of a person (light, dark, or that of the system;
// kept in this browser only), and the way back to a server that was started anew.
(() => {
  // Gradio's own words ("Upload", "Clear") come in the page's language, not in the browser's.
  const language = document.documentElement.lang === "zh" ? "zh-CN" : "en";
  Object.defineProperty(navigator, "language", { get: () => language });
  Object.defineProperty(navigator, "languages", { get: () => [language] });

  const KEY = "ds-theme";
  const ORDER = ["system", "light", "dark"];
  const system = matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    const kept = localStorage.getItem(KEY);
    return ORDER.includes(kept) ? kept : "system";
  };

  const apply = () => {
    const theme = chosen();
    const dark = theme === "dark" || (theme === "system" && system.matches);
    document.documentElement.dataset.dsTheme = theme;
    for (const element of [document.documentElement, document.body]) {
      if (element && element.classList.contains("dark") !== dark) element.classList.toggle("dark", dark);
    }
  };

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    // Gradio sets the class by its own rules once it has started.
    new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });
  // Gradio's pages have a <base>, which would make of "#part" another page.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    const part = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!part) return;
    event.preventDefault();
    if (!part.matches("a, button, input, select, textarea, [tabindex]")) part.tabIndex = -1;
    part.focus();
    part.scrollIntoView();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-ds-theme-button]")) return;
    localStorage.setItem(KEY, ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length]);
    apply();
  });

  // A page whose server has ended finds the next one by itself, whatever Gradio was doing when it went.
  const ask = window.fetch.bind(window);
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    for (let gone = false; ; await pause(1000)) {
      const alive = await ask("/healthz", { cache: "no-store" }).then((answer) => answer.ok, () => false);
      if (alive && gone) location.reload();
      if (alive) break;
      gone = true;
    }
    looking = false;
  };
  window.fetch = (...request) =>
    ask(...request).catch((error) => {
      if (error instanceof TypeError) look();
      throw error;
    });
})();
