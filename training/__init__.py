"""How the shipped language model is made: data, model, model card. Run from a checkout; never installed."""
