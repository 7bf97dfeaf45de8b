"""How the Python sides measure."""

import time

STRETCH = 50


def best(call, rows):
    """Of each stretch of rows the fastest of several passes, as the JavaScript side measures."""
    fastest = [float("inf")] * (len(rows) // STRETCH)
    for _ in range(5):
        for k in range(len(fastest)):
            start = time.perf_counter()
            for row in rows[k * STRETCH : (k + 1) * STRETCH]:
                call(row)
            fastest[k] = min(fastest[k], time.perf_counter() - start)
    return round(sum(fastest) / len(fastest) / STRETCH * 1e6, 3)


def batch(call):
    """Milliseconds, the fastest of several."""
    fastest = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        call()
        fastest = min(fastest, time.perf_counter() - start)
    return round(fastest * 1e3, 1)
