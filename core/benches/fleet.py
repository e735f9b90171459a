"""Draws core/fleet.csv, which the simulation of a fleet writes, as core/fleet.svg, and writes it
as a table into README.md. `make fleet` runs both.
"""

import csv
import math
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOURS = 24
LIMIT, CAP = 100, 100

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 }
.small { font-size: 10px }
.grid { stroke: #888; stroke-opacity: 0.3; stroke-width: 1 }
.limit { stroke: #c33; stroke-width: 2; stroke-dasharray: 2 3 }
.over { fill: #c33 }
.none { stroke: #d2691e; fill: #d2691e }
.store { stroke: #1f77b4; fill: #1f77b4 }
polyline { fill: none !important; stroke-width: 2 }
.faults { stroke-dasharray: 6 4 }
@media (prefers-color-scheme: dark) { text { fill: #ccc } }
"""
SERIES = [
    ("none", "healthy", "without a store"),
    ("none", "faults", "without, with faults"),
    ("store", "healthy", "with a store"),
    ("store", "faults", "with a store and faults"),
]
WIDTH, HEIGHT, GAP = 330, 190, 70
LEFT, TOP = 60, 70
FEWEST, MOST = 10, 100_000


def read():
    with (ROOT / "core" / "fleet.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for name, text in row.items():
            if name not in ("shared", "day"):
                row[name] = float(text)
    return rows


def requests(row):
    names = ("authentications", "refreshes", "rejected_refreshes", "limited")
    return sum(row[name] for name in names)


PANELS = [
    ("Requests an hour", lambda row: requests(row) / HOURS, None),
    ("Requests a second, peak", lambda row: row["peak_requests_a_second"], (LIMIT, "limit")),
    ("Live refresh tokens, most", lambda row: row["most_live_refresh_tokens"], (CAP, "cap")),
    ("Store operations a second, mean", lambda row: row["store_operations"] / HOURS / 3600, None),
]


def power(exponent):
    for unit in ("", "k", "M"):
        if exponent < 3:
            return f"{10**exponent:g}{unit}"
        exponent -= 3
    raise ValueError(exponent)


def panel(at, rows, title, value, limit):
    left, top = LEFT + at % 2 * (WIDTH + GAP), TOP + at // 2 * (HEIGHT + GAP)
    values = [value(row) for row in rows if value(row) > 0]
    lowest = math.floor(math.log10(min(values)))
    highest = math.ceil(math.log10(max(values)))

    def place(holders, number):
        along = math.log10(holders / FEWEST) / math.log10(MOST / FEWEST)
        up = (math.log10(number) - lowest) / (highest - lowest)
        return left + along * WIDTH, top + HEIGHT - up * HEIGHT

    yield f'<text class="title" x="{left}" y="{top - 12}">{title}</text>'
    for exponent in range(lowest, highest + 1):
        _, y = place(FEWEST, 10**exponent)
        yield f'<path class="grid" d="M{left} {y:.1f}h{WIDTH}"/>'
        yield (
            f'<text class="small" x="{left - 6}" y="{y + 3:.1f}" text-anchor="end">'
            f"{power(exponent)}</text>"
        )
    for exponent in range(1, 6):
        x, _ = place(10**exponent, 10**lowest)
        yield (
            f'<text class="small" x="{x:.1f}" y="{top + HEIGHT + 15}" text-anchor="middle">'
            f"{power(exponent)}</text>"
        )
    if limit:
        _, y = place(FEWEST, limit[0])
        yield f'<path class="limit" d="M{left} {y:.1f}h{WIDTH}"/>'
        yield (f'<text class="small over" x="{left + WIDTH + 3}" y="{y + 3:.1f}">{limit[1]}</text>')
    for shared, day, _ in SERIES:
        points = [
            "{:.1f},{:.1f}".format(*place(row["holders"], value(row)))
            for row in rows
            if (row["shared"], row["day"]) == (shared, day) and value(row) > 0
        ]
        if points:
            yield f'<polyline class="{shared} {day}" points="{" ".join(points)}"/>'


def chart(rows):
    width, height = LEFT + 2 * (WIDTH + GAP), TOP + 2 * (HEIGHT + GAP)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">'
    )
    yield "<title>What a day of a fleet costs, by its number of processes</title>"
    yield f"<style>{STYLE}</style>"
    for at, (shared, day, name) in enumerate(SERIES):
        x = LEFT + at * 185
        yield f'<polyline class="{shared} {day}" points="{x},22 {x + 28},22"/>'
        yield f'<text x="{x + 34}" y="26">{name}</text>'
    for at, (title, value, limit) in enumerate(PANELS):
        yield from panel(at, rows, title, value, limit)
    x = LEFT + WIDTH + GAP / 2
    yield f'<text x="{x:g}" y="{height - 16}" text-anchor="middle">processes</text>'
    yield "</svg>\n"


def number(value):
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


HEADER = [
    "processes", "store", "day", "authentications an hour", "refreshes an hour",
    "rejected or limited an hour", "peak requests a second", "live refresh tokens, most",
    "store operations a second, mean, peak",
]  # fmt: skip


def table(rows):
    yield "| " + " | ".join(HEADER) + " |"
    yield "|--:|---|---|" + "--:|" * (len(HEADER) - 3)
    for row in rows:
        vain = row["rejected_refreshes"] + row["limited"]
        mean = row["store_operations"] / HOURS / 3600
        operations = f"{number(mean)}, {number(row['peak_store_operations_a_second'])}"
        cells = [
            number(row["holders"]),
            "yes" if row["shared"] == "store" else "no",
            row["day"],
            number(row["authentications"] / HOURS),
            number(row["refreshes"] / HOURS),
            number(vain / HOURS),
            number(row["peak_requests_a_second"]),
            number(row["most_live_refresh_tokens"]),
            operations if row["shared"] == "store" else "",
        ]
        yield "| " + " | ".join(cells) + " |"


def main():
    rows = read()
    (ROOT / "core" / "fleet.svg").write_text("\n".join(chart(rows)))
    readme = ROOT / "README.md"
    begin, end = "<!-- the table of `make fleet` -->\n\n", "\n\n<!-- its end -->"
    before, rest = readme.read_text().split(begin)
    _, after = rest.split(end)
    readme.write_text(before + begin + "\n".join(table(rows)) + end + after)


if __name__ == "__main__":
    main()
