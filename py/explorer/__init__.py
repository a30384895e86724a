"""The explorer's pages: declared parameters and one function from parameters to outputs each."""
