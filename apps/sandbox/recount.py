"""What may be promised and which orders wait: from file, supply list and dispatch log alone, nothing of ours."""
