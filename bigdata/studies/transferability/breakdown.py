import numpy as np
def by_element(wrong, fractions):
    known=np.isfinite(wrong); has=(fractions>0)&known[:,None]
    n=has.sum(0)
    with np.errstate(invalid='ignore'): return np.where(n>0,(np.where(known,np.abs(wrong),0)@has)/np.maximum(n,1),np.nan)
