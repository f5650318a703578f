/*
 * The rows. A group is on the CPU's counters as a whole or not at all, so what goes into one ratio stands in one group,
 * with an instruction count of its own: misses per thousand instructions then come from the same moments even while
 * groups take turns.
 *
 * A group that needs more counters than are free never runs. Intel has fixed counters for cycles and instructions and 4
 * (two threads a core before Ice Lake) or 8 others, AMD Zen has 6 in all, arm64 cores mostly a cycle counter and 6; the
 * NMI watchdog takes one. Hence at most 4 events a group, and most of them 3: two such groups are on an AMD or arm64
 * core at once, and a virtual CPU with 4 counters still runs each of them.
 *
 * Within a group the most important comes first: where a CPU cannot hold the group, its last members are left out.
 */
#include "source/perf/rows.h"

#include <linux/perf_event.h>

#define HW(event) .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_##event
#define SW(event) .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_##event
#define CACHE(cache, result) .type = PERF_TYPE_HW_CACHE, .config = PERF_COUNT_HW_CACHE_##cache | \
	PERF_COUNT_HW_CACHE_OP_READ << 8 | PERF_COUNT_HW_CACHE_RESULT_##result << 16

/* name, label, unit, group, event, help */
#define ROWS(ROW) \
	ROW("cpu.task_clock_seconds", "task clock", SECONDS, SOFTWARE, SW(TASK_CLOCK), \
		"CPU time of the target by the kernel's exact clock, also of threads that ended within a tick.") \
	ROW("cpu.context_switches", "switches", COUNT, SOFTWARE, SW(CONTEXT_SWITCHES), \
		"Times that a thread of the target was taken off a CPU, of its own will or not.") \
	ROW("cpu.migrations", "migrations", COUNT, SOFTWARE, SW(CPU_MIGRATIONS), \
		"Times that a thread was moved to another CPU, where its data are not in the cache.") \
	ROW("mem.faults", "faults", COUNT, SOFTWARE, SW(PAGE_FAULTS), \
		"Page faults of both kinds, also of threads and children that ended within a tick.") \
	ROW("cpu.cycles", "cycles", COUNT, CPU, HW(CPU_CYCLES), "CPU cycles spent on the target.") \
	ROW("cpu.instructions", "instr", COUNT, CPU, HW(INSTRUCTIONS), \
		"Instructions that the target finished, counted together with its cycles.") \
	ROW("cpu.branches", "branches", COUNT, CPU, HW(BRANCH_INSTRUCTIONS), "Branches that the target finished.") \
	ROW("cpu.branch_misses", "br misses", COUNT, CPU, HW(BRANCH_MISSES), \
		"Branches that the CPU had guessed wrong.") \
	ROW("cache.llc_misses", "LLC misses", COUNT, LLC, CACHE(LL, MISS), \
		"Loads that the last-level cache did not hold; each waits for memory.") \
	ROW("cache.llc_loads", "LLC loads", COUNT, LLC, CACHE(LL, ACCESS), "Loads that reached the last-level cache.") \
	ROW("cache.llc_instructions", "LLC instr", COUNT, LLC, HW(INSTRUCTIONS), \
		"Instructions counted together with the last-level cache, for ratios of the same interval.") \
	ROW("cache.misses", "misses", COUNT, CACHE, HW(CACHE_MISSES), \
		"Cache misses by the kernel's generic event, mostly of the last level, also by stores and prefetches.") \
	ROW("cache.references", "references", COUNT, CACHE, HW(CACHE_REFERENCES), \
		"Cache accesses by the kernel's generic event, mostly those that reached the last level.") \
	ROW("cache.instructions", "$ instr", COUNT, CACHE, HW(INSTRUCTIONS), \
		"Instructions counted together with cache references and misses, for ratios of the same interval.") \
	ROW("cache.l1d_misses", "L1d misses", COUNT, L1D, CACHE(L1D, MISS), \
		"Loads that the first-level data cache did not hold.") \
	ROW("cache.l1d_loads", "L1d loads", COUNT, L1D, CACHE(L1D, ACCESS), "Loads from the first-level data cache.") \
	ROW("cache.l1d_instructions", "L1d instr", COUNT, L1D, HW(INSTRUCTIONS), \
		"Instructions counted together with the first-level data cache, for ratios of the same interval.") \
	ROW("cache.dtlb_misses", "TLB misses", COUNT, DTLB, CACHE(DTLB, MISS), \
		"Loads whose address translation was not in the data TLB.") \
	ROW("cache.dtlb_loads", "TLB loads", COUNT, DTLB, CACHE(DTLB, ACCESS), "Loads that asked the data TLB.") \
	ROW("cache.dtlb_instructions", "TLB instr", COUNT, DTLB, HW(INSTRUCTIONS), \
		"Instructions counted together with the data TLB, for ratios of the same interval.") \
	ROW("cpu.stalled_backend", "stall back", COUNT, STALLS, HW(STALLED_CYCLES_BACKEND), \
		"Cycles in which nothing went on for want of data or of a free unit.") \
	ROW("cpu.stalled_frontend", "stall frnt", COUNT, STALLS, HW(STALLED_CYCLES_FRONTEND), \
		"Cycles in which nothing went on for want of decoded instructions.") \
	ROW("cpu.stalled_of_cycles", "stall cyc", COUNT, STALLS, HW(CPU_CYCLES), \
		"All cycles counted together with the stalled ones, for ratios of the same interval.")

#define METRIC(name_, label_, unit_, group_, code_, help_) \
	{ .name = name_, .label = label_, .help = help_, .kind = METRIC_COUNTER, .unit = UNIT_##unit_ },
#define EVENT(name_, label_, unit_, group_, code_, help_) { .group = PERF_GROUP_##group_, .code = { code_ } },

#define ONE(...) + 1

_Static_assert(0 ROWS(ONE) == PERF_ROWS, "PERF_ROWS is the number of rows");

const struct metric perf_metrics[PERF_ROWS] = { ROWS(METRIC) };
const struct perf_row perf_rows[PERF_ROWS] = { ROWS(EVENT) };
