"""Capacity of manifolds: ellipsoids, mean-field theory and cutting planes."""
