"""Reads a screen as tmux captures it (text with colours, `tmux capture-pane -p -e`), and writes it as SVG."""

import re
import sys
from html import escape

WIDTH, HEIGHT, LEFT, TOP = 8.4, 19, 18, 52
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "36": "#76e3ea"}
TEXT, GROUND = "#d6dde6", "#14181f"


def runs(line):
    """Text and style of the pieces of a line; a style is a colour and whether it is bold."""
    colour, bold = TEXT, False
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if not piece.startswith("\x1b"):
            if piece:
                yield piece, colour, bold
            continue
        for code in piece[2:-1].split(";"):
            if code in ("", "0"):
                colour, bold = TEXT, False
            elif code == "1":
                bold = True
            elif code == "39":
                colour = TEXT
            else:
                colour = COLOURS.get(code, colour)


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    while lines and not re.sub(r"\x1b\[[0-9;]*m", "", lines[-1]).strip():
        lines.pop()
    width = LEFT * 2 + 116 * WIDTH
    height = TOP + len(lines) * HEIGHT + 12
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img"')
    print('  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">')
    print(f'<rect width="100%" height="100%" rx="10" fill="{GROUND}"/>')
    for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        print(f'<circle cx="{22 + place * 20}" cy="22" r="6" fill="{colour}"/>')
    for number, line in enumerate(lines):
        column, y = 0, TOP + number * HEIGHT
        for text, colour, bold in runs(line):
            x, length = LEFT + column * WIDTH, len(text) * WIDTH
            column += len(text)
            if not text.strip():
                continue
            weight = ' font-weight="bold"' if bold else ""
            # Every piece has its width said, so that columns stand in line in whatever font there is.
            print(
                f'<text x="{x:.1f}" y="{y}" fill="{colour}"{weight} textLength="{length:.1f}"'
                f' xml:space="preserve">{escape(text)}</text>'
            )
    print("</svg>")


if __name__ == "__main__":
    main()
