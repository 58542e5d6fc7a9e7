"""Moving in: the owner's account, the company, its brands and places, its taxes, and the first connection."""
