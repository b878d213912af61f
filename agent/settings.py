"""Every setting of domainsmith in one model, read once by an entry point and passed on.

Environment variables carry the prefix `DOMAINSMITH_`; a `.env` file in the working directory is honoured.
Example: `DOMAINSMITH_HOME=/data/ds domainsmith projects`.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.errors import InputError
from agent.policy.thresholds import THRESHOLDS
from agent.records.base import Language

BUILTIN = "builtin"


class Settings(BaseSettings):
    """Settings with their defaults; none of the defaults needs a key, a server or a hub."""

    model_config = SettingsConfigDict(
        env_prefix="DOMAINSMITH_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    home: Path = Field(default_factory=lambda: Path.home() / ".domainsmith")
    """Folder in which projects live."""
    machine_home: Path | None = None
    """Folder of what is known of this machine, its own benchmarks and `devices.yaml`; `None` means `home`. A server
    sets it to its own home, so that every account and every job of one speaks of the same machine."""
    cache: Path | None = None
    """Folder for materialised models and cached embeddings; `None` means `home/cache`."""
    base_model: str = BUILTIN
    """`builtin` (SmolLM2-135M-Instruct from a package), a folder, or a hub id (needs `allow_downloads`)."""
    chat_model: str = "offline"
    """`offline` or `provider:model`."""
    extraction_model: str = BUILTIN
    """`rules` (structure only), `builtin` (structure, then the base model), or `openai:<model>` (structure, then an
    OpenAI-compatible endpoint at `OPENAI_BASE_URL`)."""
    extraction_width: int = Field(default=4, ge=1, le=64)
    """Requests to the endpoint that extracts or judges in flight at once; a model in memory is asked one by one."""
    extraction_price: tuple[float, float] | None = None
    """Price of a million prompt tokens and of a million reply tokens of the extraction endpoint, as `[0.15, 0.6]`; for
    the forecast only."""
    price_per_hour: float | None = Field(default=None, ge=0)
    """What an hour of this machine costs, in the currency you think in; prices 1,000 answers in an evaluation's report.
    Without it the report gives seconds of the machine."""
    judge_model: str | None = None
    """Model that compares two arms' answers: `openai:<model>` at `OPENAI_BASE_URL`, a folder, or `builtin`; of another
    family than the base model. `None` means none."""
    embedding_model: str = BUILTIN
    """`builtin` (multilingual-e5-small from a package), a sentence-transformers folder, or `openai:<model>`."""
    reranker: Path | None = None
    """Folder of a cross-encoder that reads the best candidates again and orders them; `None` uses none."""
    abstain_below: float = Field(default=THRESHOLDS.abstain_below, ge=0, le=1)
    """Probability that the passages found hold an answer, below which the arms with retrieval say that the documents
    are silent and read nothing; 0 lets them read whatever was found, and so does an embedding model other than
    `builtin`, for which the probability is not known."""
    passages: int = Field(default=1, ge=1, le=50)
    """Most passages a reader is shown with a question. One serves a small reader best (`knowledge.answering`); a larger
    one reads more."""
    passage_characters: int | None = Field(default=None, ge=40)
    """Characters of all passages together; `None`: 480 for an English question and 200 for a Chinese one. More
    passages need more room."""
    allow_downloads: bool = False
    """Whether a hub id may be downloaded; off by default, nothing is fetched unasked."""
    ocr: bool = False
    """Whether pages of a PDF that are pictures are read by text recognition; needs the extra `ocr`."""
    lang: Language = "en"
    """Language of replies and reports."""
    document_roots: tuple[Path, ...] | None = None
    """Folders that documents may be read from by path; `None` means any. A server with login sets it: its users are
    not the machine's owner, and what they name is read with the server's rights."""
    conversations: str = "sqlite"
    """Where conversations are kept: `sqlite` (a file in `home`) or a `postgresql://` address."""
    hardware_file: Path | None = None
    """File of devices that the catalogue lacks; `None` means `devices.yaml` in `machine_folder`, if it is there."""
    threads: int | None = Field(default=None, ge=1)
    """CPU threads for models; `None` leaves it to torch."""
    checkpoint_seconds: float = Field(default=30, ge=0)
    """Seconds of training after which a run saves within an epoch (it always does at its end); more where writing takes
    so long that it would cost over a twentieth of the time. 0 saves after every step."""

    @property
    def machine_folder(self) -> Path:
        """Folder of what is known of this machine."""
        return self.machine_home if self.machine_home is not None else self.home

    @property
    def cache_folder(self) -> Path:
        """Folder for materialised models and cached embeddings."""
        return self.cache if self.cache is not None else self.home / "cache"


def load_settings() -> Settings:
    """Read the settings from the environment and `.env`.

    Raises:
        InputError: A value is not valid; names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "DOMAINSMITH_" + "__".join(str(part) for part in first["loc"]).upper()
        raise InputError(first["msg"], where=name, mend="change it in the environment or in .env") from error
