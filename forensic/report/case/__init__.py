"""Every number and sentence of a case report, as plain data: no files, no plots, no markup.

What goes in, what comes out, and what is between:

- ``inputs``: the tables of a case and the method, as ``ReportInputs``.
- ``case_report``, ``plots``: the finished report, as ``CaseReport``; no text in it holds anything invisible,
  and no number is NaN.
- ``build``: ``build_report`` makes the one from the other, chapter by chapter.

What several chapters need:

- ``exhibits``: the numbers of files and known speakers (Q1, K1, S1).
- ``comparisons``: the comparisons, checked, with an LR or with the reason why there is none.
- ``evidence``: rows of the evidence tables.

One module per chapter, in the report's order: ``summary`` (with ``answers`` and ``chance``), ``results``,
``result_plots``, ``pages`` (with ``explanations`` and ``speech``), ``scale``, ``items``, ``failures``, ``quality``,
``calibrations``, ``processing``. ``figures`` draws the plots, ``render`` makes the page. What all reports share, their
sentences too, is in ``forensic.report.shared``.
"""
