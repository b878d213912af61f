"""Does `bench` agree with itself, and with llama.cpp's own clock, on this machine?

    python -m tests.benchmarks.hardware [--quick] [--model FOLDER] [--out hardware.json]

The built-in model decodes one prompt of 64 tokens for 32 tokens, in turns: the product's decoding in fp32 and NF4, and
llama.cpp on the GGUF file the product's weights come from (Q4_1), timed as `llama-bench` does, by its own clock
(`timings` of its completions). `bench --endpoint` measures llama.cpp's server from outside, on as many threads; the
second table sets that beside the clock and states how far apart they are. Then the whole of `bench` runs twice;
compared are the medians of every point. What is known is printed, and written to the file, after each of these.
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
from agent.records.benchmark import BenchmarkResult, Measurement
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
LLAMA: Final = "llama.cpp, Q4_1"


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


def llama_rates(count: int, threads: int) -> list[dict[str, float]]:
    """Return llama.cpp's own timings of completions of fixed length, in this process."""
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(builtin_gguf())
    wanted.port, wanted.n_ctx, wanted.n_parallel, wanted.verbosity = 0, 2048, 1, -1
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = threads
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


def llama_in_a_process(count: int, threads: int) -> list[dict[str, float]]:
    """Return the same from a process of its own: its threads wait by spinning, beside torch's."""
    command = [sys.executable, "-m", "tests.benchmarks.hardware", "--llama", str(count), "--threads", str(threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return list(json.loads(done.stdout.strip().splitlines()[-1]))


def beside_llama(folder: Path, threads: int) -> dict[str, dict[str, list[float]]]:
    """Return decode and prefill rates of the product and of llama.cpp, in turns, on as many threads each."""
    device, silent, found = detect(), Silent(), {}
    models = {"product, fp32": load_model(folder), "product, NF4": load_model(folder, quantized=True)}
    for _ in range(TURNS):
        for name, model in models.items():
            told = answer(model, Point(1, PROMPT, OUTPUT), device, repeats=1, reporter=silent)
            line = found.setdefault(name, {"decode": [], "prefill": []})
            line["decode"].append(told.decode_tokens_per_s or 0.0)
            line["prefill"].append(told.prefill_tokens_per_s or 0.0)
        for timings in llama_in_a_process(1, threads):
            line = found.setdefault(LLAMA, {"decode": [], "prefill": []})
            line["decode"].append(timings["decode"])
            line["prefill"].append(timings["prefill"])
    return found


def from_outside(threads: int) -> Measurement:
    """Return what `bench --endpoint` measures of llama.cpp's server, one request at a time."""
    with llama(threads) as url:
        request = LoadRequest(url=url, model="smollm2", concurrency=(1,), lengths=((PROMPT, OUTPUT),), rounds=TURNS)
        ended = load(load_settings(), request, Silent())
    (one,) = ended.result.measurements
    return one


def against_the_clock(clock: dict[str, list[float]], outside: Measurement) -> list[Agreement]:
    """Return llama.cpp's own times beside those that were measured from outside; of a prompt of the length it had.

    Args:
        clock: Rates of its decoding and of its reading of prompts, tokens a second.
        outside: The same requests through HTTP, chat template and stream.
    """
    assert outside.ttft_ms is not None, outside.errors
    assert outside.tpot_ms is not None, outside.errors
    prefill, decode = statistics.median(clock["prefill"]), statistics.median(clock["decode"])
    return [
        Agreement("TTFT ms", 1000 * outside.prompt_tokens / prefill, outside.ttft_ms),
        Agreement("TPOT ms", 1000 / decode, outside.tpot_ms),
    ]


def agreement_table(pairs: Sequence[Agreement], first: str, second: str) -> str:
    """Return figures side by side with how far apart they are, and how many agree."""
    rows = [["figure", first, second, "apart"]]
    rows += [[one.name, f"{one.first:.4g}", f"{one.second:.4g}", f"{one.apart:.0%}"] for one in pairs]
    close = sum(one.apart <= AGREE for one in pairs)
    return f"{table(rows)}\n\n{close} of {len(pairs)} within {AGREE:.0%}"


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
    parser.add_argument("--threads", type=int, help="of torch and of llama.cpp alike; torch's own number by default")
    options = parser.parse_args()
    if options.llama:
        print(json.dumps(llama_rates(options.llama, options.threads)), flush=True)
        os._exit(0)  # llama.cpp's threads are not waited for
    import torch

    threads = options.threads or torch.get_num_threads()
    torch.set_num_threads(threads)
    settings = load_settings().model_copy(update={"threads": threads})
    data: dict[str, Any] = {"threads": threads}

    def tell(text: str, **found: Any) -> None:
        print(text + "\n", flush=True)
        data.update(found)
        if options.out:
            options.out.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    rates = beside_llama(resolve_base_model(settings), threads)
    rows = [["decoder", "decode tokens/s", "prefill tokens/s", "range of decode"]]
    for name, line in rates.items():
        decode = line["decode"]
        span = f"{min(decode):.1f}–{max(decode):.1f}"
        rows.append([name, f"{statistics.median(decode):.1f}", f"{statistics.median(line['prefill']):.0f}", span])
    tell(f"{table(rows)}\n\n{threads} threads each", beside_llama=rates)
    outside = from_outside(threads)
    held = against_the_clock(rates[LLAMA], outside)
    counted = f"tokens counted by: {outside.tokens_counted}; errors: {outside.errors or 'none'}"
    tell(
        f"{agreement_table(held, 'its own clock', 'bench --endpoint')}; {threads} threads each; {counted}",
        from_outside=outside.model_dump(mode="json"),
        against_the_clock=[asdict(one) | {"apart": one.apart} for one in held],
    )
    results: list[BenchmarkResult] = []
    for number in (1, 2):
        with TerminalReporter(f"run {number}") as reporter:
            results.append(measure(settings, BenchRequest(model=options.model, quick=options.quick), reporter).result)
        doubts = "".join(f"\n- {warning}" for warning in results[-1].warnings)
        runs = [result.model_dump(mode="json") for result in results]
        tell(f"run {number}: {results[-1].seconds:.0f} s{doubts}", runs=runs)
    pairs = agreements(*results)
    agreed = [asdict(one) | {"apart": one.apart} for one in pairs]
    tell(agreement_table(pairs, "first", "second"), agreement=agreed)


if __name__ == "__main__":
    main()
