"""The validation report: ``inputs`` go in, ``build`` states them as ``content``, ``figures`` draws its ``plots``."""
