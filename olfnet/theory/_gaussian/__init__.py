"""Gaussian tails, means, quadrature and Hermite series that several subjects share."""
