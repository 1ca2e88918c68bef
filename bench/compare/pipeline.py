"""libpq in pipeline mode, by ctypes: many statements a round trip, results in either format. What the client costs does not matter here: what is
measured is the server's process."""

import ctypes
import ctypes.util
import random
import struct
import time

from places import Trouble
from processes import cpu_seconds

A_TURN = 32  # statements between two Syncs
TUPLES_OK, PIPELINE_SYNC = 2, 10  # ExecStatusType of libpq 15
INT8 = 20  # pg_type.oid
INT8_ARRAY = 1016


def _libpq():
    pq = ctypes.CDLL(ctypes.util.find_library("pq"))
    for name, result in (("PQconnectdb", ctypes.c_void_p), ("PQprepare", ctypes.c_void_p), ("PQexec", ctypes.c_void_p), ("PQgetResult", ctypes.c_void_p),
                         ("PQerrorMessage", ctypes.c_char_p), ("PQresultErrorMessage", ctypes.c_char_p)):
        getattr(pq, name).restype = result
    return pq


def int8(value):
    return struct.pack(">q", value)


def int8_array(values):
    return struct.pack(">iiIii", 1, 0, INT8, len(values), 1) + b"".join(struct.pack(">iq", 8, v) for v in values)


class Connection:
    def __init__(self, conninfo):
        self.pq = _libpq()
        self.handle = ctypes.c_void_p(self.pq.PQconnectdb(conninfo.encode()))
        if self.pq.PQstatus(self.handle) != 0:
            raise Trouble(f"PostgreSQL: {self.pq.PQerrorMessage(self.handle).decode()}")

    def run(self, sql):
        self._settle(self.pq.PQexec(self.handle, sql.encode()))

    def _settle(self, result):
        result = ctypes.c_void_p(result)
        status = self.pq.PQresultStatus(result)
        words = self.pq.PQresultErrorMessage(result).decode()
        self.pq.PQclear(result)
        if status not in (1, TUPLES_OK):
            raise Trouble(f"PostgreSQL: {words}")

    def prepare(self, sql):
        self._settle(self.pq.PQprepare(self.handle, b"measured", sql.encode(), 0, None))

    def turns(self, arguments, binary, seconds):
        """Runs the prepared statement again and again, a turn at a time. `arguments`: called for each, returns a list of byte strings. How many ran."""
        pq, count = self.pq, 0
        pq.PQenterPipelineMode(self.handle)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for _ in range(A_TURN):
                values = arguments()
                n = len(values)
                pq.PQsendQueryPrepared(self.handle, b"measured", n, (ctypes.c_char_p * n)(*values), (ctypes.c_int * n)(*map(len, values)),
                                       (ctypes.c_int * n)(*[1] * n), int(binary))
            pq.PQpipelineSync(self.handle)
            while True:
                result = pq.PQgetResult(self.handle)
                if not result:
                    continue  # between two statements
                status = pq.PQresultStatus(ctypes.c_void_p(result))
                words = pq.PQresultErrorMessage(ctypes.c_void_p(result)).decode()
                pq.PQclear(ctypes.c_void_p(result))
                if status == PIPELINE_SYNC:
                    break
                if status != TUPLES_OK:
                    raise Trouble(f"PostgreSQL: {words}")
                count += 1
        pq.PQexitPipelineMode(self.handle)
        return count

    def close(self):
        self.pq.PQfinish(self.handle)


def cost_of(server, database, sql, path, last, together, binary, seconds):
    """CPU that one read costs the server, in µs: ids drawn uniformly from 1 to `last`; `together` of them in one statement as an array (0: one id)."""
    connection = Connection(server.conninfo(database))
    try:
        connection.run(f"set search_path = {path}; set plan_cache_mode = force_generic_plan")
        connection.prepare(sql)
        draw = random.Random(4711)
        if together:
            arguments = lambda: [int8_array([draw.randint(1, last) for _ in range(together)])]
        else:
            arguments = lambda: [int8(draw.randint(1, last))]
        connection.turns(arguments, binary, seconds / 4)
        before = cpu_seconds([server.process])
        count = connection.turns(arguments, binary, seconds)
        return (cpu_seconds([server.process]) - before) * 1e6 / (count * max(1, together))
    finally:
        connection.close()
