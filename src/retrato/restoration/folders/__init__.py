"""Many photos at once: found, restored several at a time, remembered, shown."""
