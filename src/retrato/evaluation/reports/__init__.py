"""What an evaluation has found, for programs (`record`), for pages (`markdown`) and for people who look (`page`)."""
