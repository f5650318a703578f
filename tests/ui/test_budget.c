/* The cost of the screen on the line: mean bytes a refresh of the real dashboard on a fixed feed, with its theme, in a
 * real pseudo-terminal. The budgets are those of MEASURED.md. */
#include "ui/screen.h"
#include "ui/term.h"

#include "../lib/played.h"
#include "../lib/pty.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST 60 /* refreshes before the count begins */
#define TICKS 120

static char self[256];

/* In the terminal: one refresh a tick, each on the line before the next. */
static int dashboard_main(bool ascii)
{
	static const struct feed_shape shape = { .flags = FEED_PMU | FEED_PUBLISH, .ticks = TICKS, .threads = 6 };
	struct screen_options o = { .interval = NSEC_PER_SEC, .span = 5 * NSEC_PER_SEC, .utc = true, .ascii = ascii };
	struct played *played = played_new(&shape, 600);
	struct keymap *keys = keymap_new();
	struct theme theme;
	struct screen *screen;
	struct canvas *canvas;
	uint64_t first = 0;
	char note[100];
	struct err e;
	int rows, cols;

	theme_default(&theme);
	screen = screen_new(&o, keys, &theme);
	if (term_open(&theme, false, note, sizeof note, &e))
		return 1;
	term_size(&rows, &cols);
	canvas = canvas_new(rows, cols);
	for (int tick = 0; tick <= TICKS; tick++) {
		played_until(played, tick);
		screen_draw(screen, played_store(played), canvas);
		while (!term_show(canvas)) {
			struct pollfd p = { .fd = term_fd(), .events = POLLIN };

			poll(&p, 1, 1000);
			term_key();
		}
		if (tick == FIRST)
			first = term_bytes();
	}
	term_close();
	printf("mean cost %llu bytes\n", (unsigned long long)(term_bytes() - first) / (TICKS - FIRST));
	canvas_free(canvas);
	screen_free(screen);
	keymap_free(keys);
	played_free(played);
	return 0;
}

static void check_budget(const char *mode, int rows, int cols, unsigned long long budget)
{
	struct pty *p = pty_start(rows, cols, (const char *const[]) { self, mode, NULL }, NULL);
	unsigned long long bytes = 0;
	const char *line;
	int status = -1;

	assert_true(pty_wait_exit(p, 20000, &status));
	assert_int_equal(status, 0);
	line = strstr(pty_output(p), "mean cost");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "mean cost %llu", &bytes), 1);
	print_message("# %dx%d%s: %llu bytes a refresh, budget %llu\n", cols, rows,
		strcmp(mode, "--ascii") ? "" : " ascii", bytes, budget);
	assert_in_range(bytes, 50, budget);
	pty_free(p);
}

static void test_80x24(void **state)
{
	(void)state;
	check_budget("--blocks", 24, 80, 800);
}

static void test_80x24_ascii(void **state)
{
	(void)state;
	check_budget("--ascii", 24, 80, 500);
}

static void test_120x40(void **state)
{
	(void)state;
	check_budget("--blocks", 40, 120, 1500);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_80x24),
		cmocka_unit_test(test_80x24_ascii),
		cmocka_unit_test(test_120x40),
	};
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (argc > 1)
		return dashboard_main(strcmp(argv[1], "--ascii") == 0);
	return n > 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
