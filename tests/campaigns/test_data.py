"""The campaign against extractions and mixes, in small."""

from __future__ import annotations

import pytest

from tests.campaigns.data import campaign


@pytest.mark.slow
def test_killed_extractions_and_mixes_end_as_undisturbed_ones() -> None:
    done, faults = campaign(4, 7)
    assert faults == []
    assert done >= 4
