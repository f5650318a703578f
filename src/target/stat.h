/* One line of /proc/PID/stat or /proc/PID/task/TID/stat, as proc(5) describes it. Works on text only; opens nothing. */
#ifndef TACH_TARGET_STAT_H
#define TACH_TARGET_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STAT_TEXT_SIZE 1024 /* a buffer that holds any such line */

/* Fault and time counters of a process are sums over its threads, also ended ones; those of a thread its own. The c...
 * fields are those of children that were waited for. Times are clock ticks (sysconf(_SC_CLK_TCK), 100 a second). */
struct proc_stat {
	pid_t pid, ppid, pgrp;
	char comm[65];  /* raw: any byte but NUL; str_clean() before it is shown. Kernel threads have up to 64 bytes */
	char state;     /* R S D T t Z X I P W K */
	bool kernel;    /* a kernel thread */
	uint64_t minflt, cminflt, majflt, cmajflt;
	uint64_t utime, stime, cutime, cstime;
	uint64_t num_threads;
	uint64_t starttime; /* clock ticks after boot; with pid, the identity */
	uint64_t vsize;     /* bytes */
	int64_t rss;        /* pages; the kernel sums it up lazily (proc(5): inaccurate) */
	int processor;      /* CPU it last ran on */
	uint64_t delayacct_blkio_ticks; /* waited for block I/O; stays 0 without the boot option delayacct */
	int exit_code;      /* as waitpid() has it, of a zombie; 0 also where the reader may not know */
};

/* False when text is not such a line; *out is then undefined. */
bool stat_parse(const char *text, size_t length, struct proc_stat *out);

/* Ended, and only waits for its parent. A leader that ended before its threads is not dead. */
static inline bool stat_is_dead(const struct proc_stat *st)
{
	return (st->state == 'Z' || st->state == 'X' || st->state == 'x') && st->num_threads <= 1;
}

#endif
