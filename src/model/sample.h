/*
 * One tick: the points, histograms and tables of every open source, sealed with one monotonic time stamp. The sealed
 * sample is the only thing that crosses a thread, a pipe or a file; it carries everything that the store needs, also
 * the rows of metrics that appeared since the last one. A sample owns all its memory.
 */
#ifndef TACH_MODEL_SAMPLE_H
#define TACH_MODEL_SAMPLE_H

#include "base/clock.h"
#include "model/hist.h"
#include "model/metric.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Zero never stands for unknown; ui/value.c has the mark of each on screen. */
enum point_state {
	POINT_GAP,     /* "-": nothing to say for this interval (no event, first tick, division by zero) */
	POINT_OK,
	POINT_SCALED,  /* "~": estimated; coverage says from which share of the interval */
	POINT_PARTIAL, /* ">": a lower bound, something was lost */
	POINT_DENIED,  /* possible with a privilege; why says which */
	POINT_ABSENT,  /* impossible on this machine, kernel or build; why says so */
	POINT_STATES
};

struct point {
	double value;      /* a total for counters, a level for gauges; NaN unless the state has a number */
	float coverage;    /* share of the interval that was measured, 0..1; 1 unless scaled */
	enum point_state state;
	const char *why;   /* one sentence when denied or absent, else NULL; owned by the sample or the store */
};

static inline bool point_has_value(struct point p)
{
	return p.state == POINT_OK || p.state == POINT_SCALED || p.state == POINT_PARTIAL;
}

struct point point_of(double value);                                    /* POINT_OK */
struct point point_missing(enum point_state state, const char *why);    /* NaN; why is borrowed */

/* A table is a set of rows with an identity (threads, later locks and sockets). Sources fill totals; the store turns
 * COLUMN_COUNTER cells into rates per second by the row's key. */
enum column_kind { COLUMN_TEXT, COLUMN_GAUGE, COLUMN_COUNTER };

struct column {
	const char *name;  /* "user_seconds": JSON says this */
	const char *label; /* "usr": the screen says this */
	enum column_kind kind;
	enum metric_unit unit;
	const char *help;  /* what it means; NULL: whoever made it does not say */
};

struct table_def {
	const char *name; /* "threads" */
	const struct column *columns;
	size_t ncolumns;
	const char *help;    /* NULL: as above */
};

union cell {
	double number;    /* NaN: unknown */
	const char *text; /* owned by the sample that holds the table */
};

struct table {
	const struct table_def *def; /* borrowed: static, or owned by the feed that outlives its samples */
	size_t nrows, capacity;
	size_t left_out;   /* rows that exist but were not read, so that a table can say "and 4,500 more" */
	bool sampled;      /* its numbers are estimates, shown with "~"; of threads: those that proc does not read */
	const char *note;  /* how it was obtained, a short phrase for the rule line: "sampled 50 Hz, no BPF: CAP_BPF missing";
	                    * "" when there is nothing to say; owned by the sample */
	uint64_t *keys;    /* identity of each row, never used again for another (tid and start time) */
	union cell *cells; /* row-major, def->ncolumns a row */
};

enum target_state { TARGET_RUNNING, TARGET_ENDED };

/* What the header says of the target; text is clean (str_clean) when it gets here. */
struct target_facts {
	pid_t pid;             /* of the first process; 0 for a cgroup */
	unsigned processes, threads;
	enum target_state state;
	int exit_status;       /* as a shell has it (128 + n by signal); -1 when it cannot be known */
	nsec_t started_wall;   /* wall time at which the first process started; 0 unknown */
	char name[64];         /* comm, unit or cgroup */
	char cmdline[256];
	char cgroup[128];      /* v2 path, else the v1 path that has a memory controller; "" where it is the root */
	char host[65];
	char ended[96];        /* "exited with status 3", "ended; its status is its parent's to read"; "" while running */
};

enum status_state { STATUS_ON, STATUS_PARTIAL, STATUS_DENIED, STATUS_ABSENT, STATUS_OFF };

extern const char *const status_words[]; /* "on", "partial", "denied", "absent", "off", NULL */

/* The status row in which it is said what the probes in the kernel cost, for the header: where that is too much it is
 * STATUS_PARTIAL, and in parentheses stands what is less: "(sched sampled, sock only counts, sys off)". */
#define STATUS_PROBE_COST "probe cost"

/* One row of the "what is missing, and why" screen. */
struct status {
	const char *name; /* "perf hardware" */
	enum status_state state;
	const char *why;  /* "" or one sentence */
	const char *fix;  /* "" or the one command or setting that would bring it back */
};

struct sample {
	nsec_t time;  /* CLOCK_MONOTONIC when it was sealed */
	nsec_t wall;  /* CLOCK_REALTIME at the same moment, for showing only */
	metric_id first_def;
	const struct registry *registry; /* of the sampler; only for names while filling, NULL once sealed */
	struct metric *defs; /* rows first_def .. first_def + ndefs - 1, new since the last sample; copied */
	size_t ndefs;
	struct point *points; /* indexed by metric_id; POINT_GAP where nothing was put */
	struct hist **hists;  /* indexed by metric_id; NULL where there is none */
	size_t nmetrics;
	struct table *tables;
	size_t ntables, tables_capacity;
	struct target_facts facts;
	struct status *statuses;
	size_t nstatuses, statuses_capacity;
	struct arena *arena; /* texts */
};

struct sample *sample_new(const struct registry *registry);
void sample_free(struct sample *s);

void sample_put(struct sample *s, metric_id id, struct point p); /* p.why is copied */
void sample_put_value(struct sample *s, metric_id id, double value);
void sample_put_missing(struct sample *s, metric_id id, enum point_state state, const char *why);

/* Takes h (from hist_new()); its totals count from whenever the source began. A second put for the same id adds. */
void sample_put_hist(struct sample *s, metric_id id, struct hist *take);

/* A new, empty table; valid until the next sample_table() of the same sample. */
struct table *sample_table(struct sample *s, const struct table_def *def);

/* Says of the newest table of that definition how it was obtained; note is copied. */
void sample_table_note(struct sample *s, const struct table_def *def, bool sampled, const char *note);

/* A new row of ncolumns cells, numbers NaN and texts "" to begin with; valid until the next row. */
union cell *table_row(struct table *t, uint64_t key);
void table_free(struct table *t); /* frees what it holds, not t itself */

void sample_status(struct sample *s, const char *name, enum status_state state, const char *why, const char *fix);

const char *sample_text(struct sample *s, const char *text); /* a copy that lives as long as the sample */

/* Stamps the sample and copies the registry rows from first_def on, so that it stands alone. */
void sample_seal(struct sample *s, nsec_t time, nsec_t wall, metric_id first_def);

#endif
