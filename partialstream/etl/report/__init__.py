"""What a run has done, for people and for programs.

summary.py   the summary of a run
progress.py  its progress, on a terminal and in a pipe
figures.py   numbers as text, and tables of them
"""
