"""The space of Zoph & Le (2017): a chain of convolutions with skip connections."""
