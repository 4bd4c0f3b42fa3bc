"""The min-max game of Goodfellow et al. (2014), small enough to watch: forger and police on points, not pictures."""
