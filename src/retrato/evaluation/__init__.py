"""How good a restorer is, on faces whose truth is known."""
