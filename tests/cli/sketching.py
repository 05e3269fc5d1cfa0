"""`compose` with networks so small that sketches take a moment; for subprocesses.

COMPOSE_TEST_KEEP is how often the state is kept, in seconds; COMPOSE_TEST_PAUSE how long a step
waits, so that a signal finds it at work.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))
    import torch
    from sketch_scenes import Blur, Right

    from compose.cli.main import main
    from compose.models import encoders, saliency
    from compose.stages import sketch, sketch_fit

    torch.set_num_threads(1)
    fake: Any = Blur()
    finder: Any = Right()
    encoders.open_encoders = lambda *given: fake
    saliency.open_saliency = lambda *given: finder
    sketch.KEEP_EVERY = float(os.environ.pop("COMPOSE_TEST_KEEP", "20"))
    pause = float(os.environ.pop("COMPOSE_TEST_PAUSE", "0"))
    step = sketch_fit.SketchFit.step

    def slow(fit: sketch_fit.SketchFit) -> float:
        print("step", file=sys.stderr, flush=True)
        time.sleep(pause)
        return step(fit)

    if pause:
        sketch_fit.SketchFit.step = slow  # type: ignore[method-assign]
    main()
