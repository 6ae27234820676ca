"""How good transcripts and SOPs are: recordings whose true events and SOP are known, and scores against them."""
