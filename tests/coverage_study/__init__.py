"""Whether the intervals and verdicts of `qualify` keep their word, on simulated worlds of known truth.

`worlds` says what the worlds are, `questions` what is asked in them, `truth` what is true of them,
`one_data_set` holds what the public verbs say of one data set against it, `run` does so many times on every
core, `rates` and `report` put the counts into tables and `figures` into pictures. The folder is not called
"coverage", for numba imports a module of that name where there is one.
"""
