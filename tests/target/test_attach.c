/* Attaching by pid: who is refused, threads and children that come and go, how an end is told. */
#include "helpers.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static const struct target_options follow = { .children = true }, alone = { .children = false };

static struct target *attach(pid_t pid, const struct target_options *o)
{
	struct err e = { 0 };
	struct target *t = target_open_pids(&pid, 1, o, &e);

	if (!t)
		print_error("%s\n", e.text);
	assert_non_null(t);
	return t;
}

static void assert_refused(pid_t pid, const char *sentence)
{
	struct err e = { 0 };

	assert_null(target_open_pids(&pid, 1, &follow, &e));
	assert_string_equal(e.text, sentence);
}

/* What child and test share: the child does one thing for each number that is asked of it. */
struct shared {
	atomic_int ask, done;
	atomic_int pid, tid;
};

static struct shared *shared;

static int make_shared(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED;
}

static int clear_shared(void **state)
{
	(void)state;
	memset(shared, 0, sizeof *shared);
	return 0;
}

static void ask(int what)
{
	atomic_store(&shared->ask, what);
	wait_until(atomic_load(&shared->done) == what);
}

/* In the child: waits until it is asked for `what`. */
static void await(int what)
{
	while (atomic_load(&shared->ask) < what)
		pause_ms(1);
}

static void *sleep_for_ever(void *tid)
{
	if (tid)
		atomic_store((atomic_int *)tid, (int)syscall(SYS_gettid));
	for (;;)
		pause();
	return NULL;
}

static void start_thread(void *(*run)(void *), void *argument)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	if (pthread_create(&thread, &attr, run, argument) != 0)
		_exit(9);
}

static void pids_that_cannot_be_watched(void **state)
{
	char expected[80];
	pid_t pid = start_child(NULL, NULL);

	(void)state;
	kill(pid, SIGKILL);
	wait_until(state_of(pid) == 'Z');
	snprintf(expected, sizeof expected, "process %d has already ended", (int)pid);
	assert_refused(pid, expected);
	waitpid(pid, NULL, 0);
	snprintf(expected, sizeof expected, "no process %d", (int)pid);
	assert_refused(pid, expected);
	assert_refused(getpid(), "tach cannot watch itself");
}

static void have_a_thread(void *unused)
{
	(void)unused;
	start_thread(sleep_for_ever, &shared->tid);
}

/* In the child: 1 when its own thread is refused as it should be. */
static void try_own_thread(void *unused)
{
	struct err e = { 0 };
	pid_t tid;

	have_a_thread(unused);
	wait_until(atomic_load(&shared->tid) != 0);
	tid = atomic_load(&shared->tid);
	_exit(!target_open_pids(&tid, 1, &follow, &e) && strcmp(e.text, "tach cannot watch itself") == 0);
}

static void a_thread_is_not_a_process(void **state)
{
	char expected[80];
	int status;
	pid_t pid = start_child(have_a_thread, NULL);

	(void)state;
	wait_until(atomic_load(&shared->tid) != 0);
	snprintf(expected, sizeof expected, "%d is a thread of %d; name the process", atomic_load(&shared->tid),
		(int)pid);
	assert_refused(atomic_load(&shared->tid), expected);
	end_child(pid);

	atomic_store(&shared->tid, 0);
	pid = start_child(try_own_thread, NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void a_pid_named_twice_is_watched_once(void **state)
{
	pid_t pids[3] = { start_child(NULL, NULL), start_child(NULL, NULL) };
	struct err e;
	struct target *t;

	(void)state;
	pids[2] = pids[0];
	t = target_open_pids(pids, 3, &alone, &e);
	assert_non_null(t);
	assert_int_equal(count_of(t), 2);
	assert_int_equal(target_processes(t, &(size_t){ 0 })[0].pid, pids[0]);
	assert_true(process_of(t, pids[1])->root);
	assert_int_equal(facts_of(t).pid, pids[0]);
	assert_int_equal(facts_of(t).processes, 2);
	target_close(t);
	end_child(pids[0]);
	end_child(pids[1]);
}

static void a_kernel_thread_may_be_watched(void **state)
{
	struct target *t;
	struct proc_stat st;

	(void)state;
	if (process_peek(2, &st) != 0 || !st.kernel) {
		puts("# skip: no kernel threads are visible here");
		skip();
	}
	t = attach(2, &alone);
	assert_string_equal(facts_of(t).name, "kthreadd");
	assert_string_equal(facts_of(t).cmdline, "");
	assert_int_equal(facts_of(t).threads, 1);
	target_close(t);
}

/* A pid that has another start time by now is another process. */
static void a_reused_pid_is_another_process(void **state)
{
	pid_t pid = start_child(NULL, NULL);
	struct process p;
	uint64_t start;

	(void)state;
	assert_int_equal(process_open(&p, pid, 0), 0);
	start = p.start;
	process_close(&p);
	assert_int_equal(process_open(&p, pid, start), 0);
	process_close(&p);
	assert_int_equal(process_open(&p, pid, start + 1), -1);
	assert_int_equal(errno, ESRCH);
	end_child(pid);
}

/* ---- threads ---- */

static void *end_when_asked(void *number)
{
	await((int)(intptr_t)number);
	return NULL;
}

static void threads_in_steps(void *unused)
{
	(void)unused;
	start_thread(sleep_for_ever, NULL);
	start_thread(end_when_asked, (void *)(intptr_t)2);
	atomic_store(&shared->done, 0);
	await(1);
	start_thread(sleep_for_ever, &shared->tid);
	while (!atomic_load(&shared->tid))
		sched_yield();
	atomic_store(&shared->done, 1);
}

static void threads_are_followed(void **state)
{
	pid_t pid = start_child(threads_in_steps, NULL);
	struct target *t = attach(pid, &alone);
	const struct process *p;
	uint64_t before;

	(void)state;
	refresh_until(t, facts_of(t).threads == 3);
	p = process_of(t, pid);
	assert_int_equal(p->nthreads, 3);
	assert_int_equal(p->threads[0].tid, pid);
	before = target_generation(t);
	target_refresh(t);
	assert_int_equal(target_generation(t), before); /* nothing has changed */

	ask(1);
	target_refresh(t);
	assert_int_equal(p->nthreads, 4);
	assert_int_equal(p->threads[3].tid, atomic_load(&shared->tid));
	assert_int_not_equal(target_generation(t), before);

	atomic_store(&shared->ask, 2);
	refresh_until(t, p->nthreads == 3);
	assert_int_equal(p->threads[2].tid, atomic_load(&shared->tid));
	target_close(t);
	end_child(pid);
}

#define MANY 2500

static void many_threads(void *unused)
{
	(void)unused;
	for (int i = 1; i < MANY; i++)
		start_thread(sleep_for_ever, NULL);
	atomic_store(&shared->done, 1);
	await(2);
	start_thread(sleep_for_ever, &shared->tid);
	while (!atomic_load(&shared->tid))
		sched_yield();
	atomic_store(&shared->done, 2);
}

/* A listing that takes several rounds must be whole before anybody sees it. */
static void many_threads_are_listed_in_parts(void **state)
{
	pid_t pid = start_child(many_threads, NULL);
	struct target *t;
	int rounds = 0;

	(void)state;
	wait_until(atomic_load(&shared->done) == 1);
	t = attach(pid, &follow);
	assert_int_equal(process_of(t, pid)->nthreads, MANY);
	ask(2);
	do {
		target_refresh(t);
		assert_int_equal(facts_of(t).threads, MANY + 1);
		rounds++;
		assert_true(process_of(t, pid)->nthreads == MANY || process_of(t, pid)->nthreads == MANY + 1);
	} while (process_of(t, pid)->nthreads == MANY && rounds < 20);
	assert_in_range(rounds, 2, 6);
	assert_int_equal(process_of(t, pid)->threads[MANY].tid, atomic_load(&shared->tid));
	target_close(t);
	end_child(pid);
}

static void *exec_sleep(void *unused)
{
	await(1);
	execl("/bin/sleep", "sleep", "1000", NULL);
	return unused;
}

static void exec_in_a_thread(void *unused)
{
	(void)unused;
	start_thread(sleep_for_ever, NULL);
	start_thread(exec_sleep, NULL);
}

static void exec_by_another_thread_is_the_same_process(void **state)
{
	pid_t pid = start_child(exec_in_a_thread, NULL);
	struct target *t = attach(pid, &alone);
	uint64_t start = process_of(t, pid)->start;

	(void)state;
	refresh_until(t, facts_of(t).threads == 3);
	atomic_store(&shared->ask, 1);
	refresh_until(t, strcmp(facts_of(t).cmdline, "sleep 1000") == 0);
	assert_string_equal(facts_of(t).name, "sleep");
	assert_int_equal(process_of(t, pid)->nthreads, 1);
	assert_int_equal(process_of(t, pid)->threads[0].tid, pid);
	assert_true(process_of(t, pid)->start == start);
	target_close(t);
	end_child(pid);
}

static void leave_the_leader(void *unused)
{
	(void)unused;
	start_thread(sleep_for_ever, NULL);
	pthread_exit(NULL);
}

static void a_leader_that_ends_first_does_not_end_the_process(void **state)
{
	pid_t pid = start_child(leave_the_leader, NULL);
	struct target *t;

	(void)state;
	wait_until(state_of(pid) == 'Z');
	t = attach(pid, &alone);
	assert_true(target_refresh(t));
	assert_int_equal(facts_of(t).state, TARGET_RUNNING);
	kill(pid, SIGKILL);
	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	target_close(t);
	end_child(pid);
}

/* ---- children ---- */

static void fork_child(void (*act)(void *))
{
	atomic_store(&shared->pid, start_child(act, NULL));
}

static void grandchild_when_asked(void *unused)
{
	(void)unused;
	await(2);
	fork_child(NULL);
	atomic_store(&shared->done, 2);
}

static void child_when_asked(void *unused)
{
	(void)unused;
	await(1);
	fork_child(grandchild_when_asked);
	atomic_store(&shared->done, 1);
}

static void find_children(const struct target_options *o, bool by_scan, size_t expected)
{
	pid_t pid = start_child(child_when_asked, NULL), child;
	struct target *t = attach(pid, o);
	const struct process *p;

	t->scan_proc = by_scan;
	assert_int_equal(count_of(t), 1);
	assert_false(process_of(t, pid)->born);
	ask(1);
	child = atomic_load(&shared->pid);
	ask(2);
	t->scanned = 0;
	target_refresh(t);
	assert_int_equal(count_of(t), expected);
	p = process_of(t, atomic_load(&shared->pid));
	assert_true(expected == 1 || (p && p->parent == child && p->born && !p->root && p->nthreads == 1));
	assert_true(expected == 1 || process_of(t, child)->parent == pid);
	target_close(t);
	end_child(atomic_load(&shared->pid)); /* grandchild: not ours to wait for, waitpid fails */
	end_child(child);
	end_child(pid);
}

static void children_born_later_are_found(void **state)
{
	(void)state;
	find_children(&follow, false, 3);
}

static void children_are_found_without_the_children_file(void **state)
{
	(void)state;
	find_children(&follow, true, 3);
}

static void children_are_left_out_when_not_wanted(void **state)
{
	(void)state;
	find_children(&alone, false, 1);
}

static void *fork_in_thread(void *unused)
{
	await(1);
	fork_child(NULL);
	atomic_store(&shared->done, 1);
	return sleep_for_ever(unused);
}

static void let_a_thread_fork(void *unused)
{
	(void)unused;
	start_thread(fork_in_thread, NULL);
}

static void children_of_threads_are_found(void **state)
{
	pid_t pid = start_child(let_a_thread_fork, NULL);
	struct target *t = attach(pid, &follow);

	(void)state;
	ask(1);
	target_refresh(t);
	assert_int_equal(count_of(t), 2);
	assert_int_equal(process_of(t, atomic_load(&shared->pid))->parent, pid);
	target_close(t);
	kill(atomic_load(&shared->pid), SIGKILL);
	end_child(pid);
}

static void exit_at_once(void *unused)
{
	(void)unused;
	_exit(0);
}

static void leave_a_zombie(void *unused)
{
	pid_t pid = start_child(exit_at_once, NULL);

	(void)unused;
	atomic_store(&shared->pid, pid);
	await(1);
	waitpid(pid, NULL, 0);
	atomic_store(&shared->done, 1);
}

/* A child that lived between two refreshes is seen as a zombie: once, and never again while its parent leaves it. */
static void a_zombie_has_one_round(void **state)
{
	pid_t pid = start_child(leave_a_zombie, NULL), zombie;
	struct target *t;

	(void)state;
	wait_until((zombie = atomic_load(&shared->pid)) && state_of(zombie) == 'Z');
	t = attach(pid, &follow);
	assert_int_equal(count_of(t), 2);
	assert_true(process_of(t, zombie)->gone);
	for (int i = 0; i < 3; i++) {
		target_refresh(t);
		assert_int_equal(count_of(t), 1);
	}
	assert_int_equal(t->nburied, 1);
	ask(1);
	target_refresh(t);
	assert_int_equal(t->nburied, 0); /* its pid may be another's now */
	target_close(t);
	end_child(pid);
}

static void an_ended_process_stays_for_one_refresh(void **state)
{
	pid_t pids[2] = { start_child(NULL, NULL), start_child(NULL, NULL) };
	struct err e;
	struct target *t = target_open_pids(pids, 2, &alone, &e);
	uint64_t before = target_generation(t);

	(void)state;
	end_child(pids[1]);
	assert_true(target_refresh(t));
	assert_int_equal(count_of(t), 2);
	assert_true(process_of(t, pids[1])->gone);
	assert_false(process_of(t, pids[0])->gone);
	assert_int_equal(facts_of(t).processes, 1);
	assert_true(target_generation(t) > before);
	before = target_generation(t);
	assert_true(target_refresh(t));
	assert_int_equal(count_of(t), 1);
	assert_true(target_generation(t) > before);
	target_close(t);
	end_child(pids[0]);
}

/* ---- facts ---- */

static void take_a_hostile_name(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "x) Z 1\n\x1b[\xff");
	atomic_store(&shared->done, 1);
}

static void a_hostile_name_is_cleaned(void **state)
{
	pid_t pid = start_child(take_a_hostile_name, NULL);
	struct target *t;

	(void)state;
	wait_until(atomic_load(&shared->done) == 1);
	t = attach(pid, &alone);
	assert_true(target_refresh(t));
	assert_string_equal(facts_of(t).name, "x) Z 1??[?");
	target_close(t);
	end_child(pid);
}

static void facts_tell_start_and_host(void **state)
{
	nsec_t now = clock_wall();
	pid_t pid = start_child(NULL, NULL);
	struct target *t = attach(pid, &alone);
	struct target_facts f = facts_of(t);
	char host[65];

	(void)state;
	gethostname(host, sizeof host);
	assert_string_equal(f.host, host);
	assert_int_equal(f.pid, pid);
	assert_int_equal(f.state, TARGET_RUNNING);
	assert_int_equal(f.exit_status, -1);
	assert_string_equal(f.ended, "");
	assert_true(f.started_wall + 50 * NSEC_PER_MSEC > now && f.started_wall < now + 2 * NSEC_PER_SEC);
	assert_non_null(strstr(f.cmdline, "test_attach"));
	target_close(t);
	end_child(pid);
}

static void exit_when_asked(void *status)
{
	await(1);
	_exit((int)(intptr_t)status);
}

/* The test is the parent here, so it decides when the zombie goes. */
static void the_status_of_anothers_zombie_is_read(void **state)
{
	pid_t pid = start_child(exit_when_asked, (void *)(intptr_t)7);
	struct target *t = attach(pid, &alone);

	(void)state;
	atomic_store(&shared->ask, 1);
	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	assert_int_equal(facts_of(t).exit_status, 7);
	assert_string_equal(facts_of(t).ended, "exited with status 7");
	assert_true(process_of(t, pid)->gone);
	target_close(t);
	end_child(pid);
}

static void the_status_of_a_process_that_is_no_more(void **state)
{
	pid_t pid = start_child(NULL, NULL);
	struct target *t = attach(pid, &alone);
	struct target_facts f;

	(void)state;
	end_child(pid);
	assert_false(target_refresh(t));
	f = facts_of(t);
	assert_int_equal(f.state, TARGET_ENDED);
	if (f.exit_status == -1) { /* before Linux 6.15 */
		assert_string_equal(f.ended, "ended; its exit status is known to its parent only");
	} else {
		assert_int_equal(f.exit_status, 137);
		assert_string_equal(f.ended, "killed by SIGKILL");
	}
	assert_false(target_refresh(t));
	assert_int_equal(count_of(t), 0);
	target_close(t);
}

#define T(test) cmocka_unit_test_setup(test, clear_shared)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pids_that_cannot_be_watched),
		T(a_thread_is_not_a_process),
		T(a_pid_named_twice_is_watched_once),
		T(a_kernel_thread_may_be_watched),
		T(a_reused_pid_is_another_process),
		T(threads_are_followed),
		T(many_threads_are_listed_in_parts),
		T(exec_by_another_thread_is_the_same_process),
		T(a_leader_that_ends_first_does_not_end_the_process),
		T(children_born_later_are_found),
		T(children_are_found_without_the_children_file),
		T(children_are_left_out_when_not_wanted),
		T(children_of_threads_are_found),
		T(a_zombie_has_one_round),
		T(an_ended_process_stays_for_one_refresh),
		T(a_hostile_name_is_cleaned),
		T(facts_tell_start_and_host),
		T(the_status_of_anothers_zombie_is_read),
		T(the_status_of_a_process_that_is_no_more),
	};

	return cmocka_run_group_tests(tests, make_shared, NULL);
}
