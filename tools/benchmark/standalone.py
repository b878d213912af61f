"""Measures this machine for domainsmith: what torch can do here, how fast a model answers and trains, its memory.

It needs torch and, on an accelerator, its vendor's extension (torch_npu for Ascend, torch_musa for Moore Threads);
nothing else and no network. The model has the shape of Llama and random weights of the size you choose.

    python bench.py                                  # the accelerator if there is one, 0.1B parameters
    python bench.py --params 7 --out ascend.json
    domainsmith bench --import ascend.json           # afterwards, where domainsmith is
"""

# ruff: noqa: PTH100, PTH105, UP017, UP022, PLW1510

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import datetime, timezone
from typing import Any, Callable  # noqa: UP035 - Python 3.8

from tools.benchmark.standalone_device import BACKENDS, Device, last_line, ran_out
from tools.benchmark.standalone_model import SHAPES, answer, build, kind_of, parameters
from tools.benchmark.standalone_training import train, words_of
from tools.benchmark.standalone_trying import ITEM_SECONDS, RATES, STEPS, child, not_native, outcome_of

NOISY, AGREEMENT = 0.10, 0.15
"""Variation of a fixed calculation, and spread of repeats, from which a warning is due."""
TEXT = {
    "no_memory": ("{0}: left out, memory ran out", "{0}：内存不足，略过"),
    "no_room": (
        "{0}: left out, it takes {1:.0f} GiB of memory and {2:.0f} are free",
        "{0}：需要 {1:.0f} GiB 内存，可用 {2:.0f} GiB，略过",
    ),
    "no_torch": ("bench: torch cannot be imported by this Python ({0})", "bench：此 Python 无法导入 torch（{0}）"),
    "no_file": ("bench: {0} cannot be written ({1})", "bench：无法写入 {0}（{1}）"),
    "ended": ("ended after {0} of {1} parts", "完成 {1} 项中的 {0} 项后中断"),
    "failed": ("{0}: left out ({1})", "{0}：略过（{1}）"),
    "spread": ("{0}: repeats differ by {1:.0%} of the median", "{0}：各次重复相差达中位数的 {1:.0%}"),
    "noisy": ("the machine is noisy: one fixed calculation varied by {0:.0%}", "机器不安静：同一固定计算波动 {0:.0%}"),
    "broken": ("{0} is installed and cannot be loaded: {1}", "已安装 {0} 但无法加载：{1}"),
    "unsaid": ("{0} does not tell what it is asked: {1}", "{0} 无法查询：{1}"),
    "hang": ("no end after {0} s", "{0} 秒后仍未结束"),
    "slower": (
        "runs at {0:.2g} times the speed of fp32, so nothing is gained by it",
        "速度只有 fp32 的 {0:.2g} 倍，用它没有好处",
    ),
    "not_native": (
        "not native by the vendor's own word; {0:.2g} times the speed of fp32",
        "厂商自称并非原生支持；速度为 fp32 的 {0:.2g} 倍",
    ),
    "not_native_unrated": ("not native by the vendor's own word", "厂商自称并非原生支持"),
    "cancelled": ("cancelled after {0} of {1} parts", "已取消，完成 {1} 项中的 {0} 项"),
    "left": ("about {0:.0f} s left", "约剩 {0:.0f} 秒"),
    "written": ("written; next: domainsmith bench --import {0}", "已写入；下一步：domainsmith bench --import {0}"),
}
"""What is said, in English and Chinese."""


class Bench:
    """One run: what was asked and what is known so far."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.device = Device(args.device)
        on_cpu = self.device.backend == "cpu"
        batches, lengths = ((1, 4), ((64, 32), (256, 32))) if on_cpu else ((1, 8, 32), ((512, 128), (2048, 128)))
        self.points = [(batch, *length) for length in lengths for batch in batches][: 1 if args.quick else None]
        self.training = (2, 128, 3) if on_cpu else (4, 512, 5)
        self.repeats = 2 if args.quick else 3 if on_cpu else 5
        self.began, self.at = time.monotonic(), datetime.now(timezone.utc).isoformat(timespec="seconds")
        self.done, self.total = 0, len(RATES) + len(STEPS) + len(self.points) + 2
        self.capabilities: dict[str, Any] = {}
        self.measurements: list[Any] = []
        self.steps: list[Any] = []
        self.warnings = [self.say("broken", *one) for one in self.device.broken.items()]
        self.samples: list[float] = []
        self.compute, self.model = args.dtype, f"random Llama {args.params}B"

    def say(self, key: str, *values: Any) -> str:
        """Return a sentence in the language asked for."""
        return TEXT[key][self.args.lang == "zh"].format(*values)

    def run(self) -> None:
        """Measure everything."""
        for name in RATES:
            self.part(name, lambda name=name: self.probe(name))  # type: ignore[misc]
        self.judge(self.device.bf16())
        if self.compute == "auto":
            tried = self.capabilities
            good = [one for one in ("bf16", "fp16") if tried.get("matmul_" + one, {}).get("outcome") == "supported"]
            self.compute = good[0] if good and self.device.backend != "cpu" else "fp32"
        for name in STEPS:
            self.part(name, lambda name=name: self.probe(name))  # type: ignore[misc]
        shape, kind = SHAPES[self.args.params], kind_of(self.device.torch, self.compute)
        built: list[Any] = []
        for point in self.points:
            named = "{} × {}/{}".format(*point)
            self.part(named, lambda point=point: self.answer(point, shape, kind, built))  # type: ignore[misc]
        built.clear()
        for method in ("lora", "full"):
            self.part(method, lambda method=method: self.train(method, shape, kind))  # type: ignore[misc]

    def judge(self, word: str) -> None:
        """Call emulated what is not native by the vendor's word about bf16, or wins nothing over fp32."""
        for name in ("matmul_fp16", "matmul_bf16"):
            found = self.capabilities.get(name, {})
            why = not_native(name, found, self.rate("matmul_fp32"), self.device.backend, word)
            if why is not None:
                found.update(outcome="emulated", message=self.say(*why))

    def part(self, name: str, work: Callable[[], Any]) -> None:
        """Do one part and tell how long the others will take; what it cannot do becomes a warning."""
        spent = time.monotonic() - self.began
        left = self.say("left", spent / self.done * (self.total - self.done)) if self.done else ""
        print(f"[{self.done + 1}/{self.total}] {name}  {left}", file=sys.stderr, flush=True)
        try:
            self.device.release()
            work()
        except Exception as error:  # whatever a vendor's torch raises is a finding; it must not take the others along
            key = "no_memory" if ran_out(error) else "failed"
            self.warnings.append(self.say(key, name, words_of(error, self.args.lang == "zh")))
        self.samples.append(_sample())
        self.done += 1
        self.write(self.say("ended", self.done, self.total))  # whatever ends it from now on, this much is kept

    def lacks_room(self, name: str, times: int, whole: bool = False) -> bool:
        """Return whether main memory holds no such model so many times over, in fp32 if whole; a warning says so.

        A processor's system promises any memory, and ends the process that comes to use it.
        """
        each = 4 if whole or self.compute == "fp32" else 2
        needed, free = times * each * parameters(SHAPES[self.args.params]) / 2**30, self.device.room_gib()
        lacking = free is not None and needed > free
        if lacking:
            self.warnings.append(self.say("no_room", name, needed, free))
        return lacking

    def write(self, stopped: str) -> str:
        """Write what is known so far, unless standard output is asked for; returns it."""
        text = json.dumps(self.result(stopped), ensure_ascii=False, indent=1)
        if self.args.out != "-":
            beside = self.args.out + ".part"
            with open(beside, "w", encoding="utf-8") as file:
                file.write(text + "\n")
            os.replace(beside, self.args.out)
        return text

    def probe(self, name: str) -> None:
        """Try one thing in a process of its own."""
        compute = "fp32" if self.compute == "auto" else self.compute
        isolated = ["-I"] if sys.flags.isolated else []
        command = [sys.executable, *isolated, os.path.abspath(__file__), "--child", name]
        command += ["--device", self.device.backend, "--dtype", compute, "--lang", self.args.lang]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=ITEM_SECONDS)
            told = outcome_of(done.returncode, done.stdout, done.stderr)
        except subprocess.TimeoutExpired:
            told = {"outcome": "not_tried", "message": self.say("hang", ITEM_SECONDS)}
        except OSError as error:  # no process could be started, or its output was no longer there
            told = {"outcome": "not_tried", "message": last_line(error)}
        self.capabilities[name] = told

    def train(self, method: str, shape: Any, kind: Any) -> None:
        """Measure steps with the model, unless a process of its own did not see one work: here it could end all."""
        tried = self.capabilities.get(method + "_step", {})
        if tried.get("outcome", "supported") != "supported":
            self.warnings.append(self.say("failed", method, tried.get("message") or tried["outcome"]))
            return
        full = method == "full"  # weights, gradients and two moments, which fp16 keeps in fp32
        if self.lacks_room(method, 4 if full else 1, full and self.compute == "fp16"):
            return
        found = train(self.device, shape, kind, method, *self.training)
        self.steps.append(dict(found, model=self.model, compute_type=self.compute))
        if found["spread"] is not None and found["spread"] > AGREEMENT:
            self.warnings.append(self.say("spread", method, found["spread"]))

    def answer(self, point: Any, shape: Any, kind: Any, built: list[Any]) -> None:
        """Measure one point with the model, which is built for the first."""
        if not built and self.lacks_room("{} × {}/{}".format(*point), 1):
            return
        if not built:
            built.append(build(self.device.torch, {"device": self.device.backend, "dtype": kind}, shape))
        batch, prompt, output = point
        found = answer(self.device, built[0], batch, prompt, output, self.repeats)
        found.update(model=self.model, compute_type=self.compute)
        limit = self.decode_limit(point, sum(one.numel() * one.element_size() for one in built[0].parameters()), shape)
        found["roofline_share"] = found["decode_tokens_per_s"] / limit if limit else None
        self.measurements.append((found, limit))
        if found["spread"] is not None and found["spread"] > AGREEMENT:
            self.warnings.append(self.say("spread", "{} × {}/{}".format(*point), found["spread"]))

    def rate(self, *names: str) -> float | None:
        """Return the highest figure that the probe reached."""
        found = [self.capabilities.get(name, {}).get("figure") for name in names]
        return max((one for one in found if one), default=None)

    def decode_limit(self, point: Any, weight_bytes: int, shape: Any) -> float | None:
        """Return batch · bandwidth / (weights + batch · context · cache of a token)."""
        bandwidth, (batch, prompt, output) = self.rate("memory_sum", "memory_copy"), point
        each = 4 if self.compute == "fp32" else 2
        looked_up = shape[5] * shape[1] * each  # of the input embedding one row is read
        cache = 2 * shape[0] * shape[3] * (shape[1] // shape[2]) * each
        read = weight_bytes - looked_up + batch * (prompt + output / 2) * cache
        return batch * bandwidth * 1e9 / read if bandwidth else None

    def result(self, stopped: str) -> dict[str, Any]:
        """Return everything in the shape that `domainsmith bench --import` reads."""
        device = self.device.machine()
        unsaid = [self.say("unsaid", *one) for one in self.device.unsaid.items()]
        bandwidth, tflops = self.rate("memory_sum", "memory_copy"), self.rate(f"matmul_{self.compute}")
        alone = [one for one in self.measurements if one[0]["batch"] == 1]
        best, limit = max(alone, key=lambda one: one[0]["decode_tokens_per_s"]) if alone else ({}, None)
        varied = statistics.stdev(self.samples) / statistics.mean(self.samples) if len(self.samples) > 1 else 0.0
        noisy = [self.say("noisy", varied)] if varied > NOISY else []
        layers, width, heads, kv_heads, hidden, _ = SHAPES[self.args.params]
        used = layers * width * (2 * width + 2 * kv_heads * (width // heads) + 3 * hidden)
        speeds = [2 * used * one["prefill_tokens_per_s"] / (tflops * 1e12) for one, _ in self.measurements if tflops]
        return {
            "format": "domainsmith-bench/1",
            "place": "script",
            "at": self.at,
            "device": device,
            "capabilities": self.capabilities,
            "measurements": [one for one, _ in self.measurements],
            "training": self.steps,
            "roofline": {
                "bandwidth_gb_s": bandwidth,
                "bandwidth_label": "measured" if bandwidth else None,
                "tflops": tflops,
                "tflops_label": "measured" if tflops else None,
                "compute_type": None if self.compute == "auto" else self.compute,
                "memory_bound_below_batch": tflops * 1e3 / bandwidth * (2 if self.compute == "fp32" else 1)
                if tflops and bandwidth
                else None,
                "decode_limit_tokens_per_s": limit,
                "decode_reached_tokens_per_s": best.get("decode_tokens_per_s"),
                "decode_share": best.get("roofline_share"),
                "prefill_share": max(speeds, default=None),
            },
            "complete": not stopped,
            "stopped": stopped,
            "warnings": noisy + self.warnings + unsaid,
            "seconds": time.monotonic() - self.began,
        }


def _sample() -> float:
    """Return the seconds of a fixed calculation of several turns of the scheduler."""
    start, total = time.perf_counter(), 1
    for number in range(400000):
        total = (total * 31 + number) % 1000003
    return time.perf_counter() - start


def main() -> int:
    """Measure, write the result, and return the exit code: 0, or 130 where somebody pressed Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", choices=("auto", *BACKENDS), help="what to measure (auto)")
    parser.add_argument("--params", default="0.1", choices=sorted(SHAPES, key=float), help="10^9 parameters (0.1)")
    parser.add_argument("--dtype", default="auto", choices=("auto", "fp32", "fp16", "bf16"), help="of the model (auto)")
    parser.add_argument("--quick", action="store_true", help="one point, fewer repeats")
    parser.add_argument("--seed", type=int, default=0, help="of weights and prompts (0)")
    parser.add_argument("--out", default="domainsmith-bench.json", help="file to write, - for standard output")
    parser.add_argument("--lang", default="en", choices=("en", "zh"), help="of what it says")
    parser.add_argument("--child", choices=(*RATES, *STEPS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child, args.device, args.dtype, args.lang)
        return 0
    chinese = args.lang == "zh"
    try:
        bench, stopped = Bench(args), ""
    except ImportError as error:
        raise SystemExit(TEXT["no_torch"][chinese].format(last_line(error))) from error
    bench.device.torch.manual_seed(args.seed)
    try:
        try:
            bench.run()
        except KeyboardInterrupt:
            stopped = bench.say("cancelled", bench.done, bench.total)
        text = bench.write(stopped)
    except OSError as error:
        raise SystemExit(bench.say("no_file", args.out, last_line(error))) from error
    if args.out == "-":
        print(text)
    else:
        print(bench.say("written", args.out), file=sys.stderr)
    return 130 if stopped else 0


if __name__ == "__main__":
    sys.exit(main())
