"""What several of these tests need is made once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # torch is loaded by those alone who ask for the network
    from compose.models.mobile_sam_net import MobileSam


@pytest.fixture(scope="session")
def mobile_sam() -> MobileSam:
    """MobileSAM with random weights."""
    from .mobile_sam_files import random_mobile_sam

    return random_mobile_sam()


@pytest.fixture(scope="session")
def mobile_sam_path(mobile_sam: MobileSam, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its file, which is called as the published one is."""
    from .mobile_sam_files import save_mobile_sam

    return save_mobile_sam(mobile_sam, tmp_path_factory.mktemp("mobile") / "mobile_sam.pt")
