"""partialstream."""
