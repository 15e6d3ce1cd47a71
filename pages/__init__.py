"""The pages of the explorer: each draws what the store answers."""
