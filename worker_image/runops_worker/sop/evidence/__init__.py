"""What each step of a SOP rests on, and what of a SOP rests on nothing."""
