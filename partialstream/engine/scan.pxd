# The types of `scan.py`, for when it is compiled.

cimport cython

cdef Py_ssize_t _WINDOW, _BATCH
cdef Py_UCS4 _ANY
cdef int _OUTSIDE, _FIRST, _NEXT, _SEPARATOR, _INSIDE, _STRING, _WORD, _ENDED


cdef class Scan:
    cdef public object _limits
    cdef public list _kept
    cdef bint _keeping
    cdef Py_ssize_t _size
    cdef Py_ssize_t _watched
    cdef object _numbers
    cdef object _count_allowed
    cdef Py_ssize_t _blanks_allowed
    cdef Py_ssize_t _size_allowed
    cdef public list pending
    cdef Py_UCS4 _needed
    cdef Py_UCS4 _closer
    cdef public list completed
    cdef public tuple list_path
    cdef public Py_ssize_t elements
    cdef public Py_ssize_t offset
    cdef Py_ssize_t _line
    cdef Py_ssize_t _line_start
    cdef Py_ssize_t _blanks
    cdef int _mode
    cdef public tuple start
    cdef Py_ssize_t _levels
    cdef bytearray _braces
    cdef bint _escaped
    cdef bint _left_string
    cdef Py_ssize_t _begin
    cdef list _parts
    cdef Py_ssize_t _held
    cdef bint _alone
    cdef bint _in_doubt
    cdef public bint closed
    cdef public str raw

    @cython.locals(piece=str, pending=list, needed=Py_UCS4)
    cpdef feed(self, text)
    @cython.locals(pending=list, piece=str, needed=Py_UCS4, most=Py_ssize_t)
    cpdef pull(self, chunks)
    @cython.locals(pending=list, size=Py_ssize_t)
    cdef _look(self)
    cpdef list take_completed(self)
    @cython.locals(pending=list, text=str, size=Py_ssize_t, pos=Py_ssize_t)
    cpdef flush(self)
    cdef _go_to(self, place)
    cpdef number(self, str text, tuple path)

    @cython.locals(size=Py_ssize_t, in_string=bint)
    cpdef Py_ssize_t read(self, str text, Py_ssize_t pos) except -1
    @cython.locals(char=Py_UCS4)
    cdef Py_ssize_t _between(self, str text, Py_ssize_t pos, Py_ssize_t size) except -1
    cdef void _open(self, Py_UCS4 opener, Py_ssize_t pos)
    cdef void _blank(self) except *
    @cython.locals(char=Py_UCS4)
    cdef Py_ssize_t _inside(self, str text, Py_ssize_t pos, Py_ssize_t size) except -1
    cdef Py_ssize_t _leap(self, str text, Py_ssize_t pos, Py_ssize_t size) except -1
    @cython.locals(braces=bytearray)
    cdef void _bracket(self, Py_UCS4 char) except *
    @cython.locals(start=Py_ssize_t, end=Py_ssize_t, back=Py_ssize_t, escaped=bint)
    cdef Py_ssize_t _string(self, str text, Py_ssize_t pos, Py_ssize_t size) except -1
    cdef Py_ssize_t _word(self, str text, Py_ssize_t pos, Py_ssize_t size) except -1
    @cython.locals(part=str)
    cdef void _hold(self, str text, Py_ssize_t size) except *
    @cython.locals(raw=str)
    cdef void _end(self, str text, Py_ssize_t pos) except *


cdef class ItemFeed:
    cdef Scan _scan
    cdef public bint _takes_text
