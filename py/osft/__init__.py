"""osft: the mathematics of orthogonal fine-tuning (OFT) and orthogonal subspace fine-tuning (OSFT).

NumPy in, NumPy out. Weights are [out, in], a neuron is a row, everything is float64 unless told otherwise,
and a bad argument raises ValueError with a sentence. Import the part you need: osft.orthogonal, osft.energy,
osft.subspace, osft.parameters, osft.continual.
"""

__version__ = "1.0.0"
