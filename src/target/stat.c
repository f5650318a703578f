/* Parsing /proc/PID/stat. Knows nothing of files, processes or the rest of the target. */
#include "target/stat.h"

#include <string.h>

#define FIRST_NUMBER 4 /* proc(5) counts from 1: pid, (comm), state, ppid... */
#define LAST_NUMBER 52
#define NEEDED 42 /* delayacct_blkio_ticks; the fields behind it came with Linux 3.5 */
#define PF_KTHREAD 0x00200000u

/* Reads one decimal number, negative ones as two's complement, and the blank before it. */
static const char *read_number(const char *at, const char *end, uint64_t *out)
{
	bool negative;
	uint64_t v = 0;

	if (at == end || *at++ != ' ')
		return NULL;
	negative = at < end && *at == '-';
	at += negative;
	if (at == end || *at < '0' || *at > '9')
		return NULL;
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		v = v * 10 + (uint64_t)(*at - '0');
	*out = negative ? 0 - v : v;
	return at;
}

static void fill(struct proc_stat *out, const uint64_t *f)
{
	out->ppid = (pid_t)f[4];
	out->pgrp = (pid_t)f[5];
	out->kernel = f[9] & PF_KTHREAD;
	out->minflt = f[10];
	out->cminflt = f[11];
	out->majflt = f[12];
	out->cmajflt = f[13];
	out->utime = f[14];
	out->stime = f[15];
	out->cutime = f[16];
	out->cstime = f[17];
	out->num_threads = f[20];
	out->starttime = f[22];
	out->vsize = f[23];
	out->rss = (int64_t)f[24];
	out->processor = (int)f[39];
	out->delayacct_blkio_ticks = f[42];
	out->exit_code = (int)f[52];
}

/* "PID (": where comm begins, or NULL. */
static const char *read_pid(const char *text, const char *end, pid_t *out)
{
	uint64_t v = 0;
	const char *at = text;

	for (; at < end && *at >= '0' && *at <= '9'; at++)
		v = v * 10 + (uint64_t)(*at - '0');
	if (at == text || end - at < 2 || at[0] != ' ' || at[1] != '(')
		return NULL;
	*out = (pid_t)v;
	return at + 2;
}

bool stat_parse(const char *text, size_t length, struct proc_stat *out)
{
	const char *end = text + length, *comm = read_pid(text, end, &out->pid), *close, *at;
	uint64_t f[LAST_NUMBER + 1] = { 0 };
	int n = FIRST_NUMBER;

	/* comm may itself hold ") R 1 2": only what follows the last bracket is the kernel's */
	close = comm ? memrchr(comm, ')', (size_t)(end - comm)) : NULL;
	if (!close || (size_t)(close - comm) >= sizeof out->comm || end - close < 3 || close[1] != ' ')
		return false;
	memcpy(out->comm, comm, (size_t)(close - comm));
	out->comm[close - comm] = '\0';
	out->state = close[2];
	at = close + 3;
	while (n <= LAST_NUMBER && (at = read_number(at, end, &f[n])))
		n++;
	if (n <= NEEDED)
		return false;
	fill(out, f);
	return true;
}
