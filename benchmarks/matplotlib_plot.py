"""Draws what it is told on standard input into the PNG that it is told: `plot` runs it where matplotlib is."""

import json
import sys

from matplotlib.figure import Figure


def main() -> None:
    """Draw over logarithmic axes, where what grows in proportion is a straight line."""
    told = json.load(sys.stdin)
    rows, curves = told["rows"], told["curves"]
    figure = Figure(figsize=(6, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    for curve in curves:
        axes.plot(rows, curve["values"], marker="o", label=curve["name"])
    last = curves[0]["values"][-1]
    axes.plot(rows, [last * count / rows[-1] for count in rows], ":", color="grey", label="in proportion")
    axes.set(xscale="log", yscale="log", xlabel="rows", ylabel=told["unit"])
    axes.set_title(told["title"], fontsize=10)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    # Not even the version of what drew it: the same points give the same file.
    figure.savefig(sys.argv[1], metadata={"Software": None})


if __name__ == "__main__":
    main()
