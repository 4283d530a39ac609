"""Symbolic regression by sure independence screening and sparsifying operators (SISSO).

R. Ouyang et al. 2018, doi 10.1103/PhysRevMaterials.2.083802; T. A. R. Purcell et al. 2023, doi 10.1063/5.0156620.
"""
