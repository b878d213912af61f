"""Does `bench` agree with itself, and with llama.cpp's own clock, on this machine?

    python -m tests.benchmarks.hardware [--quick] [--model FOLDER] [--out hardware.json]

The built-in model decodes one prompt of 64 tokens for 32 tokens, in turns: the product's decoding in fp32 and NF4, and
llama.cpp on the GGUF file the product's weights come from (Q4_1), timed as `llama-bench` does, by its own clock
(`timings` of its completions). `bench --endpoint` measures llama.cpp's server from outside, which is held against that
clock. Then the whole of `bench` runs twice; compared are the medians of every point. What is known is printed, and
written to the file, after each of these.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("OPENAI_API_KEY", "any")

from agent.progress import Silent
from agent.records.benchmark import BenchmarkResult
from agent.settings import load_settings
from tests.graph.llama_server import llama
from tools.benchmark.answering import Point, answer
from tools.benchmark.backends import detect
from tools.benchmark.endpoint_load import LoadRequest, load
from tools.benchmark.request import BenchRequest
from tools.benchmark.run import measure
from tools.builtin_model import builtin_gguf
from tools.models import load_model, resolve_base_model
from ui.progress import TerminalReporter

PROMPT: Final = 64
OUTPUT: Final = 32
TURNS: Final = 3
AGREE: Final = 0.15
"""How far apart two medians may lie, over the smaller."""


@dataclass(frozen=True)
class Agreement:
    """One figure of both runs."""

    name: str
    first: float
    second: float

    @property
    def apart(self) -> float:
        """Difference over the smaller."""
        return abs(self.first - self.second) / min(self.first, self.second)


def agreements(first: BenchmarkResult, second: BenchmarkResult) -> list[Agreement]:
    """Return the figures that both runs have."""
    one, two = figures(first), figures(second)
    return [Agreement(name, one[name], two[name]) for name in one if name in two]


def figures(result: BenchmarkResult) -> dict[str, float]:
    """Return the medians of a run by name."""
    found: dict[str, float] = {}
    for point in result.measurements:
        name = f"{point.variant} {point.batch} × {point.prompt_tokens}/{point.output_tokens}"
        found |= {f"{name} TTFT ms": point.ttft_ms or 0.0, f"{name} TPOT ms": point.tpot_ms or 0.0}
    found |= {f"{step.method} step s": step.seconds for step in result.training}
    found |= {name: one.figure for name, one in result.capabilities.items() if one.figure}
    return {name: value for name, value in found.items() if value}


def llama_rates(count: int) -> list[dict[str, float]]:
    """Return llama.cpp's own timings of completions of fixed length, in this process."""
    import torch
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(builtin_gguf())
    wanted.port, wanted.n_ctx, wanted.n_parallel, wanted.verbosity = 0, 2048, 1, -1
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = torch.get_num_threads()
    server = xllamacpp.Server(wanted)
    rates = []
    for number in range(count + 1):
        tokens = [(number * 101 + place * 37) % 40000 + 100 for place in range(PROMPT)]
        asked = {"prompt": tokens, "n_predict": OUTPUT, "ignore_eos": True, "temperature": 0, "cache_prompt": False}
        told: list[Any] = []
        server.handle_completions(json.dumps(asked), told.append)
        answered = json.loads(told[-1]) if isinstance(told[-1], str | bytes) else told[-1]
        timings = answered["timings"]
        assert (timings["prompt_n"], timings["predicted_n"]) == (PROMPT, OUTPUT), timings
        rates.append({"decode": timings["predicted_per_second"], "prefill": timings["prompt_per_second"]})
    return rates[1:]  # the first one warms up


def llama_in_a_process(count: int) -> list[dict[str, float]]:
    """Return the same from a process of its own: its threads wait by spinning, beside torch's."""
    command = [sys.executable, "-m", "tests.benchmarks.hardware", "--llama", str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return list(json.loads(done.stdout.strip().splitlines()[-1]))


def beside_llama(folder: Path) -> dict[str, dict[str, list[float]]]:
    """Return decode and prefill rates of the product and of llama.cpp, in turns."""
    device, silent, found = detect(), Silent(), {}
    models = {"product, fp32": load_model(folder), "product, NF4": load_model(folder, quantized=True)}
    for _ in range(TURNS):
        for name, model in models.items():
            told = answer(model, Point(1, PROMPT, OUTPUT), device, repeats=1, reporter=silent)
            line = found.setdefault(name, {"decode": [], "prefill": []})
            line["decode"].append(told.decode_tokens_per_s or 0.0)
            line["prefill"].append(told.prefill_tokens_per_s or 0.0)
        for timings in llama_in_a_process(1):
            line = found.setdefault("llama.cpp, Q4_1", {"decode": [], "prefill": []})
            line["decode"].append(timings["decode"])
            line["prefill"].append(timings["prefill"])
    return found


def from_outside() -> dict[str, Any]:
    """Return what `bench --endpoint` measures of llama.cpp's server, one request at a time."""
    with llama() as url:
        request = LoadRequest(url=url, model="smollm2", concurrency=(1,), lengths=((PROMPT, OUTPUT),), rounds=TURNS)
        ended = load(load_settings(), request, Silent())
    (one,) = ended.result.measurements
    return {"ttft_ms": one.ttft_ms, "tpot_ms": one.tpot_ms, "errors": one.errors, "counted": one.tokens_counted}


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its first row the head."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the quick form of both runs")
    parser.add_argument("--model", help="another model for both runs; llama.cpp keeps the built-in one")
    parser.add_argument("--out", type=Path, help="JSON of everything")
    parser.add_argument("--llama", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.llama:
        print(json.dumps(llama_rates(options.llama)), flush=True)
        os._exit(0)  # llama.cpp's threads are not waited for
    settings = load_settings()
    data: dict[str, Any] = {}

    def tell(text: str, **found: Any) -> None:
        print(text + "\n", flush=True)
        data.update(found)
        if options.out:
            options.out.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    rates = beside_llama(resolve_base_model(settings))
    rows = [["decoder", "decode tokens/s", "prefill tokens/s", "range of decode"]]
    for name, line in rates.items():
        decode = line["decode"]
        span = f"{min(decode):.1f}–{max(decode):.1f}"
        rows.append([name, f"{statistics.median(decode):.1f}", f"{statistics.median(line['prefill']):.0f}", span])
    tell(table(rows), beside_llama=rates)
    outside = from_outside()
    tell(f"llama.cpp's server from outside: {outside}", from_outside=outside)
    results: list[BenchmarkResult] = []
    for number in (1, 2):
        with TerminalReporter(f"run {number}") as reporter:
            results.append(measure(settings, BenchRequest(model=options.model, quick=options.quick), reporter).result)
        doubts = "".join(f"\n- {warning}" for warning in results[-1].warnings)
        runs = [result.model_dump(mode="json") for result in results]
        tell(f"run {number}: {results[-1].seconds:.0f} s{doubts}", runs=runs)
    pairs = agreements(*results)
    rows = [["figure", "first", "second", "apart"]]
    rows += [[one.name, f"{one.first:.4g}", f"{one.second:.4g}", f"{one.apart:.0%}"] for one in pairs]
    close = sum(one.apart <= AGREE for one in pairs)
    agreed = [asdict(one) | {"apart": one.apart} for one in pairs]
    tell(f"{table(rows)}\n\n{close} of {len(pairs)} within {AGREE:.0%}", agreement=agreed)


if __name__ == "__main__":
    main()
