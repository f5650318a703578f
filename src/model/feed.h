/*
 * Ticks as text, one thing a line, so that a recorded or scripted feed enters the store by the same door as a live one:
 *
 *   tach-feed 1
 *   metric NAME KIND UNIT [LABEL]           a row; KIND counter|gauge|histogram, UNIT count|bytes|seconds|ratio
 *   fact NAME TEXT                          pid name cmdline cgroup host processes threads started exit ended
 *   column TABLE NAME KIND UNIT LABEL       KIND text|gauge|counter
 *   tick SECONDS [WALL_SECONDS]             begins a tick at that time since the feed's start;
 *                                           without a wall time it goes on from the last one
 *   v NAME NUMBER [COVERAGE]                a value of this tick: total or level; coverage below 1: scaled
 *   x NAME STATE WHY...                     denied|absent|gap|partial with its sentence (partial: NUMBER for WHY)
 *   h NAME SUM MAX BIN:COUNT...             totals of a histogram
 *   row TABLE KEY CELL...                   cells in column order; text with blanks stands in "quotes", - is unknown
 *   note TABLE counted|sampled [TEXT]       this tick has that table, if only without rows, and how it was obtained;
 *                                           sampled: its numbers are estimates
 *   status STATE NAME|WHY|FIX               on|partial|denied|absent|off
 *   end                                     seals the tick
 *
 * Everything in it is hostile: a bad line is an error with its number, never a crash, and bounds hold.
 */
#ifndef TACH_MODEL_FEED_H
#define TACH_MODEL_FEED_H

#include "base/err.h"
#include "model/sample.h"

struct feed;

struct feed *feed_new(void);
void feed_free(struct feed *f); /* after every sample that it made */

/* Takes one line without its newline. Returns 1 and the sealed sample in *out at `end`, 0 for any other good line, -1
 * with "line N: ..." for a bad one. */
int feed_line(struct feed *f, char *line, struct sample **out, struct err *e);

#endif
