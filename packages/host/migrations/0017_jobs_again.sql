-- A job that is told to end no longer stands in the way of the same one queued anew.
DROP INDEX dw.jobs_underway;
CREATE UNIQUE INDEX jobs_underway ON dw.jobs (natural_key) WHERE state IN ('queued', 'running') AND NOT cancel_requested;

-- Starts that do not count against a job: its host ended, or the database was away. The attempt itself grows with each start,
-- so that no two attempts share a number.
ALTER TABLE dw.jobs ADD COLUMN forgiven integer NOT NULL DEFAULT 0;
