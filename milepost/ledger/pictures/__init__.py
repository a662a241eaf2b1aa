"""Jobs and money as pictures, and a page of them."""
