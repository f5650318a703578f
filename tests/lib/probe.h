/* The bpf source on a process, read when the test says so. Only where it was built and this run may load programs. */
#ifndef TACH_TESTS_LIB_PROBE_H
#define TACH_TESTS_LIB_PROBE_H

#include "model/sample.h"

#include <stdbool.h>
#include <sys/types.h>

struct probe;

/* Why there is none here; NULL: there is. */
const char *probe_refused(void);

/* Watches for these metrics, NULL-ended; NULL: all. Comes back once the programs are loaded and the process is marked. */
struct probe *probe_open(pid_t pid, const char *const wants[]);

/* The same with more of what the command line says: functions, force, max_cost; and a handover. */
struct source_env;
struct probe *probe_open_env(pid_t pid, const char *const wants[], const struct source_env *extra);

void probe_close(struct probe *p); /* NULL is fine */

struct sample *probe_read(struct probe *p); /* valid until the next */
const char *probe_ask(struct probe *p, const char *question); /* the answer, valid until the next */

/* Reads until the group says that state; false: it does not, for two seconds. */
bool probe_await(struct probe *p, const char *group, enum status_state state);

/* Of the last sample. */
double probe_value(const struct probe *p, const char *metric);      /* NaN: has none */
enum point_state probe_state(const struct probe *p, const char *metric, const char **why);
const struct hist *probe_hist(const struct probe *p, const char *metric); /* NULL: has none */
const struct status *probe_status(const struct probe *p, const char *group);
const union cell *probe_row(const struct probe *p, const struct table_def *def, size_t column, const char *text);

/* A process that does what it is told, and nothing else but reading and writing a pipe in between. act runs in it. */
struct puppet {
	pid_t pid;
	int order, done;
};

struct puppet puppet_start(void (*act)(int what, long n));
void puppet_order(const struct puppet *p, int what, long n); /* goes on at once */
void puppet_await(const struct puppet *p);                   /* the end of one order */
void puppet_do(const struct puppet *p, int what, long n);    /* both */
void puppet_end(const struct puppet *p);

#endif
