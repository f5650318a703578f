/* Threads: the table against /proc, sums that are complete, threads that end, and five thousand of them. */
#include "live.h"

#include "source/proc/threads.h"

#include <dirent.h>
#include <pthread.h>

#define MANY 5000
#define BUSY 3

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void *busy(void *unused)
{
	pthread_setname_np(pthread_self(), "busy");
	for (;;)
		usleep(2000);
	return unused;
}

static void *burner(void *name)
{
	pthread_setname_np(pthread_self(), name);
	burn(0.2);
	return name;
}

static void start(pthread_t *out, void *(*body)(void *), void *argument)
{
	pthread_attr_t small;
	pthread_t ignored;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	if (pthread_create(out ? out : &ignored, &small, body, argument) != 0)
		_exit(1);
	pthread_attr_destroy(&small);
}

static void many(int line)
{
	char order;

	while ((order = order_next(line))) {
		char name[] = "b\x1b[2Jrn";
		pthread_t t;

		if (order == 'm')
			for (int i = 0; i < MANY; i++)
				start(NULL, i < BUSY ? busy : sleeper, NULL);
		if (order == 't')
			start(NULL, sleeper, NULL);
		if (order == 'b') {
			start(&t, burner, name);
			pthread_join(t, NULL);
		}
		if (order == 'B')
			burn(0.2);
		order_done(line);
	}
}

static int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static const struct table *table_of(const struct live *l)
{
	assert_int_equal(l->sample->ntables, 1);
	assert_string_equal(l->sample->tables[0].def->name, "threads");
	return &l->sample->tables[0];
}

static size_t column(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->def->ncolumns; i++)
		if (strcmp(t->def->columns[i].name, name) == 0)
			return i;
	fail();
	return 0;
}

static const union cell *cell(const struct table *t, size_t row, const char *name)
{
	return &t->cells[row * t->def->ncolumns + column(t, name)];
}

static void attach(struct live *l, struct actor *a)
{
	*a = actor_start(many);
	actor_do(a, '-');
	live_attach(l, a->pid, true, NULL);
	live_tick(l);
}

static void a_row_is_what_the_files_of_the_thread_say(void **state)
{
	struct actor a;
	struct live l;
	const struct table *t;
	struct proc_stat st;

	(void)state;
	attach(&l, &a);
	actor_do(&a, 'B');
	sleep_ms(20); /* until it waits again */
	live_tick(&l);
	t = table_of(&l);
	st = proc_stat_of(a.pid);
	assert_int_equal(t->nrows, 1);
	assert_int_equal(t->left_out, 0);
	assert_true(t->keys[0] == (st.starttime << 22 | (uint64_t)a.pid));
	assert_near(cell(t, 0, "pid")->number, a.pid, 0);
	assert_near(cell(t, 0, "tid")->number, a.pid, 0);
	assert_string_equal(cell(t, 0, "name")->text, st.comm);
	assert_string_equal(cell(t, 0, "state")->text, "S");
	assert_near(cell(t, 0, "cpu")->number, st.processor, 0);
	assert_near(cell(t, 0, "run_seconds")->number, 0.2, 0.01);
	assert_near(cell(t, 0, "user_seconds")->number + cell(t, 0, "system_seconds")->number, 0.2, 0.01);
	assert_true(cell(t, 0, "runqueue_seconds")->number >= 0);
	assert_near(cell(t, 0, "switches_voluntary")->number, live_value(&l, "cpu.switches_voluntary"), 0);
	live_close(&l);
	actor_end(&a);
}

/* Whoever ended was counted as far as it was seen, and the process's own total has all of it. */
static void a_thread_that_ended_is_not_lost(void **state)
{
	struct actor a;
	struct live l;
	double before;

	(void)state;
	attach(&l, &a);
	before = live_value(&l, "cpu.run_seconds");
	actor_do(&a, 'b'); /* begins and ends between two ticks */
	live_tick(&l);
	assert_near(live_value(&l, "cpu.run_seconds") - before, 0.2, 0.01);
	actor_tell(&a, 'b');
	sleep_ms(100);
	live_tick(&l);
	assert_int_equal(table_of(&l)->nrows, 2);
	assert_string_equal(cell(table_of(&l), 1, "name")->text, "b?[2Jrn"); /* names are hostile */
	actor_hear(&a, &(char){ 0 }, 1);
	before = live_value(&l, "thr.user_seconds");
	live_tick(&l);
	assert_int_equal(table_of(&l)->nrows, 1);
	assert_true(live_value(&l, "thr.user_seconds") >= before);
	assert_int_equal(live_point(&l, "thr.user_seconds").state, POINT_PARTIAL);
	live_tick(&l);
	assert_int_equal(live_point(&l, "thr.user_seconds").state, POINT_OK);
	live_close(&l);
	actor_end(&a);
}

static double all_parts(const struct live *l)
{
	return live_value(l, "thr.user_seconds") + live_value(l, "thr.system_seconds") +
		live_value(l, "thr.runqueue_seconds") + live_value(l, "thr.wait_seconds") +
		(live_point(l, "thr.io_seconds").state == POINT_OK ? live_value(l, "thr.io_seconds") : 0);
}

static void time_is_threads_times_time(void **state)
{
	struct actor a;
	struct live l;
	double begin[2], end[2], before, parts;

	(void)state;
	attach(&l, &a);
	for (int i = 0; i < 9; i++)
		actor_do(&a, 't');
	/* A tick reads at some time while it lasts. */
	begin[0] = now_seconds();
	live_tick(&l);
	begin[1] = now_seconds();
	before = all_parts(&l);
	actor_do(&a, 'B');
	sleep_ms(100);
	end[0] = now_seconds();
	live_tick(&l);
	end[1] = now_seconds();
	parts = all_parts(&l) - before;
	assert_true(parts >= 10 * (end[0] - begin[1]) - 0.01);
	assert_true(parts <= 10 * (end[1] - begin[0]) + 0.01);
	assert_true(live_value(&l, "thr.user_seconds") > 0.15);
	live_close(&l);
	actor_end(&a);
}

#define TIDS (1 << 22) /* the kernel gives none above */

/* Marks the rows of a tick; *found grows by those that were not marked before. Returns how many are called "busy". */
static int take_rows(const struct table *t, bool *seen, int *found)
{
	int n = 0;

	for (size_t i = 0; i < t->nrows; i++) {
		int tid = (int)cell(t, i, "tid")->number;

		assert_in_range(tid, 1, TIDS - 1);
		*found += !seen[tid];
		seen[tid] = true;
		n += strcmp(cell(t, i, "name")->text, "busy") == 0;
	}
	return n;
}

static void five_thousand_threads_take_turns(void **state)
{
	bool *seen = calloc(TIDS, 1);
	struct actor a;
	struct live l;
	int before = descriptors(), ticks = 0, found = 0, busy_rows = 0;

	(void)state;
	attach(&l, &a);
	actor_do(&a, 'm');
	while (ticks++ < 100 && (live_tick(&l), live_value(&l, "cpu.threads") < MANY + 1))
		;
	assert_near(live_value(&l, "cpu.threads"), MANY + 1, 0);
	for (ticks = 0; ticks < 60 && found < MANY + 1; ticks++) {
		const struct table *t;

		sleep_ms(5);
		live_tick(&l);
		t = table_of(&l);
		assert_in_range(t->nrows, THREADS_LEAST, THREADS_A_TICK);
		assert_int_equal(t->nrows + t->left_out, MANY + 1);
		assert_int_equal(live_point(&l, "cpu.runqueue_seconds").state, POINT_PARTIAL);
		assert_int_equal(live_status(&l, "threads")->state, STATUS_PARTIAL);
		assert_int_equal(live_point(&l, "cpu.run_seconds").state, POINT_OK); /* from the process's own clock */
		take_rows(t, seen, &found);
	}
	printf("# %d of %d threads read in %d ticks\n", found, MANY + 1, ticks);
	assert_int_equal(found, MANY + 1);
	for (int i = 0; i < 12; i++) { /* a second turn shows who runs */
		sleep_ms(5);
		live_tick(&l);
	}
	for (int i = 0; i < 10; i++) { /* and those are read every time, unless a busy machine keeps them from running */
		sleep_ms(20);
		live_tick(&l);
		busy_rows += take_rows(table_of(&l), seen, &found);
	}
	assert_in_range(busy_rows, 20, 10 * BUSY);
	assert_true(descriptors() - before < 1100);
	live_close(&l);
	assert_in_range(descriptors(), before - 4, before + 4);
	actor_end(&a);
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_what_the_files_of_the_thread_say),
		cmocka_unit_test(a_thread_that_ended_is_not_lost),
		cmocka_unit_test(time_is_threads_times_time),
		cmocka_unit_test(five_thousand_threads_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
