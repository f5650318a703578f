/* How many bytes a refresh costs on the line: the figures to beat, measured on the real program. Bytes are the same on
 * every machine, so this can be a test. */
#include "../lib/play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define WARM_UP 400   /* ticks before, so that the graphs are full */
#define REFRESHES 60  /* the last 40 of them in trouble: scales and heat maps move too */

static double bytes_a_refresh(unsigned flags, int rows, int cols, const char *const args[], const char *keys)
{
	struct feed_shape shape = { .flags = flags, .ticks = WARM_UP + REFRESHES, .threads = 10 };
	struct play *p = play_start(&shape, rows, cols, args, NULL);
	uint64_t before;
	double mean;

	play_until(p, WARM_UP);
	play_expect_drawn(p);
	pty_send(play_pty(p), keys);
	pty_run(play_pty(p), 200);
	before = pty_bytes(play_pty(p));
	for (int tick = WARM_UP + 1; tick <= WARM_UP + REFRESHES; tick++) {
		play_until(p, tick);
		play_expect_drawn(p);
		pty_run(play_pty(p), 5); /* the clock stands in the first line: the rest of the frame follows */
	}
	mean = (double)(pty_bytes(play_pty(p)) - before) / REFRESHES;
	play_free(p);
	return mean;
}

static void expect_at_most(const char *what, double bytes, double budget)
{
	printf("# %s: %.0f bytes a refresh, at most %.0f\n", what, bytes, budget);
	if (bytes > budget)
		fail_msg("%s: %.0f bytes a refresh are more than %.0f", what, bytes, budget);
}

static void at_80x24(void **state)
{
	(void)state;
	expect_at_most("80x24", bytes_a_refresh(FEED_PMU | FEED_PUBLISH, 24, 80, NULL, ""), 800);
	expect_at_most("80x24 without PMU", bytes_a_refresh(0, 24, 80, NULL, ""), 800);
}

static void at_80x24_ascii(void **state)
{
	static const char *const args[] = { "--ascii", NULL };

	(void)state;
	expect_at_most("80x24 --ascii", bytes_a_refresh(FEED_PMU | FEED_PUBLISH, 24, 80, args, ""), 500);
}

static void at_120x40(void **state)
{
	(void)state;
	expect_at_most("120x40", bytes_a_refresh(FEED_PMU | FEED_PUBLISH, 40, 120, NULL, ""), 1500);
}

/* A background of the theme's own is set with each colour by curses. */
static void painted(void **state)
{
	static const char *const args[] = { "--theme", "nord", NULL };

	(void)state;
	expect_at_most("80x24 painted", bytes_a_refresh(FEED_PMU | FEED_PUBLISH, 24, 80, args, ""), 800);
	expect_at_most("120x40 painted", bytes_a_refresh(FEED_PMU | FEED_PUBLISH, 40, 120, args, ""), 1500);
}

/* Most of what it shows are numbers that differ at every tick. */
static void zoomed_locks(void **state)
{
	(void)state;
	expect_at_most("locks at 80x24", bytes_a_refresh(FEED_LOCKS, 24, 80, NULL, "44"), 800);
	expect_at_most("locks at 120x40", bytes_a_refresh(FEED_LOCKS, 40, 120, NULL, "44"), 1500);
}

/* A server by its probes: the dashboard, its connections, its requests with the slowest of them. */
static void with_probes(void **state)
{
	(void)state;
	expect_at_most("probes at 80x24", bytes_a_refresh(FEED_SOCKETS, 24, 80, NULL, ""), 800);
	expect_at_most("sockets at 80x24", bytes_a_refresh(FEED_SOCKETS, 24, 80, NULL, "1"), 800);
	expect_at_most("sockets at 120x40", bytes_a_refresh(FEED_SOCKETS, 40, 120, NULL, "1"), 1500);
	expect_at_most("latency at 120x40", bytes_a_refresh(FEED_SOCKETS, 40, 120, NULL, "22"), 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_80x24),
		cmocka_unit_test(at_80x24_ascii),
		cmocka_unit_test(at_120x40),
		cmocka_unit_test(painted),
		cmocka_unit_test(zoomed_locks),
		cmocka_unit_test(with_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
