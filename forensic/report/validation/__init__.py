"""The validation report: ``build`` states an outcome as ``content``, ``figures`` draws its ``plots``."""
