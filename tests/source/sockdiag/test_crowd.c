/* More connections than can be asked for one by one, and more than are looked at in one tick. */
#include "watch.h"

#include <math.h>
#include <sys/resource.h>

#define PAIRS 700
#define MOVED 10

/* An actor with PAIRS connections to itself: m moves MOVED bytes over each, c closes half of them. */
static void body(int line)
{
	static int ends[2 * PAIRS];
	int on = listen_at(AF_INET, "127.0.0.1");
	char order;

	for (int i = 0; i < 2 * PAIRS; i += 2) {
		ends[i] = connect_to(AF_INET, "127.0.0.1", port_of(on));
		ends[i + 1] = accept(on, NULL, NULL);
		if (ends[i] < 0 || ends[i + 1] < 0)
			_exit(1);
	}
	do {
		order_done(line);
		order = order_next(line);
		for (int i = 0; order == 'm' && i < 2 * PAIRS; i += 2)
			move_bytes(ends[i], ends[i + 1], MOVED);
		for (int i = 0; order == 'c' && i < PAIRS; i++)
			close(ends[i]);
	} while (order);
}

struct crowd {
	struct actor actor;
	struct watch w;
};

/* Until all are found: on a slow machine its descriptors are not all looked at in one tick. */
static void gather(struct crowd *c)
{
	char done;
	int ticks = 0;

	c->actor = actor_start(body);
	actor_hear(&c->actor, &done, 1);
	watch_attach(&c->w, c->actor.pid, false);
	do {
		watch_tick(&c->w);
	} while (ticks++ < 200 && !(watch_point(&c->w, "tcp.sockets").value >= 2 * PAIRS));
	assert_near(watch_value(&c->w, "tcp.sockets"), 2 * PAIRS, 0);
}

static void scatter(struct crowd *c)
{
	watch_close(&c->w);
	actor_end(&c->actor);
}

static void all_are_counted(void **state)
{
	struct crowd c;
	const struct table *t;

	(void)state;
	gather(&c);
	actor_do(&c.actor, 'm');
	watch_tick(&c.w);
	assert_near(watch_value(&c.w, "tcp.sockets"), 2 * PAIRS, 0);
	assert_near(watch_value(&c.w, "tcp.rx_bytes"), PAIRS * MOVED, 0);
	assert_near(watch_value(&c.w, "tcp.tx_bytes"), PAIRS * MOVED, 0);
	t = sample_find_table(c.w.sample, &table_sockets);
	assert_int_equal(t->nrows, 512);
	assert_int_equal(t->left_out, 2 * PAIRS + 1 - 512);
	scatter(&c);
}

/* Ticks right after one another leave time for 1,024 sockets each: a gap, or a sum of all. */
static void between_two_looks_nothing_is_said(void **state)
{
	struct crowd c;
	double moved = 0, last = 0;
	int gaps = 0, sums = 0;

	(void)state;
	gather(&c);
	for (int i = 0; i < 20; i++) {
		const struct table *t;
		struct point p;

		actor_do(&c.actor, 'm');
		moved += PAIRS * MOVED;
		watch_read(&c.w);
		p = watch_point(&c.w, "tcp.rx_bytes");
		if (!point_has_value(p)) {
			assert_int_equal(p.state, POINT_GAP);
			t = sample_find_table(c.w.sample, &table_sockets);
			assert_int_equal(t->nrows, 512);
			for (size_t r = 0; r < t->nrows; r++)
				assert_true(isnan(t->cells[r * t->def->ncolumns + SOCKETS_RX_BYTES].number));
			gaps++;
			continue;
		}
		assert_true(p.value > last && p.value <= moved);
		assert_int_equal(watch_status(&c.w)->state, STATUS_PARTIAL);
		assert_non_null(strstr(watch_status(&c.w)->why, "ticks"));
		last = p.value;
		sums++;
	}
	assert_true(gaps >= 8 && sums >= 5);
	for (int i = 0; i < 3; i++)
		watch_tick(&c.w);
	assert_near(watch_value(&c.w, "tcp.rx_bytes"), moved, 0);
	assert_int_equal(watch_status(&c.w)->state, STATUS_ON);
	scatter(&c);
}

/* PAIRS sockets close at once: more last words than are waited for, but what they moved before stays in the sum. */
static void many_that_end_make_it_a_lower_bound(void **state)
{
	struct crowd c;

	(void)state;
	gather(&c);
	actor_do(&c.actor, 'm');
	watch_tick(&c.w);
	actor_do(&c.actor, 'c');
	sleep_ms(50);
	for (int i = 0; i < 10; i++) {
		watch_tick(&c.w);
		if (point_has_value(watch_point(&c.w, "tcp.sockets")))
			break;
	}
	assert_near(watch_value(&c.w, "tcp.tx_bytes"), PAIRS * MOVED, 0);
	assert_near(watch_value(&c.w, "tcp.sockets"), PAIRS, 0);
	assert_int_equal(watch_point(&c.w, "tcp.rx_bytes").state, POINT_PARTIAL);
	assert_int_equal(watch_status(&c.w)->state, STATUS_PARTIAL);
	assert_non_null(strstr(watch_status(&c.w)->why, "connections end"));
	scatter(&c);
}

static int need_files(void **state)
{
	struct rlimit limit;

	(void)state;
	leave_namespace();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_counted),
		cmocka_unit_test(between_two_looks_nothing_is_said),
		cmocka_unit_test(many_that_end_make_it_a_lower_bound),
	};

	return cmocka_run_group_tests(tests, need_files, NULL);
}
