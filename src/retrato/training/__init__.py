"""The training flow: tasks, players, the loop, run folders and recipes."""
