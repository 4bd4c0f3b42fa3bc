"""A publisher's parameter names, and ours."""
