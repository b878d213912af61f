// Returns what is wrong with a page as it is shown: [kind, text, where]. Layout is in pixels of the page.
//
// What people brought (documents, pairs, questions, names) is told from what the product says by the markup: the
// selector `data` names the elements that hold it. Only the product's own words must be in the page's language.
({ lang, words, data }) => {
  const FIGURE = /[\d.,×~–-]+\s*(?:[GMK]i?B|TB|GB\/s|TFLOPS|TOPS|ms|min|h|s|px|k)(?![A-Za-z])|[GM]iB|GB\/s|TFLOPS|TOPS/g;
  const known = new Set(words.map((word) => word.toLowerCase()));
  const found = [];
  const seen = new Set();
  const path = (element) => {
    const parts = [];
    for (let at = element; at && at !== document.body && parts.length < 4; at = at.parentElement) {
      const name = at.getAttribute("class")?.split(/\s+/).filter((one) => /^(ds-|js-)/.test(one))[0];
      const id = /^(html|component)-/.test(at.id) ? "" : at.id; // Gradio's own are new for every page
      parts.unshift(id ? `#${id}` : at.tagName.toLowerCase() + (name ? `.${name}` : ""));
      if (id) break;
    }
    return parts.join(" > ");
  };
  const tell = (kind, text, element) => {
    const one = [kind, text.trim().replace(/\s+/g, " ").slice(0, 160), path(element)];
    const key = JSON.stringify(one);
    if (!seen.has(key)) found.push(one);
    seen.add(key);
  };
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  // Language

  const foreign = (text) => {
    if (lang === "en") return /[\u3400-\u9fff]/.test(text);
    // Addresses, names of files and runs, figures, names with a digit (FP16, A800), abbreviations.
    const plain = text.replace(/[\w-]+[.:_/@][\w./:_+-]+|\d{8}T\d{6}Z-\w+/g, " ").replace(FIGURE, " ")
      .replace(/\b[A-Za-z-]*\d[\w-]*|\b[A-Z]{2,6}\b/g, " ");
    return (plain.match(/[A-Za-z]{2,}(?:[-'][A-Za-z]+)*/g) ?? []).some((word) => !known.has(word.toLowerCase()));
  };
  const said = (text, element) => {
    if (!text.trim() || element.closest(data)) return;
    if (foreign(text)) tell("language", text, element);
    const raw = text.replace(/\S*\/\S*/g, " ").match(/(?<![\w./])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w.]*\()/g) ?? [];
    if (raw.some((name) => !known.has(name))) tell("raw name", text, element);
    if (/\{[a-z_]*\}|\bundefined\b|\bNaN\b|\[object |^(None|null|True|False|true|false)$/.test(text.trim())) {
      tell("placeholder", text, element);
    }
  };
  for (const element of document.querySelectorAll("body, body *")) {
    if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName) || !visible(element)) continue;
    for (const name of ["aria-label", "placeholder", "title", "alt"]) said(element.getAttribute(name) ?? "", element);
    if (element.matches("input:is([type=submit], [type=button], [role=listbox], [role=combobox])")) said(element.value, element);
    for (const part of ["::before", "::after"]) {
      const content = getComputedStyle(element, part).content;
      if (content.startsWith('"')) said(content.slice(1, -1), element);
    }
  }
  if (foreign(document.title.replace("domainsmith", ""))) tell("language", document.title, document.documentElement);
  if (!document.documentElement.lang.startsWith(lang)) tell("language", `lang=${document.documentElement.lang}`, document.body);

  // Layout

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.querySelectorAll("body *")].filter(
      (one) => visible(one) && one.getBoundingClientRect().right > root.clientWidth + 1 && !one.children.length,
    );
    tell("overflow", `${root.scrollWidth} px in ${root.clientWidth} px`, wide[0] ?? document.body);
  }
  // Pieces of text that can be seen, cut to what the boxes around them show.
  const pieces = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.textContent.trim() || ["SCRIPT", "STYLE", "NOSCRIPT", "OPTION"].includes(element.tagName)) continue;
    if (!visible(element)) continue;
    said(node.textContent, element);
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      let { left, right, top, bottom } = rect;
      let scrolls = false;
      let hidden = false;
      for (let at = element; at && at !== document.body; at = at.parentElement) {
        const style = getComputedStyle(at);
        if (style.display === "inline" || at.tagName === "text" || at instanceof SVGGElement) continue;
        if (style.position === "fixed" || rect.right < 0) hidden = true; // laid over on purpose; beside the page
        if (style.overflowX === "visible" && style.overflowY === "visible") continue;
        const box = at.getBoundingClientRect();
        if (box.width <= 2 || box.height <= 2) hidden = true; // for screen readers
        const isCut = right > box.right + 1.5 || left < box.left - 1.5 || (bottom + top) / 2 > box.bottom;
        scrolls ||= /auto|scroll/.test(`${style.overflowX} ${style.overflowY}`) || style.webkitLineClamp !== "none";
        if (isCut && !hidden && !scrolls && style.textOverflow !== "ellipsis") {
          tell("clipped", node.textContent, element);
        }
        [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
        [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
      }
      if (!hidden && right - left > 1 && bottom - top > 1) pieces.push({ left, right, top, bottom, element, node });
    }
  }
  pieces.sort((a, b) => a.top - b.top);
  pieces.forEach((one, place) => {
    for (let next = place + 1; next < pieces.length && pieces[next].top < one.bottom - 4; next += 1) {
      const other = pieces[next];
      const [width, height] = ["left right", "top bottom"].map((sides) => {
        const [low, high] = sides.split(" ");
        return Math.min(one[high], other[high]) - Math.max(one[low], other[low]);
      });
      const isSame = one.node === other.node || one.element.closest("[aria-live]") || other.element.closest("[aria-live]");
      if (width > 4 && height > 4 && !isSame) {
        tell("overlap", `${one.node.textContent.slice(0, 60)} | ${other.node.textContent.slice(0, 60)}`, one.element);
      }
    }
  });
  for (const field of document.querySelectorAll("input[placeholder], textarea[placeholder]")) {
    if (!visible(field) || field.value || !field.placeholder) continue;
    const style = getComputedStyle(field);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const lines = field.tagName === "TEXTAREA" ? Math.max(1, Math.floor(field.clientHeight / parseFloat(style.lineHeight))) : 1;
    if (pen.measureText(field.placeholder).width > lines * room + 1) tell("clipped", field.placeholder, field);
  }
  return found;
};
