"""The libraries under the models, kept quiet: their bars and notices have no place in our output."""

from __future__ import annotations

import logging
import warnings


def quiet_libraries() -> None:
    """Keep the libraries' bars and deprecation notices out of our output; errors still come through."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for name in ("bitsandbytes", "peft", "trl", "accelerate", "datasets"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for category in (FutureWarning, UserWarning):
        warnings.filterwarnings(
            "ignore", category=category, module=r"(transformers|peft|trl|accelerate|bitsandbytes|torch)\b"
        )
