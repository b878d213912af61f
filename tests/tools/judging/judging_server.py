"""A judge over real HTTP that decides by a rule, and an evaluation of two arms for it to judge.

with judging(by_reference) as server:
    server.url, server.asked
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agent.records.base import Language
from agent.records.evaluation import Arm, EvaluationReport, Item, ItemAnswer
from knowledge.files import write_record, write_records, write_text
from tools.workspace import Project, Workspace


@dataclass(frozen=True)
class Shown:
    """What a judge is shown, read as the prompt says that it is to be read."""

    question: str
    first: str
    second: str
    reference: str
    passage: str
    outside: str
    """What stands outside the marked parts: the task itself."""
    language: Language

    @classmethod
    def read(cls, messages: list[dict[str, str]]) -> Shown:
        """Take the parts by the mark that the system line announces."""
        system, user = messages[0]["content"], messages[-1]["content"]
        found = re.search(r"[0-9a-f]{12}", system)
        assert found is not None
        mark = found[0]
        pattern = re.compile(rf"\[\[([^\n]+?) {mark}\]\]\n(.*?)\n\[\[end {mark}\]\]", re.DOTALL)
        parts = dict(pattern.findall(user))
        zh = "问题" in parts
        return cls(
            question=parts["问题" if zh else "question"],
            first=parts["回答 1" if zh else "answer 1"],
            second=parts["回答 2" if zh else "answer 2"],
            reference=parts.get("参考答案" if zh else "reference", ""),
            passage=parts.get("原文" if zh else "passage", ""),
            outside=pattern.sub("", user),
            language="zh" if zh else "en",
        )


Rule = Callable[[Shown], str | int]
"""What to reply, or the HTTP status of a failure."""


def better(verdict: str) -> str:
    return json.dumps({"better": verdict})


def by_reference(shown: Shown) -> str:
    """Prefer the answer that holds the reference."""
    first, second = (shown.reference in text for text in (shown.first, shown.second))
    return better("tie" if first == second else "1" if first else "2")


def always_first(shown: Shown) -> str:
    """Prefer a place."""
    del shown
    return better("1")


@dataclass
class JudgingServer:
    """What was asked."""

    rule: Rule
    delay: float = 0.0
    url: str = ""
    asked: list[str] = field(default_factory=list)
    """The user turn of every request."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Forget what was asked."""
        with self.lock:
            self.asked.clear()
            self.requests.clear()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: JudgingServer = self.server.judging  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.asked.append(body["messages"][-1]["content"])
            server.requests.append(body)
        time.sleep(server.delay)
        said = server.rule(Shown.read(body["messages"]))
        with suppress(BrokenPipeError, ConnectionResetError):
            if isinstance(said, int):
                self._send(said, b'{"error": {"message": "no"}}')
            else:
                self._send(200, _completion(said))

    def _send(self, code: int, payload: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", "0.01")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _completion(text: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    made = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return json.dumps(made).encode()


@contextmanager
def judging(rule: Rule = by_reference, delay: float = 0.0) -> Iterator[JudgingServer]:
    """Serve on a free port of this machine."""
    served = JudgingServer(rule, delay)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.judging = served  # type: ignore[attr-defined]
    served.url = f"http://127.0.0.1:{httpd.server_address[1]}/v1"
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


NOTES = {"en": "## Notes", "zh": "## 说明"}


def evaluated(
    home: Path,
    count: int,
    *,
    rag: Collection[int] = (),
    tuned: Collection[int] = (),
    same: Collection[int] = (),
    failed: Collection[int] = (),
    answers: dict[tuple[Arm, int], str] | None = None,
    base_model: str = "builtin",
    lang: Language = "en",
    name: str = "Pumps",
) -> tuple[Project, Path]:
    """Make a project with a finished evaluation of `rag` and `tuned+rag` on questions of ten documents.

    Args:
        home: Home of the project.
        count: Questions.
        rag: Those that `rag` answers rightly; of the others it says something wrong of its own.
        tuned: Those that `tuned+rag` answers rightly.
        same: Those to which both say the same wrong thing.
        failed: Those that `tuned+rag` fails to answer.
        answers: Answers to use instead.
        base_model: Base model of the report.
        lang: Language of questions and report.
        name: Of the project.
    """
    project = Workspace(home).create(name)
    run = project.new_run("evaluate")
    items, said = [], []
    for number in range(count):
        gold = f"{100 + number} bar"
        items.append(
            Item(
                id=f"q{number}",
                kind="knowledge",
                dimension="domain_knowledge",
                language=lang,
                question=f"{number} 号泵的额定压力？"
                if lang == "zh"
                else f"What is the rated pressure of pump {number}?",
                answers=(gold,),
                document=f"d{number % 10}",
                context=f"Pump {number} has a rated pressure of {gold}.",
                fact=f"f{number}",
            )
        )
        arms: tuple[tuple[Arm, Collection[int]], ...] = (("rag", rag), ("tuned+rag", tuned))
        for arm, right in arms:
            text = gold if number in right else "no idea" if number in same else f"{arm} does not know pump {number}"
            text = (answers or {}).get((arm, number), text)
            if number in failed and arm == "tuned+rag":
                said.append(ItemAnswer(item=f"q{number}", arm=arm, text="", score=None, error="empty answer"))
            else:
                said.append(ItemAnswer(item=f"q{number}", arm=arm, text=text, score=float(number in right)))
    write_records(run / "eval" / "items.jsonl", items)
    write_records(run / "eval" / "answers.jsonl", said)
    report = EvaluationReport(
        run=run.name,
        tune_run="t1",
        base_model=base_model,
        items_sha256="0" * 64,
        languages=(lang,),
        arms={},
        comparisons=(),
        seconds={},
    )
    write_record(run / "eval" / "report.json", report)
    write_record(run / "result.json", report)
    write_text(run / "eval" / "report.md", f"# {run.name}\n\n## Verdict\n\nas it was\n\n{NOTES[lang]}\n\n- a note\n")
    return project, run
