"""A request without a delta for a while is raced with the next one (`first_delta_within=`).

threads.py    the race of a sync call, a thread for each request
tasks.py      the race of an async call, a task for each request

The session says who may compete, and is told who won and who lost.
"""
