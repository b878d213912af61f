"""Every prompt of the product, English and Chinese side by side; no prompt text stands anywhere else."""
