"""Token sources of every language, in one interleaved run: what a fresh token costs, how long a
herd of 1,000 callers waits on an empty source, whether a renewal in the background delays anybody,
and what a source takes of memory.

Each program measures itself and prints a number. The floor of the first table, an `ArcSwap`
behind a precise look at the clock, is that of `cargo bench --bench token`, which `make bench` runs
as well. Figures of different runs do not compare, ratios within one do.
"""

import statistics
import subprocess
import sys
import tempfile

from layers import NODE, PYTHON, RELEASE, ROOT, ROUNDS, environment, fault, start_emulator, table

RUST = [str(RELEASE / "examples" / "sources")]
C = [str(ROOT / "build" / "bench" / "c")]
PY = [PYTHON, str(ROOT / "py" / "bench" / "bench.py")]
JS = [NODE, str(ROOT / "node" / "bench" / "bench.mjs")]

CACHED = {
    "Rust": [*RUST, "cached", "2000000"],
    "C": [*C, "cached", "2000000"],
    "Python": [*PY, "cached", "500000"],
    "Python asyncio": [*PY, "--async", "cached", "200000"],
}
HERD = {
    "Rust": [*RUST, "herd"],
    "C": [*C, "herd"],
    "Python": [*PY, "herd"],
    "Python asyncio": [*PY, "--async", "herd"],
}
HERD_DELAY_MS, SLOW_MS = 50, 2000


def ask(command, env):
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def rounds(commands, env, *more):
    figures = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            figures[name].append(float(ask([*command, *more], env)))
    return {name: statistics.median(samples) for name, samples in figures.items()}


def cold(env):
    """The service takes `HERD_DELAY_MS` for an authentication by now."""
    with tempfile.TemporaryDirectory() as folder:
        shared = {**env, "FRONTEGG_TOKEN_STORE": f"file:{folder}/store"}
        ask([*RUST, "cold"], shared)
        samples = [
            [float(ask([*RUST, "cold"], which)) for which in (env, shared)]
            for _ in range(5 * ROUNDS)
        ]
    alone, warm = (statistics.median(column) for column in zip(*samples))
    print(
        f"\nThe first token of a process over TLS, a service that takes {HERD_DELAY_MS} ms: "
        f"{alone:.1f} ms; from a warm file store {warm:.2f} ms, × {warm / alone:.3f}"
    )


def main():
    emulator, ready = start_emulator()
    env = environment(ready)
    print("a fresh token", file=sys.stderr)
    one, eight = rounds(CACHED, env, "1"), rounds(CACHED, env, "8")
    table(
        "A fresh token",
        ["language", "ns a call", "× Rust", "8 threads on these cores, ns a call"],
        [
            [name, f"{ns:.1f}", f"{ns / one['Rust']:.2f}", f"{eight[name]:.1f}"]
            for name, ns in one.items()
        ],
    )
    print(f"\nNode, awaited:\n{ask([*JS, 'cached'], env)}")
    print(f"\nMemory of a source with its token, bytes: {ask([*RUST, 'memory'], env)}")
    fault(ready, {"on": "refresh", "times": 0, "action": {"delay": {"ms": SLOW_MS}}})
    slowest = ask([*RUST, "slowest"], env)
    print(f"\nSlowest call while a renewal takes {SLOW_MS} ms, µs: {slowest}")
    fault(ready, {"on": "authenticate", "times": 0, "action": {"delay": {"ms": HERD_DELAY_MS}}})
    print("herds", file=sys.stderr)
    herds = rounds(HERD, env)
    table(
        f"1,000 callers of an empty source, a service that takes {HERD_DELAY_MS} ms",
        ["language", "ms until all have the token"],
        [[name, f"{ms:.1f}"] for name, ms in herds.items()],
    )
    print(f"\nNode, {ask([*JS, 'herd'], env)}")
    cold(env)
    emulator.stdin.close()
    emulator.wait()


if __name__ == "__main__":
    main()
