-- A re-read that did not read everything queues the rest, and need not be repeated as a whole.

ALTER TABLE pulls ADD COLUMN left_queued boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN pulls.left_queued IS 'Of a re-read: what it did not read stands in reread_queue.';
