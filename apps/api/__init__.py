"""REST: the door for programs. Each resource is one file; reads are queries, writes go through the same stories as the screens."""
