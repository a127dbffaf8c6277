"""What stands behind `olfnet.separate`: search for weights or multipliers, and exact proofs."""
