"""The level-triggered loop: observe, plan, act."""
