"""Checks types and shapes while tests run: named in pyproject.toml, for jaxtyping's import hook."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""A whole number passes as a float, as PEP 484 has it."""
