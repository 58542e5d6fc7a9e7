"""The invariants, each as statements over whole tables: what is checked, and which rows break it."""
