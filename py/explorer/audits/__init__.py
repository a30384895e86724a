"""Independent recomputations of the pages, one module a page; called by `Page.audit`.

Each takes the parameters and the outputs on the screen, goes another way than `osft` does (SciPy,
or a plain loop), and gives the largest difference for each output. SciPy is imported only here.
"""
