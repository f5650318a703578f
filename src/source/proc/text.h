/*
 * The texts of /proc and the cgroup tree as numbers. Works on NUL-ended text and opens nothing; takes any bytes. A
 * number that is malformed, too large, or cut by the end of the text is not found rather than wrong.
 */
#ifndef TACH_SOURCE_PROC_TEXT_H
#define TACH_SOURCE_PROC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines "NAME: VALUE" or "NAME VALUE": /proc/PID/status (kB), io, smaps_rollup (kB), net/snmp6, a cgroup's cpu.stat.
 * Fills values[i] for names[i], i < n <= 64; returns a bit for each that was found, the first line of a name counts. */
uint64_t text_keyed(const char *text, const char *const names[], size_t n, uint64_t values[]);

/* Pairs of lines "GROUP: NAME..." and "GROUP: VALUE...": net/snmp, net/netstat. Names are "GROUP:NAME". */
uint64_t text_paired(const char *text, const char *const names[], size_t n, uint64_t values[]);

struct text_schedstat {
	uint64_t run, runqueue; /* ns on a CPU; ns runnable and waiting for one */
	uint64_t timeslices;
};

bool text_schedstat(const char *text, struct text_schedstat *out); /* /proc/PID/task/TID/schedstat */

/* Sums over all devices. */
struct text_devices {
	uint64_t rx_errors, rx_drops, tx_errors, tx_drops;
};

bool text_devices(const char *text, struct text_devices *out); /* net/dev; false when no line is a device */

struct text_pressure {
	uint64_t some, full; /* us in which some, all tasks were stalled */
	bool has_full;
};

bool text_pressure(const char *text, struct text_pressure *out); /* pressure/cpu, cpu.pressure and so on */

/* A file of one number: memory.current, cpu.cfs_period_us. "max" and "-1" (no limit) give UINT64_MAX. */
bool text_limit(const char *text, uint64_t *out);

/* cpu.max, "QUOTA PERIOD" in us or "max PERIOD": CPUs, infinite where there is no limit. */
bool text_cpu_max(const char *text, double *out);

#endif
