-- How the feed of each series is doing: when it was asked and answered last, and what went wrong since.
CREATE TABLE dw.feed_state (
  -- A symbol, or the name of a macro series.
  series       text PRIMARY KEY,
  feed         text NOT NULL,
  asked_at     timestamptz NOT NULL,
  answered_at  timestamptz,
  -- Null when the last question was answered.
  error_code   text,
  error_detail text,
  recorded_at  timestamptz NOT NULL DEFAULT now()
);
