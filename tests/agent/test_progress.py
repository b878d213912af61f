from __future__ import annotations

from agent.progress import Reporter, Silent


def test_the_silent_reporter_listens_to_nothing_and_never_cancels() -> None:
    reporter: Reporter = Silent()
    reporter.progress(1, 2, "documents", "half")
    reporter.metric(loss=0.7)
    reporter.note("a line")
    reporter.check()
