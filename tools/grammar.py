"""Generation that can only write what a grammar allows, through llguidance.

A grammar is either a JSON Schema (a mapping) or a Lark grammar (a string, in llguidance's dialect), e.g.
`start: "yes" | "no"`; with it even a 135M model replies in the asked form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from agent.errors import InputError, WorkFailedError

Grammar = str | Mapping[str, Any]
"""A Lark grammar or a JSON Schema."""
_JSON_STYLE: Final = {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": False}
# The spacing models have seen most; free white space would let a small model fill its budget with blanks.


class GrammarEngine:
    """The tokenizer's side of constrained generation; building it takes about a second, so there is one a model."""

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        from llguidance.hf import from_tokenizer

        self._tokenizer = from_tokenizer(tokenizer, n_vocab=vocabulary)
        self._vocabulary = vocabulary

    def matcher(self, grammar: Grammar) -> Matcher:
        """Return a fresh matcher.

        Raises:
            InputError: The grammar is not valid; says where.
        """
        from llguidance import LLMatcher

        if isinstance(grammar, str):
            compiled = LLMatcher.grammar_from_lark(grammar)
        else:
            compiled = LLMatcher.grammar_from_json_schema(json.dumps(grammar), overrides=_JSON_STYLE)
        matcher = LLMatcher(self._tokenizer, compiled)
        if matcher.is_error():
            raise InputError(
                f"the grammar is not valid ({matcher.get_error()})"[:300], mend="correct the grammar or schema"
            )
        return Matcher(matcher, self._vocabulary)


class Matcher:
    """The state of one reply within its grammar."""

    def __init__(self, matcher: Any, vocabulary: int) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary

    def forbidden(self) -> Any:
        """Return a boolean tensor over the vocabulary, true for every token that may not come next."""
        import numpy as np
        import torch

        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        return torch.from_numpy(np.unpackbits(bits, bitorder="little", count=self._vocabulary) == 0)

    def accept(self, token: int) -> None:
        """Move on by one token.

        Raises:
            WorkFailedError: The grammar engine refused a token that it had allowed.
        """
        if not self._matcher.consume_token(token):
            raise WorkFailedError(f"constrained generation failed ({self._matcher.get_error()})"[:300])

    @property
    def finished(self) -> bool:
        """Whether nothing may follow."""
        return bool(self._matcher.is_stopped())
