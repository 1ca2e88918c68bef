"""Small line charts as SVG, for docs/performance.md: light and dark pages show them alike."""

import html
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 300, 66, 16, 46, 44
COLOURS = ["#2f6fde", "#e07b1a", "#13936a", "#d6336c"]


def short(value):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def ticks(high, count=4):
    step = 10 ** math.floor(math.log10(high / count)) if high > 0 else 1
    step *= next((m for m in (1, 2, 5, 10) if high / (step * m) <= count + 1), 10)
    return [step * i for i in range(int(high / step) + 1)]


def chart(title, x_label, y_label, lines, log_x=True):
    """`lines`: {name: [(x, y)]}. The y axis begins at zero, so that a curve that looks flat is flat."""
    points = [p for line in lines.values() for p in line]
    high = max(y for _, y in points) * 1.08 or 1
    place = (lambda v: math.log10(v)) if log_x else (lambda v: v)
    low_x, high_x = place(min(x for x, _ in points)), place(max(x for x, _ in points))
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x, y):
        along = (place(x) - low_x) / (high_x - low_x) if high_x > low_x else 0.5
        return round(LEFT + along * wide, 1), round(TOP + tall - y / high * tall, 1)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img">',
           f"<title>{html.escape(title)}</title>", f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#fff"/>',
           f'<text x="{LEFT}" y="22" font-size="14" font-weight="600" fill="#1d2330">{html.escape(title)}</text>']
    for y in ticks(high):
        _, py = at(points[0][0], y)
        out.append(f'<path d="M{LEFT} {py}H{WIDTH - RIGHT}" stroke="#e4e7ec"/><text x="{LEFT - 8}" y="{py + 4}" text-anchor="end" fill="#667085">{short(y)}</text>')
    for x in sorted({x for x, _ in points}):
        px, _ = at(x, 0)
        out.append(f'<text x="{px}" y="{TOP + tall + 18}" text-anchor="middle" fill="#667085">{short(x)}</text>')
    out.append(f'<text x="{LEFT + wide / 2}" y="{HEIGHT - 8}" text-anchor="middle" fill="#667085">{html.escape(x_label)}</text>')
    out.append(f'<text x="{LEFT - 58}" y="{TOP - 8}" fill="#667085">{html.escape(y_label)}</text>')
    for i, (name, line) in enumerate(lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        places = [at(x, y) for x, y in sorted(line)]
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x},{y}" for x, y in places)}"/>')
        out += [f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in places]
        if len(lines) > 1:
            out.append(f'<text x="{WIDTH - RIGHT}" y="{22 + 15 * i}" text-anchor="end" fill="{colour}">{html.escape(name)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"
