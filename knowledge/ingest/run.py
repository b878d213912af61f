"""Read a user's files into the project's corpus: new and changed ones only, and bring the index up to date.

result = ingest([Path("manuals")], CorpusStore(project.root), load_embedder(settings), reporter)
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.progress import Reporter
from agent.records.base import Language
from agent.records.corpus import IngestResult
from knowledge.embedding import Embedder
from knowledge.index import VectorIndex
from knowledge.ingest.ahead import Ahead, processes_for
from knowledge.ingest.batch import Batch
from knowledge.ingest.chunking import CHUNK_CHARACTERS
from knowledge.ingest.kept import KeptReadings
from knowledge.ingest.recognition import require
from knowledge.ingest.sources import collect
from knowledge.store import CorpusStore


def ingest(
    paths: Sequence[Path],
    store: CorpusStore,
    embedder: Embedder,
    reporter: Reporter,
    *,
    sizes: Mapping[Language, int] = CHUNK_CHARACTERS,
    recognise: bool = False,
) -> IngestResult:
    """Read files and folders into the corpus.

    An unchanged file (by the hash of its bytes) is not read again. A file that vanished from a folder is removed when
    that folder is read again. A file that cannot be read is listed with its reason and stops nothing. A reading that
    was killed is taken up where it stood when the same files are read again, and ends as if nothing had happened.

    Args:
        paths: Files and folders.
        store: The project's corpus; the caller owns the project.
        embedder: Embeds new chunks.
        reporter: Hears of files, then of embedded chunks.
        sizes: Longest chunk for each language, in characters.
        recognise: Whether pages that are pictures are read by text recognition.

    Raises:
        InputError: A path does not exist, none of the files could be read (names the first reason), or text
            recognition was asked for and is not installed.
        EmptyError: A folder holds no readable file.
        CancelledError: Somebody cancelled; what was in the corpus before stays as it was, or the new documents are in
            and only the index is completed later.
    """
    started = time.monotonic()
    if recognise:
        require()
    files, folders = collect(paths)
    batch = Batch(store, recognise)
    kept = KeptReadings(store.reading_folder, recognise=recognise)
    with Ahead(reporter, kept, processes=processes_for(files), recognise=recognise) as ahead:
        for number, turn in enumerate(ahead.turns(files, batch.will_need)):
            reporter.check()
            reporter.progress(number, len(files), "files", turn.file.name)
            batch.take(turn, ahead)
    reporter.progress(len(files), len(files), "files", "read")
    batch.refuse_if_all_failed()
    removed = batch.drop_vanished({file.path for file in files}, folders)
    documents, chunks = batch.finish(sizes)
    reporter.check()
    # The list says what stands and not which reading put it there, so one that was taken up ends with the same list.
    read = {"unchanged": "read"}
    store.save([d.model_copy(update={"status": read.get(d.status, d.status)}) for d in documents], chunks)
    index = VectorIndex(store.index_folder, embedder)
    try:
        index.sync(chunks, reporter)
    finally:
        index.close()
    counts = {s: sum(d.status == s for d in batch.touched.values()) for s in ("read", "unchanged", "skipped", "failed")}
    counted = {document.id: document for document in documents}
    return IngestResult(
        documents=tuple(counted[identifier] for identifier in batch.touched),
        **counts,
        removed=removed,
        chunks=len(chunks),
        seconds=time.monotonic() - started,
    )
