"""Draws CPU time per request as a dot plot on a logarithmic axis: one block per workload, one line per server."""

import math
from xml.sax.saxutils import escape

CONNECTIONS = 16
COLOURS = {
    "sluice": "#0b6e4f",
    "nginx": "#7d8590",
    "bare NIO": "#7d8590",
    "Triton": "#c2571a",
    "MLServer": "#6f42c1",
    "KServe": "#1f6feb",
}
LEFT, RIGHT, TOP, LINE, GAP, WIDTH = 190, 90, 62, 20, 34, 860


def blocks(document):
    """Workloads that the gateway shares with another server, at the middle number of connections."""
    found = {}
    for row in document["rows"]:
        if row["server"] in COLOURS and row["cpu"] > 0:
            found.setdefault((row["case"], row["connections"]), []).append(row)
    chosen = {}
    for (case, connections), rows in found.items():
        if len(rows) > 1 and (case not in chosen or connections == CONNECTIONS):
            chosen[case] = sorted(rows, key=lambda row: row["cpu"])
    return chosen


def label(value):
    if value >= 1e6:
        return f"{value / 1e6:,.1f} s"
    if value >= 1000:
        return f"{value / 1000:,.1f} ms"
    return f"{value:,.0f} µs" if value >= 100 else f"{value:,.1f} µs"


def text(x, y, content, size=12, anchor="start", weight="normal", colour="#1f2328"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{colour}">{escape(content)}</text>'
    )


def draw(document):
    """The picture, or `None` where there is nothing to compare."""
    chosen = blocks(document)
    if not chosen:
        return None
    values = [row["cpu"] for rows in chosen.values() for row in rows]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)

    def place(value):
        return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    height = TOP + sum(GAP + LINE * len(rows) for rows in chosen.values()) + 24
    bottom = height - 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" role="img" aria-label="CPU time per request, by workload and server">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        text(20, 26, "CPU time of the server per request (logarithmic; less is better)", 15, weight="bold"),
    ]
    for power in range(low, high + 1):
        x = place(10**power)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}" stroke="#d0d7de"/>')
        parts.append(text(x, TOP - 12, label(10**power).replace(".0", ""), 11, "middle", colour="#59636e"))
    y = TOP
    for case, rows in chosen.items():
        title = f"{case}, {rows[0]['connections']} connections"
        y += GAP - 14
        parts.append(text(20, y, title, 12, weight="bold"))
        y += 14
        for row in rows:
            x, colour = place(row["cpu"]), COLOURS[row["server"]]
            ours = row["server"] == "sluice"
            weight = "bold" if ours else "normal"
            parts.append(text(LEFT - 14, y + 4, row["server"], 12, "end", weight, colour))
            parts.append(f'<line x1="{LEFT}" x2="{x:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-opacity="0.35"/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="{6 if ours else 4.5}" fill="{colour}"/>')
            parts.append(text(x + 11, y + 4, label(row["cpu"]), 11, weight=weight))
            y += LINE
    about = document["machine"]
    parts.append(
        text(20, height - 10, f"{about['date']}, {about['processors']} × {about['processor']}", 10, colour="#59636e")
    )
    return "\n".join([*parts, "</svg>", ""])
