"""Parts that every report is made of.

- ``content``, ``plots``: rows, chapters and plots as plain data; ``rows``, ``title_page``, ``method`` make them.
- ``method_wording``: the sentences that depend on the method used; ``wording``: those that no setting changes;
  ``glossary``: the terms and labels.
- ``canvas``, ``tippett``, ``svg``: how plots are drawn; ``render``: how a page and its PDF are made,
  ``docx`` how a Word document is; ``stored``: the outcome that a report is made of.
"""
