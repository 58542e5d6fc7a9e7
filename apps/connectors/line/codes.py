"""LINE's limits, and the words by which a month that is used up is told from a moment that is too busy."""

# Characters of a text message, counted as UTF-16 does.
MOST = 5000
# In the message of a 429: waiting a moment does not help.
USED_UP = "monthly limit"
