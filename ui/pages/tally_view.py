"""The tally of votes as HTML: each pair of arms in a sentence with its interval; pure functions, every text escaped."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from agent.records.base import Language
from agent.records.vote import PairTally, VoteTally
from tools.evaluation.wording import arm_name
from ui.i18n import phrase


def tally(value: VoteTally, project: str, lang: Language) -> str:
    """Return who is ahead in every pair, what was not counted, and the exports.

    Args:
        value: The votes so far.
        project: Id of the project, for the downloads.
        lang: Language of the page.
    """
    title = f"<h2>{_say('compare_tally', lang)}</h2>"
    if not value.votes and not value.other_models:
        return f'{title}<p class="ds-empty">{_say("compare_no_votes", lang)}</p>'
    head = "".join(
        f'<th scope="col">{_say(f"compare_tally_{name}", lang)}</th>'
        for name in ("pair", "preferred", "tie", "wrong", "share", "standing")
    )
    rows = "".join(_row(pair, lang) for pair in value.pairs)
    label = _say("compare_tally", lang)
    table = (
        f'<div class="ds-scroll" tabindex="0" role="region" aria-label="{label}"><table class="ds-figures">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    counted = f"<p>{_say('compare_counted', lang, votes=value.votes)}</p>"
    left = [
        _say(f"compare_{name}", lang, votes=number)
        for name, number in (("repeated", value.repeated), ("other_models", value.other_models))
        if number
    ]
    notes = f'<p class="ds-quiet">{" ".join([*left, _say("compare_method", lang)])}</p>'
    return f"{title}{counted}{table if value.pairs else ''}{notes}{exports(project, lang)}"


def exports(project: str, lang: Language) -> str:
    """Return the links that hand the votes over."""
    query = escape(urlencode({"project": project}))
    links = " · ".join(
        f'<a href="/download/{name}?{query}" download>{name}</a>' for name in ("votes.csv", "votes.jsonl")
    )
    return f"<p>{_say('compare_export', lang)} {links}</p>"


def standing(pair: PairTally, lang: Language) -> str:
    """Return who is ahead in one pair, or that it cannot be told yet."""
    if pair.standing == "not_enough":
        return phrase("compare_not_enough", lang)
    ahead = pair.a if pair.standing == "a_preferred" else pair.b
    return phrase("compare_ahead", lang, name=arm_name(ahead, lang))


def _row(pair: PairTally, lang: Language) -> str:
    a, b = escape(arm_name(pair.a, lang)), escape(arm_name(pair.b, lang))
    blind = (
        f' <span class="ds-quiet">{_say("compare_blind_votes", lang, votes=pair.blind)}</span>' if pair.blind else ""
    )
    return (
        f'<tr><th scope="row">{a} : {b}{blind}</th><td class="ds-num">{pair.a_preferred} : {pair.b_preferred}</td>'
        f"<td>{pair.ties}</td><td>{pair.both_wrong}</td><td>{_share(pair, lang)}</td>"
        f"<td>{escape(standing(pair, lang))}</td></tr>"
    )


def _share(pair: PairTally, lang: Language) -> str:
    if pair.share is None:
        return "–"
    text = _say(
        "compare_share",
        lang,
        name=arm_name(pair.a, lang),
        share=f"{pair.share:.0%}",
        low=f"{pair.low:.0%}",
        high=f"{pair.high:.0%}",
        n=pair.a_preferred + pair.b_preferred,
        p=_p(pair.p),
    )
    place = f"--ds-low:{pair.low:.4f};--ds-high:{pair.high:.4f};--ds-mean:{pair.share:.4f}"
    return f'{text}<span class="ds-interval" style="{place}" aria-hidden="true"></span>'


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"


def _say(key: str, lang: Language, **values: object) -> str:
    return escape(phrase(key, lang, **values))
