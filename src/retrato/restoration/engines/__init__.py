"""What computes a restorer: torch, or one of the engines that run exported files. One optional package a module."""
