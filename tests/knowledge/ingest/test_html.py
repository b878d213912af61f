"""Web pages: what is text stays, in Markdown's form; what frames it goes."""

from __future__ import annotations

import pytest

from knowledge.ingest.html import read_html, read_html_bytes
from knowledge.ingest.parsed import UnreadableError


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<h1>A</h1><h3>B <em>c</em></h3><p>d<br>e</p>", "# A\n\n### B c\n\nd\ne"),
        ("<p>One\n two</p>loose <b>text</b><div>three</div>", "One two\n\nloose text\n\nthree"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n  - c"),
        ("<ol start=3><li>x<li>y</ol>", "3. x\n4. y"),
        ("<ul><li><b>E17</b>: blocked filter</li></ul>", "- **E17**: blocked filter"),
        ("<ul><li><strong>E17:</strong> blocked</li><li>a <b>b</b>: c</li></ul>", "- **E17**: blocked\n- a b: c"),
        (
            "<dl><dt>Prime</dt><dd>fill the pump</dd><dt>药撬</dt><dd>装置</dd></dl>",
            "- **Prime**: fill the pump\n- **药撬**：装置",
        ),
        ("<dl><dt>A</dt><dt>B:</dt><dd>x</dd><dd>y</dd></dl>", "- **A, B**: x\n- **A, B**: y"),
        ("<dl><dd>alone</dd></dl>", "- alone"),
        ("<pre>  x = 1\n  y</pre>", "```\n  x = 1\n  y\n```"),
        (
            "<table><caption>Parts</caption><tr><th>N<th>C<tr><td>a | b<td>1</table>",
            "Parts\n\n| N | C |\n|---|---|\n| a \\| b | 1 |",
        ),
        (
            "<table><tr><th>M</th><th>F</th><th>V</th></tr><tr><td rowspan=2>Wren</td><td>flow</td><td>17</td></tr>"
            "<tr><td>cable</td><td>2</td></tr><tr><td colspan=2>all</td><td>3</td></tr></table>",
            "| M | F | V |\n|---|---|---|\n| Wren | flow | 17 |\n| Wren | cable | 2 |\n| all | | 3 |",
        ),
        ("<table><tr><td><table><tr><td>x</td><td>y</td></tr></table></td></tr></table>", "| x | y |\n|---|---|"),
        ("<nav>menu</nav><script>x()</script><style>p{}</style><!-- no --><p hidden>h</p><p>text</p>", "text"),
        ("<div role=navigation>menu</div><main><p>body</p></main><footer>end</footer>", "body"),
        ("<header><h1>Title</h1></header><p>x</p><footer>imprint</footer>", "# Title\n\nx"),
        ("<header>logo</header><p>x</p>", "x"),
        ("<p>a&nbsp;b &lt;c&gt;</p>", "a b <c>"),
        ("<blockquote><p>said</p></blockquote><hr><section>s</section>", "said\n\ns"),
        ("<ul><li><div>a</div><div>b</div></li></ul>", "- a b"),
    ],
)
def test_markup_becomes_text(markup: str, expected: str) -> None:
    assert read_html(f"<html><body>{markup}</body></html>").text == expected


def test_the_title_is_the_pages() -> None:
    assert read_html("<title> Pump\n guide </title><p>x").title == "Pump guide"


@pytest.mark.parametrize(
    ("head", "encoding"),
    [("<meta charset=gb2312>", "gb18030"), ('<meta charset="utf-8">', "utf-8"), ("", "utf-8"), ("", "utf-16"),
     ("<meta charset=utf-8>", "gb18030"), ("<meta charset=nonsense>", "utf-8")],
)  # fmt: skip
def test_the_encoding_is_the_declared_or_the_real_one(head: str, encoding: str) -> None:
    text = "本手册说明设备的安装和使用，请注意检查系统的温度与压力。"
    assert text in read_html_bytes(f"<html><head>{head}</head><body><p>{text}</p></body></html>".encode(encoding)).text


@pytest.mark.parametrize("markup", ["<html></html>", "<script>1</script>", "<div>" * 3000 + "x"])
def test_pages_without_text_are_refused(markup: str) -> None:
    with pytest.raises((UnreadableError, RecursionError)):
        read_html(markup)


def test_frames_of_the_site_go_and_those_of_an_article_stay() -> None:
    text = read_html(
        "<body><div><header>Site name</header><article><header>By Mara</header><p>Words.</p><footer>Sources</footer>"
        "</article></div><div><footer>Imprint</footer></div></body>"
    ).text
    assert text == "By Mara\n\nWords.\n\nSources"


def test_a_heading_that_is_a_paragraph_is_one() -> None:
    words = "Somebody set all of this in large letters. " * 10
    assert read_html(f"<h1>Title</h1><h2>{words}</h2>").text == f"# Title\n\n{words.strip()}"
