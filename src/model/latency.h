/*
 * The kinds of latency that tach knows, as rows: what the Latency pane offers, what --latency takes and what the manual
 * explains. A kind is a histogram metric, or a family of them whose names the program or the user gives. Knows names
 * and histories, neither sources nor the screen.
 */
#ifndef TACH_MODEL_LATENCY_H
#define TACH_MODEL_LATENCY_H

#include "base/err.h"
#include "model/store.h"

struct latency_kind {
	const char *word;     /* "request": --latency says this; of a family the part before the colon, "app" in "app:rtt" */
	const char *metric;   /* "lat.request_seconds"; of a family the beginning of its names, with the dot: "app." */
	const char *title;    /* "request (server)" */
	const char *means;    /* one sentence: from when to when */
	const char *misleads; /* one sentence: what it does not see, or takes for something else */
	const char *missing;  /* why there is none, when no source says so */
	const char *cause;    /* of the system calls that it is made of: "lock"; "": all causes; NULL: it is not */
	bool eager;           /* shown unasked before its first event too */
	const char *ask;      /* what the bpf source switches on for it only when asked ("on sys"): "sys"; NULL: no need */
};

/* In the order in which they are offered, and in which the first that says something is shown; word NULL at the end. */
extern const struct latency_kind latency_kinds[];

/* What one can choose at this moment. */
struct latency_choice {
	const struct latency_kind *kind; /* NULL: a histogram of no known kind */
	metric_id metric;                /* METRIC_NONE: nobody measures it */
};

#define LATENCY_CHOICES 128
#define LATENCY_WORD_SIZE 80

/* Every kind, measured or not, a family by its members (by itself while it has none), then histograms of no known kind.
 * Returns how many. */
size_t latency_choices(const struct store *st, struct latency_choice out[LATENCY_CHOICES]);

/* What --latency calls it: "request", "app:rtt". It keeps meaning the same as others come and go. */
const char *latency_word(const struct store *st, struct latency_choice c, char buf[LATENCY_WORD_SIZE]);

/* The place of the choice that a word means; -1: it is not there (yet). For "" the one to show unasked: what the
 * program publishes, else the first that has had events; 0 when there is none. A family's member is found by the end of
 * its name too, however its letters are written: "fn:SSL_read" is fn.libssl_ssl_read_seconds. */
int latency_find(const struct store *st, const struct latency_choice *list, size_t count, const char *word);

/* The row of a word, "app:rtt" being of "app"; NULL with the nearest one in e. */
const struct latency_kind *latency_kind_of_word(const char *word, struct err *e);

#endif
