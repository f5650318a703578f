/* The rate pane: who counted stands beside every number, and a socket that was chosen stays chosen. */
#include "ui/screen.h"

#include "../lib/played.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct feed_shape bare = { .flags = 0, .ticks = 5, .threads = 0 };

struct fixture {
	struct played *played;
	struct keymap *keys;
	struct screen *screen;
	char *text; /* what was drawn last */
};

static struct theme theme; /* the screens borrow it */

static struct fixture begin(const struct feed_shape *shape)
{
	struct fixture f = { .played = played_new(shape, 600), .keys = keymap_new() };
	struct screen_options o = { .interval = NSEC_PER_SEC, .span = 5 * NSEC_PER_SEC, .utc = true };

	theme_default(&theme);
	f.screen = screen_new(&o, f.keys, &theme);
	return f;
}

static void end(struct fixture *f)
{
	screen_free(f->screen);
	keymap_free(f->keys);
	played_free(f->played);
	free(f->text);
}

static void lines(struct fixture *f, const char *const list[])
{
	for (; *list; list++)
		played_line(f->played, *list);
}

static void draw(struct fixture *f, int rows, int cols)
{
	struct canvas *c = canvas_new(rows, cols);

	screen_draw(f->screen, played_store(f->played), c);
	free(f->text);
	f->text = canvas_print(c);
	canvas_free(c);
}

static void press(struct fixture *f, const char *keys)
{
	for (; *keys; keys++)
		screen_key(f->screen, played_store(f->played), (ui_key)*keys);
}

static void shows(struct fixture *f, const char *text)
{
	if (strstr(f->text, text))
		return;
	fputs(f->text, stderr);
	fail_msg("the screen does not show \"%s\"", text);
}

static void hides(struct fixture *f, const char *text)
{
	if (!strstr(f->text, text))
		return;
	fputs(f->text, stderr);
	fail_msg("the screen shows \"%s\"", text);
}

/* Two ticks of a counter. */
static void count(struct fixture *f, const char *name, int a_second)
{
	char line[80];

	for (int tick = 1; tick <= 2; tick++) {
		snprintf(line, sizeof line, "tick %d", tick);
		played_line(f->played, line);
		snprintf(line, sizeof line, "v %s %d", name, tick * a_second);
		played_line(f->played, line);
		played_line(f->played, "end");
	}
}

/* Whoever counts alone, the rule line says who it is. */
static void the_rule_line_says_who_counted(void **state)
{
	static const struct {
		const char *metric, *label, *about;
	} all[] = {
		{ "app.rx_packets", " rx pkt/s ", "published by the program" },
		{ "net.rx_packets", " wire rx/s ", "wire packets of its cgroup" },
		{ "sock.rx_messages", " rx msg/s ", "messages at its sockets" },
		{ "tcp.rx_segments", " tcp rx/s ", "segments of its TCP sockets" },
		{ "netns.rx_packets", " rx pkt/s ", "of the network namespace" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct fixture f = begin(&bare);
		char line[80];

		snprintf(line, sizeof line, "metric %s counter count x", all[i].metric);
		played_line(f.played, line);
		count(&f, all[i].metric, 1200);
		draw(&f, 24, 80);
		shows(&f, all[i].label);
		shows(&f, all[i].about);
		shows(&f, "1.20k");
		end(&f);
	}
}

/* What several sources count stands in a row each, under its own name. */
static void nothing_is_mixed_under_one_name(void **state)
{
	static const char *const text[] = { "metric app.rx_packets counter count rx pkt",
		"metric net.rx_packets counter count wire rx", "metric sock.rx_messages counter count rx msg",
		"metric netdev.rx_packets counter count dev rx", "metric netns.tx_packets counter count ns tx pkt", "tick 1",
		"v app.rx_packets 0", "v net.rx_packets 0", "v sock.rx_messages 0", "v netdev.rx_packets 0",
		"v netns.tx_packets 0", "end", "tick 2", "v app.rx_packets 1001", "v net.rx_packets 2002",
		"v sock.rx_messages 3003", "v netdev.rx_packets 4004", "v netns.tx_packets 5005", "end", NULL };
	static const char *const pairs[] = { "rx pkt/s", "1.00k", "wire rx/s", "2.00k", "rx msg/s", "3.00k", "dev rx/s",
		"4.00k", "ns tx pkt", "5.00k", NULL };
	struct fixture f = begin(&bare);

	(void)state;
	lines(&f, text);
	press(&f, "1"); /* it has the focus: this zooms it */
	draw(&f, 40, 80);
	for (const char *const *pair = pairs; *pair; pair += 2) {
		const char *row = strstr(f.text, *pair), *value = row ? strstr(row, pair[1]) : NULL;

		if (!value || value > strchr(row, '\n')) {
			fputs(f.text, stderr);
			fail_msg("no row has %s and %s", pair[0], pair[1]);
		}
	}
	shows(&f, "published by the program");
	end(&f);
}

/* Segments by the probe say more than those by looking: not both. */
static void the_same_number_stands_there_once(void **state)
{
	static const char *const text[] = { "metric sock.tcp_retransmits counter count resent",
		"metric tcp.retransmits counter count tcp rtx", "metric tcp.rtt_seconds gauge seconds tcp rtt", "tick 1",
		"v sock.tcp_retransmits 0", "v tcp.retransmits 0", "v tcp.rtt_seconds 0.002", "end", NULL };
	static const char *const both[] = { "tick 2", "v sock.tcp_retransmits 70", "v tcp.retransmits 60",
		"v tcp.rtt_seconds 0.002", "end", NULL };
	static const char *const one[] = { "tick 3", "x sock.tcp_retransmits denied no", "v tcp.retransmits 120",
		"v tcp.rtt_seconds 0.002", "end", NULL };
	struct fixture f = begin(&bare);

	(void)state;
	lines(&f, text);
	lines(&f, both);
	press(&f, "1");
	draw(&f, 40, 80);
	shows(&f, "resent/s");
	hides(&f, "tcp rtx/s");
	shows(&f, "2.0ms");
	lines(&f, one);
	draw(&f, 40, 80);
	shows(&f, "tcp rtx/s");
	end(&f);
}

static const char *const three_sockets[] = { "column sockets peer text count peer",
	"column sockets rx_bytes counter bytes rx", "column sockets tx_bytes counter bytes tx", "tick 1",
	"row sockets 1 a:1 0 0", "row sockets 2 b:2 0 0", "row sockets 3 c:3 0 0", "end", "tick 2",
	"row sockets 1 a:1 100 100000", "row sockets 2 b:2 100 2000", "row sockets 3 c:3 100 500", "end", NULL };

static void a_socket_stays_selected(void **state)
{
	static const char *const turned[] = { "tick 3", "row sockets 1 a:1 200 100001", "row sockets 2 b:2 200 2001",
		"row sockets 3 c:3 200 900000", "row sockets 9 z:9 5 5", "end", NULL };
	static const char *const closed[] = { "tick 4", "row sockets 1 a:1 200 100001", "row sockets 3 c:3 200 900000", "end",
		NULL };
	struct fixture f = begin(&bare);

	(void)state;
	lines(&f, three_sockets);
	press(&f, "1j");
	draw(&f, 24, 80);
	shows(&f, ">b:2");
	lines(&f, turned); /* c overtakes both, and somebody came */
	draw(&f, 24, 80);
	shows(&f, ">b:2");
	assert_true(strstr(f.text, " c:3") < strstr(f.text, " a:1"));
	lines(&f, closed); /* it is gone: its place is kept */
	draw(&f, 24, 80);
	shows(&f, ">c:3");
	end(&f);
}

/* Small differences do not turn the order round at every tick. */
static void the_order_stands_still(void **state)
{
	static const char *const more[] = { "tick 3", "row sockets 1 a:1 100 200000", "row sockets 2 b:2 100 102100",
		"row sockets 3 c:3 100 1000", "end", NULL };
	struct fixture f = begin(&bare);

	(void)state;
	lines(&f, three_sockets);
	lines(&f, more); /* 100,000 and 100,100 a second */
	press(&f, "1");
	draw(&f, 24, 80);
	assert_true(strstr(f.text, "a:1") < strstr(f.text, "b:2"));
	end(&f);
}

/* What could be an operation but never happened divides nothing. */
static void operations_are_what_happens(void **state)
{
	static const char *const text[] = { "metric lat.request_seconds histogram seconds request",
		"metric sock.rx_messages counter count rx msg", "metric sock.tx_messages counter count tx msg", "tick 1",
		"h lat.request_seconds 0 0", "v sock.rx_messages 0", "v sock.tx_messages 0", "end", "tick 2",
		"h lat.request_seconds 0 0", "v sock.rx_messages 100", "v sock.tx_messages 250", "end", NULL };
	static const char *const requests[] = { "tick 3", "h lat.request_seconds 0 0 100:50", "v sock.rx_messages 200",
		"v sock.tx_messages 500", "end", NULL };
	struct fixture f = begin(&bare);

	(void)state;
	lines(&f, text);
	press(&f, "u");
	draw(&f, 24, 80);
	shows(&f, "per sock.rx_messages");
	shows(&f, "2.50");
	lines(&f, requests);
	draw(&f, 24, 80);
	shows(&f, "per lat.request_seconds");
	shows(&f, "   5\n");
	end(&f);
}

static void devices_are_asked_for_by_a_key(void **state)
{
	static const char *const on[] = { "metric netdev.tx_packets counter count dev tx", "tick 1", "v netdev.tx_packets 0",
		"end", "tick 2", "v netdev.tx_packets 10", "end", NULL };
	struct fixture f = begin(&bare);
	struct ask ask;

	(void)state;
	played_until(f.played, 0);
	press(&f, "x");
	assert_true(screen_take_ask(f.screen, &ask));
	assert_string_equal(ask.text, "on dev");
	assert_string_equal(ask.source, "bpf");
	assert_false(screen_take_ask(f.screen, &ask));
	lines(&f, on);
	press(&f, "x");
	assert_true(screen_take_ask(f.screen, &ask));
	assert_string_equal(ask.text, "off dev");
	end(&f);
}

/* Sockets at every size, with the widest texts that there may be. */
static void every_size_is_survived(void **state)
{
	static const struct feed_shape server = { .flags = FEED_SOCKETS, .ticks = 12, .threads = 6 };
	struct fixture f = begin(&server);

	(void)state;
	played_until(f.played, 10);
	for (const char *keys = "1j5225"; *keys; keys++) {
		press(&f, (const char[]){ *keys, '\0' });
		for (int rows = 1; rows <= 45; rows += rows < 25 ? 1 : 9)
			for (int cols = 1; cols <= 210; cols += cols < 50 ? 3 : 17)
				draw(&f, rows, cols);
	}
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule_line_says_who_counted),
		cmocka_unit_test(nothing_is_mixed_under_one_name),
		cmocka_unit_test(the_same_number_stands_there_once),
		cmocka_unit_test(a_socket_stays_selected),
		cmocka_unit_test(the_order_stands_still),
		cmocka_unit_test(operations_are_what_happens),
		cmocka_unit_test(devices_are_asked_for_by_a_key),
		cmocka_unit_test(every_size_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
