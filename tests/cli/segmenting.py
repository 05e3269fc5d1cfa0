"""`compose` with engines that know drawn scenes; for subprocesses.

COMPOSE_TEST_PAUSE is how long, in seconds, every look at a picture takes, so that a signal finds
the command at work.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))
    from segment_scenes import BLUE, GOLD, RED, ByColour, Plain

    from compose.cli.main import main
    from compose.models import inpainters, segmenters

    pause = float(os.environ.pop("COMPOSE_TEST_PAUSE", "0"))

    class Slow(ByColour):
        def segment(self, rgb: Any) -> Any:
            print("look", file=sys.stderr, flush=True)
            time.sleep(pause)
            return super().segment(rgb)

    finder: Any = Slow((RED, BLUE, GOLD))
    filler: Any = Plain()
    segmenters.open_segmenter = lambda *given, **named: finder
    inpainters.open_inpainter = lambda *given, **named: filler
    main()
