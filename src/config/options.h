/*
 * Options as rows: a row is the whole truth of an option (type, range, default, help, where it may be given), and the
 * one parser serves the command line, the TACH_ environment, config files and, later, the prompt. Help, the manual and
 * completions read the rows.
 *
 * Precedence: command line, TACH_NAME, $XDG_CONFIG_HOME/tach/config (~/.config), /etc/tach/config, embedded defaults.
 */
#ifndef TACH_CONFIG_OPTIONS_H
#define TACH_CONFIG_OPTIONS_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which subcommands an option belongs to; a bit each. */
enum option_scope {
	SCOPE_DASH = 1,
	SCOPE_STAT = 2,
	SCOPE_RUN = 4,
	SCOPE_LIST = 8,
	SCOPE_TARGET = SCOPE_DASH | SCOPE_STAT,
	SCOPE_ALL = 0xff,
	SCOPE_CONFIG = 0x100 /* may stand in a config file and in the environment too */
};

/* Everything that can be set. Text is owned by the struct; NULL where not given. */
struct options {
	/* target */
	char *pids;         /* -p PID[,PID] */
	char *name;         /* -n NAME */
	char *cgroup;       /* -g CGROUP */
	char *unit;         /* -U UNIT */
	char *workload;     /* -w WORKLOAD */
	char *feed;         /* --feed FILE: recorded ticks (model/feed.h) instead of a target; "-" is stdin */
	bool children;      /* --no-children clears it */
	char *output;       /* --output FILE: where a started command's output goes */
	/* sampling */
	nsec_t interval;    /* -i, 10 ms .. 1 h, default 1 s */
	char **events;      /* -e, may be repeated; NULL-ended, NULL when none */
	char **functions;   /* --fn, may be repeated; as events */
	char *latency;      /* --latency KIND (model/latency.h); NULL: the first that says something */
	double max_cost;    /* --max-cost, ratio: what measuring may cost the target, default 0.02 */
	bool force;         /* --force: measure also what is too dear */
	/* screen */
	nsec_t span;        /* --span: time a graph column, 1 s .. 1 h, default 5 s */
	char *theme;
	char *keys;         /* keys file read over the defaults, default $XDG_CONFIG_HOME/tach/keys if it exists */
	bool ascii, color, utc;
	bool plain, line;   /* sentences, or one line, instead of the screen; line goes before */
	bool print_frame_bytes;
	/* stat, list, run */
	nsec_t time;        /* -t; 0: until the target ends or ^C */
	uint64_t ticks;     /* -N; 0: no limit */
	bool json, csv;
	bool no_dash;       /* run --no-dash */
	/* once and done */
	bool help, version, print_config, print_keys, print_theme;
	char *check_theme;
	char *config;       /* --config FILE instead of the two config files */
	char *log;          /* --log FILE */
};

enum option_type { OPTION_FLAG, OPTION_DURATION, OPTION_COUNT, OPTION_PERCENT, OPTION_TEXT, OPTION_LIST };

struct option_row {
	const char *name;     /* "interval": --interval, config line `interval = 1s`, TACH_INTERVAL */
	char letter;          /* 'i', or 0 */
	enum option_type type;
	bool negative;        /* a flag that is on by default: help and manual show --no-NAME, and say what that does */
	unsigned scope;       /* enum option_scope */
	size_t offset;        /* into struct options */
	uint64_t min, max;    /* durations in ns, counts, hundredths of a percent */
	const char *value;    /* default in config language; NULL: not set */
	const char *argument; /* "TIME" in help; NULL for flags */
	const char *help;     /* one sentence */
};

extern const struct option_row option_table[]; /* ended by a row without a name */

void options_init(struct options *o); /* the embedded defaults */
void options_free(struct options *o);

/* Config files, then the environment, then argv[1..] up to the first word that is no option or "--". *rest is the
 * index of that word (of what follows "--", with *command set true). Returns 0, or -1 with one sentence (naming file
 * and line, and the nearest valid name). */
int options_load(struct options *o, enum option_scope scope, int argc, char **argv, int *rest, bool *command,
	struct err *e);

/* One config file from memory, over what is there. */
int options_read_text(struct options *o, const char *name_for_errors, const char *text, struct err *e);

/* "10ms to 1h": what an option with a least and a greatest value takes. */
const char *options_range(char *buf, size_t size, const struct option_row *row);

/* What --print-config prints: every row with its default and help, in the config language. The caller frees. */
char *options_print_config(void);

#endif
