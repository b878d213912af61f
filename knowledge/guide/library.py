"""Reads, validates and searches the guide's articles.

An article is `articles/<id>.<language>.md`: YAML front matter (`id`, `title`, `part`, `sources`), then Markdown.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable

Language = Literal["en", "zh"]
Part = Literal["remedies", "differences", "data", "tuning", "evaluation", "hardware", "qa", "beyond"]

_FRONT_MATTER = re.compile(r"\A---\n(?P<header>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
_FILE_NAME = re.compile(r"(?P<id>[a-z0-9]+(?:-[a-z0-9]+)*)\.(?P<language>en|zh)\.md")
_ENGLISH_TOKEN = re.compile(r"[a-z0-9]+")
_CHINESE_TOKEN = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]+")
_STOP_TEXT = (
    "a an and are as at be by can do does for from has have how i if in is it many much must my need of on or our "
    "should that the there this to was we what when which why will with you "
    "的 了 是 在 和 与 吗 呢 我 我们 你 它 有 会 要 把 被 就 也 都 该 应该 "
    "怎么 怎样 什么 为什么 怎么办 多少 需要 哪个 哪些 选"
)
_STOP = frozenset(_STOP_TEXT.split())
_TITLE_WEIGHT = 3  # the title's words count as often as if they stood this many times in the text


class GuideError(InputError, ValueError):
    """An article file is malformed or missing; `where` names the file."""


class Article(BaseModel):
    """One article of the guide in one language.

    Attributes:
        id: What decisions cite; the same in both languages.
        title: The heading, in the article's language.
        part: The part of the guide that the article belongs to.
        language: The language of the title and the text.
        sources: Where its statements come from: the guide, papers, or our own rules.
        text: The body in Markdown, without the front matter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    part: Part
    language: Language
    sources: tuple[str, ...] = Field(min_length=1)
    text: str = Field(min_length=1)


class Library:
    """The articles of the guide, in the order of their parts and then their ids."""

    def __init__(self, articles: Iterable[Article]) -> None:
        order = get_args(Part)
        ranked = sorted(articles, key=lambda article: (order.index(article.part), article.id))
        self._articles = {(article.language, article.id): article for article in ranked}
        self._indexes: dict[Language, Any] = {}

    def ids(self) -> tuple[str, ...]:
        """Returns every article id, ordered by part and then by name."""
        return tuple(article_id for language, article_id in self._articles if language == "en")

    def articles(self, lang: Language) -> tuple[Article, ...]:
        """Returns all articles in one language, in the order of `ids`."""
        return tuple(article for (language, _), article in self._articles.items() if language == lang)

    def get(self, id: str, lang: Language = "en") -> Article:
        """Returns one article.

        Raises:
            NotFoundError: There is no such article.
        """
        try:
            return self._articles[lang, id]
        except KeyError:
            raise NotFoundError("no such article in the guide", where=f"{id} ({lang})") from None

    def search(self, question: str, lang: Language, k: int = 3) -> list[Article]:
        """Finds the articles whose words fit a question best (BM25).

        Args:
            question: A question or a few words, in the language of the articles wanted.
            lang: The language of the articles.
            k: The most articles to return.

        Returns:
            At most `k` articles, best first; empty when no word of the question occurs in any article.
        """
        articles = self.articles(lang)
        tokens = _tokens(question, lang)
        if not tokens or not articles or k < 1:
            return []
        found, scores = self._index(lang).retrieve([tokens], k=min(k, len(articles)), show_progress=False)
        return [articles[int(at)] for at, score in zip(found[0], scores[0], strict=True) if score > 0]

    def _index(self, lang: Language) -> Any:
        if lang not in self._indexes:
            import bm25s

            logging.getLogger("bm25s").setLevel(logging.WARNING)  # it reports every index it builds
            index = bm25s.BM25()
            weighted = [(_tokens(a.title, lang), _tokens(a.text, lang)) for a in self.articles(lang)]
            index.index([title * _TITLE_WEIGHT + text for title, text in weighted], show_progress=False)
            self._indexes[lang] = index
        return self._indexes[lang]


def parse_article(name: str, raw: str) -> Article:
    """Turns one article file into an article.

    Args:
        name: The file's name, `<id>.<language>.md`.
        raw: The file's text.

    Raises:
        GuideError: The name, the front matter or the body is not as it should be.
    """
    named = _FILE_NAME.fullmatch(name)
    if named is None:
        raise GuideError("an article's file name must be <id>.<en|zh>.md", where=name)
    parts = _FRONT_MATTER.match(raw)
    if parts is None:
        raise GuideError("the article does not begin with front matter between two lines of ---", where=name)
    try:
        header = yaml.safe_load(parts["header"])
    except yaml.YAMLError as error:
        raise GuideError(f"the front matter is not YAML ({error})", where=name) from error
    if not isinstance(header, dict):
        raise GuideError("the front matter is not a mapping", where=name)
    try:
        article = Article.model_validate({**header, "language": named["language"], "text": parts["body"]})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise GuideError(f"the front matter or the text is not valid ({faults})", where=name) from error
    if article.id != named["id"]:
        raise GuideError(f"the front matter says id {article.id!r}", where=name)
    return article


def read_library(folder: Traversable) -> Library:
    """Reads every article of a folder and checks that the languages match.

    Raises:
        GuideError: A file is malformed, an id is missing in one language, or the two disagree on the part.
    """
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".md")), key=lambda item: item.name)
    articles = [parse_article(item.name, item.read_text(encoding="utf-8")) for item in files]
    if not articles:
        raise GuideError("the folder holds no article", where=folder.name)
    by_key = {(article.language, article.id): article for article in articles}
    for article in articles:
        other: Language = "zh" if article.language == "en" else "en"
        twin = by_key.get((other, article.id))
        if twin is None:
            raise GuideError("the article is missing in the other language", where=f"{article.id}.{other}.md")
        if twin.part != article.part:
            raise GuideError("the two languages name different parts", where=f"{article.id}.{other}.md")
    return Library(articles)


@cache
def load_library() -> Library:
    """Reads the articles that ship with the package; read once for each process."""
    return read_library(resources.files(__package__).joinpath("articles"))


def _tokens(text: str, lang: Language) -> list[str]:
    if lang == "en":
        return [_stem(token) for token in _ENGLISH_TOKEN.findall(text.lower()) if token not in _STOP]
    import jieba

    jieba.setLogLevel(logging.WARNING)  # it reports the loading of its dictionary on stderr
    runs = _CHINESE_TOKEN.findall(text.lower())
    return [word for run in runs for word in jieba.lcut_for_search(run) if word not in _STOP]


def _stem(token: str) -> str:
    if len(token) > 4 and token.endswith("ies"):
        return token[:-3] + "y"
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        return token[:-1]
    return token
