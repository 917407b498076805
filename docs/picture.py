"""Draws docs/images/scorecard.svg: `python -m docs.picture SERVICE`, from a real live check of a service."""

import io
import sys
from pathlib import Path

from rich.console import Console

from idp.output.views.check import view
from idp.standards.check import check

IMAGE = Path(__file__).resolve().parent / "images/scorecard.svg"
# Rich's own format loads a font from elsewhere; a reader's monospace font does as well.
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; white-space: pre; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
<rect fill="#292929" width="{width}" height="{height}" rx="8"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def main() -> None:
    scorecard = check(Path(sys.argv[1]), live=True)
    console = Console(record=True, width=104, force_terminal=True, file=io.StringIO())
    for part in view(scorecard):
        console.print(part)
    IMAGE.parent.mkdir(exist_ok=True)
    console.save_svg(str(IMAGE), title="idp check --live", code_format=_FORMAT, unique_id="scorecard")


if __name__ == "__main__":
    main()
