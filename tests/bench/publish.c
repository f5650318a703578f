/* An event by include/tach/publish.h, in nanoseconds: the median of several rounds. */
#include "bench.h"

#include "base/clock.h"

#include <tach/publish.h>

#include <stdio.h>

#define ROUNDS 9
#define EVENTS 5000000u
#define FORGET() __asm__ volatile("" ::: "memory") /* between two events a real program does something else */

static double time_adds(struct tach_writer *w, struct tach_counter c)
{
	nsec_t before = clock_cpu_self();

	for (uint32_t i = 0; i < EVENTS; i++) {
		tach_add(w, c, 1);
		FORGET();
	}
	return (double)(clock_cpu_self() - before) / EVENTS;
}

/* Values from 64 ns to 8 us, so that the bins differ. */
static double time_records(struct tach_writer *w, struct tach_histogram h)
{
	nsec_t before = clock_cpu_self();

	for (uint32_t i = 0; i < EVENTS; i++) {
		tach_record(w, h, 64 + (i * 2654435761u >> 19));
		FORGET();
	}
	return (double)(clock_cpu_self() - before) / EVENTS;
}

void bench_publish(void)
{
	struct tach_publisher *p = tach_publish_open();
	struct tach_counter c = tach_publish_counter(p, "events", "events");
	struct tach_histogram h = tach_publish_histogram(p, "latency", "seconds");
	struct tach_writer *w = tach_publish_writer(p, "bench");
	double adds[ROUNDS], records[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		adds[i] = time_adds(w, c);
		records[i] = time_records(w, h);
	}
	printf("\nPublishing, ns an event (budget: a few)\n");
	printf("  %-28s %6.2f\n", "tach_add", bench_quantile(adds, ROUNDS, 0.5));
	printf("  %-28s %6.2f\n", "tach_record", bench_quantile(records, ROUNDS, 0.5));
	tach_publish_close(p);
}
