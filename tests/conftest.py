"""Hypothesis profiles: `ci` is the default and repeatable, `dev` looks for new examples."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Loading a module for the first time may make one example slow; that says nothing of the code.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "dev", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
