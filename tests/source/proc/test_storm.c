/* Totals under a storm of short-lived children: they never fall, and at its end they are what getrusage() says. */
#include "live.h"

#include <sys/mman.h>
#include <sys/resource.h>

/* A fork of a program under the address sanitizer costs forty times as much. */
#ifdef __SANITIZE_ADDRESS__
#define FORKS 40
#else
#define FORKS 1000
#endif
#define TICK 0.01

/* Of a process and the children that it waited for. */
struct use {
	double cpu;
	long minor;
};

static void add_use(struct use *u, int who)
{
	struct rusage r;

	getrusage(who, &r);
	u->cpu += (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + 1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
	u->minor += r.ru_minflt;
}

static struct use use_of(const struct actor *a)
{
	struct use u;

	actor_tell(a, 'u');
	actor_hear(a, &u, sizeof u);
	return u;
}

static void child_life(int i)
{
	char *page = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t k = 0; k < 16; k++)
		page[k * 4096] = 1;
	burn(0.0003);
	if (i % 100 == 0) /* some live long enough to be seen */
		sleep_ms(150);
	_exit(0);
}

/* A thousand children a second, each waited for: half of them by a shell in between. */
static void storm(int line)
{
	char order;

	while ((order = order_next(line))) {
		struct use u = { .cpu = 0 };

		add_use(&u, RUSAGE_SELF);
		add_use(&u, RUSAGE_CHILDREN);
		if (order == 'u' && write(line, &u, sizeof u) != sizeof u)
			_exit(1);
		if (order == 'u')
			continue;
		for (int i = 0; i < FORKS; i++) {
			double begin = now_seconds();

			if (fork() == 0) {
				if (i % 2 && fork() != 0) {
					wait(NULL);
					_exit(0);
				}
				child_life(i);
			}
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			if (now_seconds() - begin < 0.001)
				usleep((useconds_t)(1e6 * (0.001 - (now_seconds() - begin))));
		}
		while (wait(NULL) > 0)
			;
		order_done(line);
	}
}

/* The same, but nobody waits. */
static void careless(int line)
{
	signal(SIGCHLD, SIG_IGN);
	while (order_next(line) == 's') {
		for (int i = 0; i < 100; i++) {
			if (fork() == 0)
				child_life(i);
			usleep(1000);
		}
		sleep_ms(200);
		order_done(line);
	}
}

/* Waits for a byte, having used CPU time and memory. */
static void live_until_told(int line)
{
	char byte;

	burn(0.05);
	if (read(line, &byte, 1) == 1)
		child_life(1);
}

/* Gets its grandchild when the child between ends, and waits for both; each order is one of these steps. */
static void adopter(int line)
{
	int between[2], grand[2];

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe(between) != 0 || pipe(grand) != 0)
		_exit(1);
	order_next(line);
	order_done(line);
	order_next(line);
	if (fork() == 0) {
		if (fork() == 0)
			live_until_told(grand[0]);
		live_until_told(between[0]);
	}
	order_done(line);
	for (int step = 0; step < 2; step++) {
		order_next(line);
		if (write((step == 0 ? between : grand)[1], "", 1) != 1)
			_exit(1);
		wait(NULL);
		order_done(line);
	}
	order_next(line);
}

static const char *const names[] = { "cpu.user_seconds", "cpu.system_seconds", "mem.faults_minor", "mem.faults_major",
	"cpu.run_seconds", "cpu.runqueue_seconds", "cpu.switches_voluntary", "thr.wait_seconds", "io.read_bytes" };
#define NAMES (sizeof names / sizeof names[0])

/* Ticks until the actor is done; nothing may fall meanwhile. Returns how many ticks were said to be lower bounds. */
static int tick_until_done(struct live *l, const struct actor *a)
{
	double last[NAMES] = { 0 };
	int partial = 0;

	for (;;) {
		char done;

		live_tick(l);
		for (size_t i = 0; i < NAMES; i++) {
			double v = live_value(l, names[i]);

			if (v < last[i])
				printf("# %s fell from %.9g to %.9g\n", names[i], last[i], v);
			assert_true(v >= last[i]);
			last[i] = v;
		}
		partial += live_point(l, "cpu.run_seconds").state == POINT_PARTIAL;
		if (recv(a->line, &done, 1, MSG_DONTWAIT) == 1)
			break;
		sleep_ms(20);
	}
	return partial;
}

static void a_storm_of_forks_is_counted_to_the_last(void **state)
{
	struct actor a = actor_start(storm);
	struct proc_stat before, after;
	struct use begin, end;
	struct live l;

	(void)state;
	use_of(&a); /* it has begun */
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	before = proc_stat_of(a.pid);
	begin = use_of(&a);
	actor_tell(&a, 's');
	tick_until_done(&l, &a);
	end = use_of(&a);
	live_tick(&l);
	live_tick(&l);
	after = proc_stat_of(a.pid);
	assert_near(live_value(&l, "mem.faults_minor"),
		(double)(after.minflt + after.cminflt - before.minflt - before.cminflt), 0);
	assert_true(live_value(&l, "mem.faults_minor") > FORKS * 16);
	assert_near(live_value(&l, "cpu.user_seconds"),
		(double)(after.utime + after.cutime - before.utime - before.cutime) * TICK, 1e-9);
	assert_near(live_value(&l, "cpu.system_seconds"),
		(double)(after.stime + after.cstime - before.stime - before.cstime) * TICK, 1e-9);
	assert_near(live_value(&l, "mem.faults_minor"), (double)(end.minor - begin.minor), 8);
	assert_near(live_value(&l, "cpu.user_seconds") + live_value(&l, "cpu.system_seconds"), end.cpu - begin.cpu, 4 * TICK);
	assert_true(end.cpu - begin.cpu > FORKS * 0.0003);
	assert_near(live_value(&l, "cpu.processes"), 1, 0);
	live_close(&l);
	actor_end(&a);
}

static void without_children_only_its_own_counts(void **state)
{
	struct actor a = actor_start(storm);
	struct proc_stat before, after;
	struct live l;

	(void)state;
	use_of(&a);
	live_attach(&l, a.pid, false, NULL);
	live_tick(&l);
	before = proc_stat_of(a.pid);
	actor_do(&a, 's');
	live_tick(&l);
	after = proc_stat_of(a.pid);
	assert_near(live_value(&l, "mem.faults_minor"), (double)(after.minflt - before.minflt), 0);
	assert_near(live_value(&l, "cpu.user_seconds"), (double)(after.utime - before.utime) * TICK, 1e-9);
	assert_true(after.cminflt - before.cminflt > FORKS * 16);
	live_close(&l);
	actor_end(&a);
}

static void what_careless_parents_lose_is_not_lost_when_seen(void **state)
{
	struct actor a = actor_start(careless);
	struct proc_stat before, after;
	int partial;
	struct live l;

	(void)state;
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	before = proc_stat_of(a.pid);
	actor_tell(&a, 's');
	partial = tick_until_done(&l, &a);
	live_tick(&l);
	after = proc_stat_of(a.pid);
	assert_int_equal(after.cminflt, before.cminflt);
	assert_true(partial > 0);
	assert_true(live_value(&l, "mem.faults_minor") > (double)(after.minflt - before.minflt) + 16);
	live_close(&l);
	actor_end(&a);
}

static void who_is_adopted_is_counted_once(void **state)
{
	static const double alive[] = { 3, 2, 1 };
	struct actor a = actor_start(adopter);
	struct proc_stat before, after;
	struct live l;

	(void)state;
	actor_do(&a, 'b');
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	before = proc_stat_of(a.pid);
	for (int step = 0; step < 3; step++) {
		actor_do(&a, 's');
		sleep_ms(200);
		for (int i = 0; i < 3; i++)
			live_tick(&l);
		assert_near(live_value(&l, "cpu.processes"), alive[step], 0);
	}
	after = proc_stat_of(a.pid);
	assert_near(live_value(&l, "mem.faults_minor"),
		(double)(after.minflt + after.cminflt - before.minflt - before.cminflt), 0);
	live_close(&l);
	actor_end(&a);
}

#define CROWD 1100 /* more than are read in one tick */

static void crowd(int line)
{
	order_next(line);
	for (int i = 0; i < CROWD; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			sleep(60);
			_exit(0);
		}
	order_done(line);
	order_next(line);
}

/* Every process of the target and the actor itself. */
static double resident(const struct live *l)
{
	double sum = 0;
	size_t n;
	const struct process *p = target_processes(l->target, &n);

	for (; n; n--, p++)
		sum += 1024.0 * (double)proc_key(p->pid, "status", "VmRSS");
	return sum;
}

static void a_crowd_takes_turns(void **state)
{
	struct actor a = actor_start(crowd);
	struct live l;
	double user = 0;

	(void)state;
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	actor_do(&a, 'f');
	live_tick(&l);
	assert_near(live_value(&l, "cpu.processes"), CROWD + 1, 0);
	assert_int_equal(live_point(&l, "cpu.system_seconds").state, POINT_PARTIAL);
	assert_int_equal(live_point(&l, "mem.rss_bytes").state, POINT_PARTIAL);
	for (int i = 0; i < 40; i++) {
		live_tick(&l);
		assert_true(live_value(&l, "cpu.user_seconds") >= user);
		user = live_value(&l, "cpu.user_seconds");
	}
	assert_int_equal(live_point(&l, "mem.rss_bytes").state, POINT_OK);
	assert_near(live_value(&l, "mem.rss_bytes") / resident(&l), 1, 0.02);
	live_close(&l);
	actor_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storm_of_forks_is_counted_to_the_last),
		cmocka_unit_test(without_children_only_its_own_counts),
		cmocka_unit_test(who_is_adopted_is_counted_once),
		cmocka_unit_test(a_crowd_takes_turns),
		cmocka_unit_test(what_careless_parents_lose_is_not_lost_when_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
