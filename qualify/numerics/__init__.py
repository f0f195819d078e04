"""The statistics on plain arrays: NumPy, SciPy and numba only, none of the words of the layers above."""
