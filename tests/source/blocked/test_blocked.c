/* The source on programs that wait in known ways and count it themselves; on its own user's program as nobody. */
#include "source/blocked/blocked.h"

#include "../../lib/near.h"
#include "base/file.h"
#include "model/tables.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WAITERS 4

#ifdef HAVE_LIBDW
#define PLACE "test_blocked.c:" /* and a line */
#else
#define PLACE ""
#endif

/* ---- programs; each runs in a process of its own until it is killed ---- */

static struct shared {
	atomic_ullong blocked; /* nanoseconds in waits that have ended */
	atomic_bool ready;
} *shared;

static pthread_mutex_t hot = PTHREAD_MUTEX_INITIALIZER, inner = PTHREAD_MUTEX_INITIALIZER;

static void sleep_us(long us)
{
	nanosleep(&(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 }, NULL);
}

static void *hold(void *unused)
{
	prctl(PR_SET_NAME, "own\033[2J\ner");
	for (;;) {
		pthread_mutex_lock(&hot);
		sleep_us(9000);
		pthread_mutex_unlock(&hot);
		sleep_us(1000);
	}
	return unused;
}

static void *want(void *unused)
{
	for (;;) {
		nsec_t begin = clock_now();

		pthread_mutex_lock(&hot);
		atomic_fetch_add(&shared->blocked, clock_now() - begin);
		pthread_mutex_unlock(&hot);
		sleep_us(500);
	}
	return unused;
}

static void *take_inner(void *unused)
{
	prctl(PR_SET_NAME, "second");
	pthread_mutex_lock(&inner);
	pthread_mutex_lock(&hot);
	return unused;
}

static void *take_last(void *unused)
{
	prctl(PR_SET_NAME, "third");
	sleep_us(50000);
	pthread_mutex_lock(&inner);
	return unused;
}

static void *sleep_on(void *unused)
{
	pause();
	return unused;
}

static void *read_from(void *fd)
{
	char byte;

	if (read(*(int *)fd, &byte, 1) == 1)
		return NULL;
	return fd;
}

static pthread_t thread(void *(*run)(void *), void *argument)
{
	pthread_attr_t small;
	pthread_t t;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	if (pthread_create(&t, &small, run, argument))
		_exit(1);
	return t;
}

static void contend(void)
{
	thread(hold, NULL);
	for (int i = 0; i < WAITERS; i++)
		thread(want, NULL);
	sleep_us(20000);
	atomic_store(&shared->ready, true);
}

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;

static void *read_table(void *unused)
{
	pthread_rwlock_rdlock(&table);
	return unused;
}

static void keep_table(void)
{
	pthread_rwlock_wrlock(&table);
	thread(read_table, NULL);
	sleep_us(20000);
	atomic_store(&shared->ready, true);
}

static void chain(void)
{
	pthread_mutex_lock(&hot);
	thread(take_inner, NULL);
	thread(take_last, NULL);
	sleep_us(100000);
	atomic_store(&shared->ready, true);
}

static void wait_for_all_kinds(void)
{
	static int pipes[2], sockets[2];
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

	if (pipe(pipes) || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		_exit(1);
	thread(read_from, &pipes[0]);
	thread(read_from, &sockets[0]);
	prctl(PR_SET_NAME, "waits");
	atomic_store(&shared->ready, true);
	pthread_mutex_lock(&lock);
	pthread_cond_wait(&cond, &lock);
}

static void join(void)
{
	pthread_t t = thread(sleep_on, NULL);

	pthread_setname_np(t, "joined");
	atomic_store(&shared->ready, true);
	pthread_join(t, NULL);
}

static void crowd(void)
{
	for (int i = 0; i < 2000; i++)
		thread(sleep_on, NULL);
	atomic_store(&shared->ready, true);
}

static pid_t start(void (*program)(void))
{
	pid_t pid;

	atomic_store(&shared->ready, false);
	atomic_store(&shared->blocked, 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		program();
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	for (int i = 0; i < 5000 && !atomic_load(&shared->ready); i++)
		sleep_us(1000);
	assert_true(atomic_load(&shared->ready));
	return pid;
}

/* ---- watching one ---- */

struct watched {
	pid_t pid;
	struct target *target;
	struct registry *registry;
	struct source_env env;
	bool wanted[32];
	void *state;
	struct sample *sample;
};

static void watch(struct watched *w, pid_t pid)
{
	const struct source_ops *ops = &source_blocked;
	struct err e;

	memset(w, 0, sizeof *w);
	w->pid = pid;
	w->target = target_open_pids(&pid, 1, &(struct target_options){ .children = true }, &e);
	assert_non_null(w->target);
	w->registry = registry_new();
	assert_true(ops->nmetrics <= sizeof w->wanted);
	memset(w->wanted, true, sizeof w->wanted);
	for (size_t i = 0; i < ops->nmetrics; i++)
		registry_add(w->registry, &ops->metrics[i]);
	w->env = (struct source_env){ .registry = w->registry, .wanted = w->wanted };
	w->state = ops->open(&w->env, w->target, &e);
	assert_non_null(w->state);
}

static void tick(struct watched *w)
{
	sample_free(w->sample);
	target_refresh(w->target);
	w->sample = sample_new(w->registry);
	source_blocked.read(w->state, w->target, w->sample);
}

static void leave(struct watched *w)
{
	sample_free(w->sample);
	source_blocked.close(w->state);
	target_close(w->target);
	registry_free(w->registry);
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
}

static struct point point(const struct watched *w, const char *name)
{
	return w->sample->points[registry_find(w->registry, name)];
}

static const union cell *row_of(const struct watched *w, const struct table_def *def, size_t row)
{
	const struct table *t = sample_find_table(w->sample, def);

	return t && row < t->nrows ? t->cells + row * def->ncolumns : NULL;
}

static double number(const char *after)
{
	return after ? strtod(after + 1, NULL) : 0;
}

static void contention_is_estimated(void **state)
{
	struct watched w;
	const union cell *row;
	double before, truth;
	char holder[64];

	(void)state;
	watch(&w, start(contend));
	tick(&w);
	before = (double)atomic_load(&shared->blocked) / 1e9;
	sleep_us(3000000);
	tick(&w);
	truth = (double)atomic_load(&shared->blocked) / 1e9 - before;
	assert_true(truth > 6); /* of twelve thread-seconds */
	/* At 100 Hz it is within 5 %; a busy machine makes it 20 Hz, at which this is three standard deviations. */
	printf("# estimated %.3f of %.3f s, coverage %.2f\n", point(&w, "lock.wait_seconds").value, truth,
		(double)point(&w, "lock.wait_seconds").coverage);
	assert_near(point(&w, "lock.wait_seconds").value, truth, 0.15 * truth);
	assert_int_equal(point(&w, "lock.wait_seconds").state, POINT_SCALED);
	assert_true(point(&w, "lock.wait_seconds").coverage > 0.02);
	assert_near(point(&w, "thr.lock_seconds").value, point(&w, "lock.wait_seconds").value, 1e-9);

	row = row_of(&w, &table_locks, 0);
	assert_string_equal(row[LOCKS_KIND].text, "mutex");
	assert_string_equal(row[LOCKS_GROUP].text, "lock");
	assert_int_equal(row[LOCKS_PID].number, w.pid);
	snprintf(holder, sizeof holder, "%p", (void *)&hot); /* the program is a copy of this one */
	assert_string_equal(row[LOCKS_ADDR].text, holder);
	assert_non_null(strchr(row[LOCKS_HOLDER].text, '/')); /* mostly the one below: others have it for a moment */
	assert_memory_equal(row_of(&w, &table_lock_pairs, 0)[PAIRS_OWNER].text, "own?[2J?er/", 11);
	assert_true(isnan(row[LOCKS_WAITS].number)); /* how many waits there were, nobody can know */
	assert_true(sample_find_table(w.sample, &table_locks)->sampled);
	leave(&w);
}

/* Of all that was waited, that for the true owner is by far the most: the others hold the lock for no time. */
static void the_owner_is_right(void **state)
{
	double right = 0, all = 0;
	const union cell *row;
	struct watched w;

	(void)state;
	watch(&w, start(contend));
	tick(&w);
	sleep_us(1500000);
	tick(&w);
	for (size_t i = 0; (row = row_of(&w, &table_lock_pairs, i)); i++) {
		all += row[PAIRS_WAIT].number;
		right += strncmp(row[PAIRS_OWNER].text, "own?", 4) == 0 ? row[PAIRS_WAIT].number : 0;
	}
	assert_true(all > 0.5 * point(&w, "lock.wait_seconds").value);
	assert_true(right > 0.6 * all);
	leave(&w);
}

static void chains_are_followed(void **state)
{
	char expected[128];
	const union cell *row;
	struct watched w;

	(void)state;
	watch(&w, start(chain));
	tick(&w);
	sleep_us(500000);
	tick(&w);
	row = row_of(&w, &table_lock_chains, 0);
	assert_non_null(row);
	snprintf(expected, sizeof expected, "third/%d > second/", (int)number(strchr(row[CHAINS_CHAIN].text, '/')));
	assert_memory_equal(row[CHAINS_CHAIN].text, expected, strlen(expected));
	snprintf(expected, sizeof expected, "/%d in pause", (int)w.pid);
	assert_non_null(strstr(row[CHAINS_END].text, expected));
	assert_true(row[CHAINS_WAIT].number > 0.45 && row[CHAINS_WAIT].number < 60); /* since tach looked */
	assert_null(row_of(&w, &table_lock_chains, 1)); /* the shorter one is part of it */
	leave(&w);
}

/* Ticks until something has come out, for ten seconds at most. */
static void tick_until(struct watched *w, bool (*known)(const struct watched *w))
{
	for (int i = 0; i < 200; i++) {
		tick(w);
		if (known(w))
			return;
		sleep_us(50000);
	}
}

static bool are_places_known(const struct watched *w)
{
	const union cell *row = row_of(w, &table_locks, 0);

	return row && row[LOCKS_LOCK].text[0] != '0' && strstr(row[LOCKS_WAITS_AT].text, PLACE) &&
		strstr(row[LOCKS_HELD_AT].text, PLACE);
}

static void locks_have_names_and_places(void **state)
{
	const union cell *row, *chain;
	struct watched w;

	(void)state;
	watch(&w, start(contend));
	tick_until(&w, are_places_known);
	row = row_of(&w, &table_locks, 0);
	assert_string_equal(row[LOCKS_LOCK].text, "hot");
	assert_non_null(strstr(row[LOCKS_WAITS_AT].text, PLACE));
	assert_non_null(strstr(row[LOCKS_HELD_AT].text, PLACE));
	row = row_of(&w, &table_lock_sites, 0);
	assert_non_null(row);
	assert_true(row[SITES_SAMPLES].number >= 1);
	chain = row_of(&w, &table_lock_chains, 0);
	assert_true(!chain || chain[CHAINS_WAIT].number < 0.1); /* the same lock all the time, and each wait is short */
	leave(&w);
}

static bool is_rwlock(const struct watched *w)
{
	const union cell *row = row_of(w, &table_locks, 0);

	return row && strcmp(row[LOCKS_GROUP].text, "lock") == 0;
}

/* It waits as a condition variable does: who called tells. */
static void a_read_write_lock_is_contended_for(void **state)
{
	const union cell *row;
	struct watched w;
	double before;
	nsec_t began;

	(void)state;
	watch(&w, start(keep_table));
	tick_until(&w, is_rwlock);
	before = point(&w, "lock.wait_seconds").value;
	began = clock_now();
	sleep_us(500000);
	tick(&w);
	row = row_of(&w, &table_locks, 0);
	assert_string_equal(row[LOCKS_KIND].text, "rwlock");
	assert_memory_equal(row[LOCKS_LOCK].text, "table", 5);
	assert_near(point(&w, "lock.wait_seconds").value - before, nsec_to_seconds(clock_now() - began), 0.1);
	leave(&w);
}

static void each_wait_has_its_cause(void **state)
{
	const union cell *row;
	struct watched w;
	nsec_t began;
	double took;

	(void)state;
	watch(&w, start(wait_for_all_kinds));
	began = clock_now();
	tick(&w);
	sleep_us(1000000);
	tick(&w);
	took = nsec_to_seconds(clock_now() - began);
	assert_near(point(&w, "thr.net_seconds").value, took, 0.1 * took);
	assert_near(point(&w, "thr.other_seconds").value, took, 0.1 * took); /* the pipe */
	assert_near(point(&w, "thr.idle_seconds").value, took, 0.1 * took);
	assert_true(point(&w, "lock.wait_seconds").value == 0);
	row = row_of(&w, &table_locks, 0);
	assert_string_equal(row[LOCKS_GROUP].text, "work");
	assert_string_equal(row[LOCKS_KIND].text, "cond");
	assert_int_equal(row[LOCKS_WAITERS].number, 1);
	leave(&w);
}

static void a_join_names_who_is_joined(void **state)
{
	const union cell *row;
	struct watched w;

	(void)state;
	watch(&w, start(join));
	tick(&w);
	sleep_us(300000);
	tick(&w);
	row = row_of(&w, &table_locks, 0);
	assert_non_null(row);
	assert_string_equal(row[LOCKS_KIND].text, "join");
	assert_memory_equal(row[LOCKS_LOCK].text, "joined/", 7);
	assert_string_equal(row[LOCKS_GROUP].text, "work");
	leave(&w);
}

/* CPU time of the source in a second, which it spends beside us; the least of three: what others do to this machine's caches
 * is not the source's. */
static double cost(void)
{
	double least = 1;

	for (int i = 0; i < 3; i++) {
		nsec_t cpu = clock_cpu_self();

		sleep_us(1000000); /* nobody else does anything in this process */
		least = fmin(least, nsec_to_seconds(clock_cpu_self() - cpu));
	}
	return least;
}

/* CPU time that it takes to look at each thread once, on this machine, now. */
static double cost_of_all(const struct process *p)
{
	nsec_t cpu = clock_cpu_self();
	char path[64], text[256];

	for (size_t i = 0; i < p->nthreads; i++) {
		snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", (int)p->pid, (int)p->threads[i].tid);
		file_read_at(AT_FDCWD, path, text, sizeof text);
	}
	return nsec_to_seconds(clock_cpu_self() - cpu);
}

static bool are_all_found(const struct watched *w)
{
	size_t n;
	const struct process *p = target_processes(w->target, &n);

	return n == 1 && p->nthreads >= 2000;
}

static void many_threads_stay_in_the_budget(void **state)
{
	struct watched w;
	double before, share, all;
	nsec_t began;
	size_t n;

	(void)state;
	watch(&w, start(crowd));
	tick_until(&w, are_all_found);
	began = clock_now();
	before = point(&w, "thr.sleep_seconds").value;
	sleep_us(500000);
	share = cost();
	all = 20 * cost_of_all(target_processes(w.target, &n));
	printf("# %.2f %% of a CPU for 2,000 threads; 20 looks a second at each would be %.1f %%\n", 100 * share, 100 * all);
	assert_true(share < all / 3);
	tick(&w);
	assert_near((point(&w, "thr.sleep_seconds").value - before) / nsec_to_seconds(clock_now() - began), 2000, 100);
	assert_null(row_of(&w, &table_locks, 0));
	leave(&w);
}

/* Another source's rows come first: what they say decides. */
static void an_exact_count_is_left_alone(void **state)
{
	const struct source_ops *ops = &source_blocked;
	struct watched w;
	metric_id id;

	(void)state;
	watch(&w, start(contend));
	w.env.first = (metric_id)ops->nmetrics; /* as if the rows had been another's */
	for (int round = 0; round < 3; round++) {
		static const enum point_state said[] = { POINT_OK, POINT_GAP, POINT_DENIED };

		sample_free(w.sample);
		target_refresh(w.target);
		w.sample = sample_new(w.registry);
		id = registry_find(w.registry, "lock.wait_seconds");
		sample_put(w.sample, id, said[round] == POINT_OK ? point_of(42) : point_missing(said[round], "no"));
		ops->read(w.state, w.target, w.sample);
		assert_int_equal(point(&w, "lock.wait_seconds").state, said[round] == POINT_DENIED ? POINT_SCALED : said[round]);
		assert_true((sample_find_table(w.sample, &table_locks) != NULL) == (said[round] == POINT_DENIED));
	}
	leave(&w);
}

/* Asks a process of nobody's own: what it says must be 'y'. */
static void ask_nobody(bool (*question)(pid_t pid), pid_t (*begin)(void))
{
	int answers[2], status;
	pid_t pid;
	char answer = 'n';

	if (geteuid() != 0) {
		printf("# skip: only root can become nobody\n");
		skip();
	}
	assert_int_equal(pipe(answers), 0);
	pid = fork();
	if (pid == 0) {
		pid_t program;

		if (setgid(65534) || setuid(65534) || prctl(PR_SET_DUMPABLE, 1))
			_exit(2);
		program = begin();
		answer = question(program) ? 'y' : 'n';
		_exit(write(answers[1], &answer, 1) != 1);
	}
	close(answers[1]);
	assert_int_equal(read(answers[0], &answer, 1), 1);
	close(answers[0]);
	waitpid(pid, &status, 0);
	assert_int_equal(answer, 'y');
}

static pid_t own(void)
{
	return start(contend);
}

static pid_t strangers;

static pid_t another(void)
{
	return strangers;
}

static bool sees_contention(pid_t pid)
{
	struct watched w;
	const union cell *row;
	bool good;

	watch(&w, pid);
	tick(&w);
	sleep_us(1000000);
	tick(&w);
	row = row_of(&w, &table_lock_pairs, 0);
	good = row && strncmp(row[PAIRS_OWNER].text, "own?", 4) == 0 && point(&w, "lock.wait_seconds").value > 2;
	leave(&w);
	return good;
}

static bool is_denied(pid_t pid)
{
	struct watched w;

	watch(&w, pid);
	tick(&w);
	sleep_us(200000);
	tick(&w);
	return point(&w, "lock.wait_seconds").state == POINT_DENIED && !row_of(&w, &table_locks, 0) &&
		w.sample->nstatuses == 1 && w.sample->statuses[0].state == STATUS_DENIED && w.sample->statuses[0].fix[0];
}

static void without_privilege(void **state)
{
	(void)state;
	ask_nobody(sees_contention, own);
}

static void a_strangers_program_is_denied(void **state)
{
	(void)state;
	strangers = start(contend);
	ask_nobody(is_denied, another);
	kill(strangers, SIGKILL);
	waitpid(strangers, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contention_is_estimated),
		cmocka_unit_test(the_owner_is_right),
		cmocka_unit_test(chains_are_followed),
		cmocka_unit_test(locks_have_names_and_places),
		cmocka_unit_test(a_read_write_lock_is_contended_for),
		cmocka_unit_test(each_wait_has_its_cause),
		cmocka_unit_test(a_join_names_who_is_joined),
		cmocka_unit_test(many_threads_stay_in_the_budget),
		cmocka_unit_test(an_exact_count_is_left_alone),
		cmocka_unit_test(without_privilege),
		cmocka_unit_test(a_strangers_program_is_denied),
	};

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
