"""Each layer against the floor, as whole processes in one interleaved run.

Every program is called as `program CALLS [CALLERS]` and makes so many authentications over
TLS against a release build of the emulator. What a call costs is the difference between a
long run and a short one, so start-up does not count; CPU time is the kernel's account of the
process. Figures of different runs do not compare, ratios within one do.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target" / "release"
PYTHON = os.environ.get("BENCH_PYTHON", sys.executable)
NODE = shutil.which("node")

LAYERS = {
    "rustls, a bare loop": [str(RELEASE / "examples" / "layers"), "rustls"],
    "ureq": [str(RELEASE / "examples" / "layers"), "ureq"],
    "Rust": [str(RELEASE / "examples" / "layers"), "core"],
    "C": [str(ROOT / "build" / "bench" / "c")],
    "Python": [PYTHON, str(ROOT / "py" / "bench" / "bench.py")],
    "Python asyncio": [PYTHON, str(ROOT / "py" / "bench" / "bench.py"), "--async"],
    "Node": [NODE, str(ROOT / "node" / "bench" / "bench.mjs")],
}
BARE_PROCESS = {
    "Python": [PYTHON, "-c", "pass"],
    "Python asyncio": [PYTHON, "-c", "pass"],
    "Node": [NODE, "-e", "0"],
}
FLOOR = "rustls, a bare loop"
SHORT, LONG = 200, 4200
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
CALLERS, DELAY_MS, DELAYED_CALLS = 64, 20, 2560


def environment(ready):
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    token = ready["api_tokens"][0]
    return clean | {
        "PYTHONPATH": str(ROOT / "build" / "bench" / "python"),
        "FRONTEGG_BASE_URL": ready["base_url"],
        "FRONTEGG_CA_FILE": ready["ca_file"],
        "FRONTEGG_CLIENT_ID": token["client_id"],
        "FRONTEGG_SECRET": token["secret"],
    }


def run(command, env, pin):
    """Wall and CPU seconds of one process."""
    prefix = ["taskset", "-c", "0"] if pin and shutil.which("taskset") else []
    start = time.perf_counter()
    process = subprocess.Popen([*prefix, *command], env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} failed")
    return wall, usage.ru_utime + usage.ru_stime


def per_call(command, env):
    short, long = (run([*command, str(calls)], env, pin=True) for calls in (SHORT, LONG))
    return [(b - a) / (LONG - SHORT) * 1e6 for a, b in zip(short, long)]


def fault(ready, body):
    url = ready["control"] + "/_emulator/faults"
    headers = {"content-type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).close()


def start_emulator(*options):
    command = [str(RELEASE / "frontegg-emulator"), "--algorithm", "HS256", "--exit-with-stdin"]
    process = subprocess.Popen(
        [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, json.loads(process.stdout.readline())


def table(title, columns, rows):
    print(f"\n{title}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def main():
    emulator, ready = start_emulator()
    env = environment(ready)
    if shutil.which("taskset"):
        subprocess.run(["taskset", "-apc", "0", str(emulator.pid)], stdout=subprocess.DEVNULL)
    calls = {name: [] for name in LAYERS}
    cold = {name: [] for name in LAYERS}
    bare = {name: [] for name in BARE_PROCESS}
    for round_number in range(ROUNDS):
        print(f"round {round_number + 1} of {ROUNDS}", file=sys.stderr)
        for name, command in LAYERS.items():
            calls[name].append(per_call(command, env))
            cold[name].append(run([*command, "1"], env, pin=False)[0] * 1e3)
            if name in BARE_PROCESS:
                bare[name].append(run(BARE_PROCESS[name], env, pin=False)[0] * 1e3)
    emulator.stdin.close()
    emulator.wait()

    emulator, ready = start_emulator("--workers", "2")
    fault(ready, {"on": "any", "times": 0, "action": {"delay": {"ms": DELAY_MS}}})
    env = environment(ready)
    delayed = {}
    for name, command in LAYERS.items():
        if name not in ("rustls, a bare loop", "ureq"):
            few, many = CALLERS * 2, DELAYED_CALLS
            walls = [
                run([*command, str(many), str(CALLERS)], env, pin=False)[0]
                - run([*command, str(few), str(CALLERS)], env, pin=False)[0]
                for _ in range(ROUNDS)
            ]
            delayed[name] = (many - few) / statistics.median(walls)
    emulator.stdin.close()
    emulator.wait()

    medians = {
        name: [statistics.median(column) for column in zip(*samples)]
        for name, samples in calls.items()
    }
    floor_wall, floor_cpu = medians[FLOOR]
    table(
        "One warm authentication over TLS, on one core with the emulator",
        ["layer", "µs a call", "× floor", "CPU µs a call", "× floor"],
        [
            [name, f"{wall:.1f}", f"{wall / floor_wall:.2f}", f"{cpu:.1f}", f"{cpu / floor_cpu:.2f}"]
            for name, (wall, cpu) in medians.items()
        ],
    )
    rows = []
    for name, samples in cold.items():
        total = statistics.median(samples)
        start = statistics.median(bare[name]) if name in bare else 0.0
        rows.append([name, f"{total:.1f}", f"{start:.1f}", f"{total - start:.1f}"])
    table(
        "A process that starts, makes one authentication over TLS, and exits (one CA given)",
        ["layer", "ms", "bare interpreter, ms", "difference, ms"],
        rows,
    )
    ideal = CALLERS * 1000 / DELAY_MS
    table(
        f"{CALLERS} callers, a service that takes {DELAY_MS} ms",
        ["layer", "calls a second", "of the ideal"],
        [[name, f"{rate:.0f}", f"{rate / ideal:.2f}"] for name, rate in delayed.items()],
    )


if __name__ == "__main__":
    main()
