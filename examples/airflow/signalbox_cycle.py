"""Triggers Signalbox's cycle of each USD/COP bar from Airflow, in the market's own zone.

A host runs its cycles by itself: this DAG is for installations whose schedules live in Airflow, or whose bars do. It is
idempotent: a bar that was decided upon answers `already_done`.

Settings, as environment variables of the worker:
  SIGNALBOX_URL      address of the Multi-Model API; http://127.0.0.1:8006 by default
  SIGNALBOX_API_KEY  key of role trader, where the host asks for one
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

MARKET = ZoneInfo("America/Bogota")
SLOT = timedelta(minutes=5)
SYMBOL = "USD/COP"


def bar_of(moment: datetime) -> datetime | None:
    """Open time (UTC) of the bar whose cycle is due at a moment, or None: 60 a session, 08:05 to 13:00, each five minutes after
    its bar opens. Holidays are the host's business."""
    local = moment.astimezone(MARKET)
    due = local.replace(minute=local.minute - local.minute % 5, second=0, microsecond=0)
    if due.isoweekday() > 5 or not (8, 5) <= (due.hour, due.minute) <= (13, 0):
        return None
    return (due - SLOT).astimezone(timezone.utc)


def run_cycle(bar_time: datetime, url: str | None = None, timeout: float = 120.0) -> dict:
    """Asks a host for the cycle of one bar. Raises with the host's own words when it cannot be done now."""
    url = url or os.environ.get("SIGNALBOX_URL", "http://127.0.0.1:8006")
    body = {"symbol": SYMBOL, "bar_time": bar_time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    headers = {"content-type": "application/json"}
    if key := os.environ.get("SIGNALBOX_API_KEY"):
        headers["authorization"] = f"Bearer {key}"
    request = urllib.request.Request(f"{url}/api/cycles", json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        said = json.load(refused)
        raise RuntimeError(f"{said['code']} ({refused.code}): {said['detail']}") from None


try:
    import pendulum
    from airflow.decorators import dag, task
    from airflow.exceptions import AirflowSkipException
    from airflow.timetables.trigger import CronTriggerTimetable
except ImportError:  # the functions above are of use without Airflow
    pass
else:

    @dag(
        dag_id="signalbox_cycle",
        # bar_of passes over what this fires before 08:05 and after 13:00
        schedule=CronTriggerTimetable("*/5 8-13 * * 1-5", timezone="America/Bogota"),
        start_date=pendulum.datetime(2026, 1, 1, tz="America/Bogota"),
        catchup=False,
        max_active_runs=1,
        default_args={"retries": 3, "retry_delay": timedelta(seconds=20)},
        tags=["signalbox"],
    )
    def signalbox_cycle():
        @task
        def cycle(data_interval_end=None):
            bar_time = bar_of(data_interval_end)
            if bar_time is None:
                raise AirflowSkipException("no cycle is due now")
            try:
                return run_cycle(bar_time)
            except RuntimeError as refused:
                # a holiday: no bar opens then
                if str(refused).startswith("PARAMETER_INVALID"):
                    raise AirflowSkipException(str(refused)) from None
                raise

        cycle()

    signalbox_cycle()
