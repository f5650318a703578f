/* The thread that finds names: asked now, answered later, never waited for; what does not fit is counted. */
#include "../lib/threads.h"
#include "live.h"

#include "symbol/worker.h"

#include <linux/capability.h>
#include <poll.h>

struct job {
	struct live live;
	struct symbol_worker *worker;
};

static void begin(struct job *j)
{
	const char *argv[] = { NULL, "rest", NULL };
	char program[256];
	struct err e;
	int dir;

	subject_path(program, sizeof program, "fp");
	argv[0] = program;
	live_start(&j->live, argv);
	j->worker = symbol_worker_start(&e);
	assert_non_null(j->worker);
	dir = open_proc(child_pid(j->live.child));
	symbol_worker_know(j->worker, child_pid(j->live.child), dir);
	close(dir);
}

static void end(struct job *j)
{
	symbol_worker_stop(j->worker);
	child_free(j->live.child);
}

static struct symbol_key key_of(const struct job *j, enum symbol_ask ask, uint64_t id)
{
	return (struct symbol_key){ child_pid(j->live.child), ask, id };
}

/* The caller frees it. */
static struct symbol_result *wait_for(struct job *j, struct symbol_key key)
{
	struct symbol_result *r = NULL;
	enum symbol_state state = SYMBOL_STATE_WAITS;

	for (int i = 0; i < 1000 && state == SYMBOL_STATE_WAITS; i++) {
		state = symbol_worker_take(j->worker, key, &r);
		if (state == SYMBOL_STATE_WAITS)
			poll(NULL, 0, 10);
	}
	assert_int_equal(state, SYMBOL_STATE_DONE);
	assert_non_null(r);
	return r;
}

static void a_name_comes_later(void **state)
{
	struct symbol_result *r, *none;
	struct symbol_key key;
	struct symbol_counts counts;
	struct job j;

	(void)state;
	begin(&j);
	key = key_of(&j, SYMBOL_ASK_NAME, live_address(&j.live, "conn_tbl"));
	assert_int_equal(symbol_worker_take(j.worker, key, &r), SYMBOL_STATE_NONE);
	assert_null(r);
	assert_true(symbol_worker_ask(j.worker, key));
	assert_true(symbol_worker_ask(j.worker, key)); /* twice is once */
	r = wait_for(&j, key);
	assert_int_equal(r->count, 1);
	assert_int_equal(r->names[0].kind, SYMBOL_OBJECT);
	assert_string_equal(r->names[0].name, "conn_tbl");
	free(r);
	assert_int_equal(symbol_worker_take(j.worker, key, &none), SYMBOL_STATE_NONE); /* it was taken */
	symbol_worker_counts(j.worker, &counts);
	assert_int_equal(counts.answered, 1);
	assert_int_equal(counts.refused, 0);
	assert_int_equal(counts.processes, 1);
	assert_true(counts.bytes > 0);
	assert_true(counts.cpu > 0);
	end(&j);
}

static void a_line_comes_with_its_name(void **state)
{
	struct symbol_result *r;
	struct symbol_key key;
	struct job j;

	(void)state;
	begin(&j);
	key = key_of(&j, SYMBOL_ASK_LINE, live_address(&j.live, "outer") + 4);
	assert_true(symbol_worker_ask(j.worker, key));
	r = wait_for(&j, key);
	assert_string_equal(r->names[0].name, "outer");
	assert_true(r->has_line);
	assert_non_null(strstr(r->line.file, "subject.c"));
	assert_string_equal(r->why, "");
	free(r);
	key.id = 8;
	assert_true(symbol_worker_ask(j.worker, key));
	r = wait_for(&j, key);
	assert_false(r->has_line);
	assert_string_equal(r->why, "not mapped");
	assert_string_equal(r->names[0].why, "not mapped");
	free(r);
	end(&j);
}

/* As the kernel gives it: the address, then return addresses, which belong to the instruction before. */
static void frames_get_their_names(void **state)
{
	struct symbol_result *r;
	struct symbol_key key;
	uint64_t pcs[3];
	struct job j;

	(void)state;
	begin(&j);
	pcs[0] = live_address(&j.live, "inner");
	pcs[1] = live_address(&j.live, "outer") + 9;
	pcs[2] = live_address(&j.live, "cxx") + 1;
	key = key_of(&j, SYMBOL_ASK_STACK, 77);
	assert_true(symbol_worker_ask_frames(j.worker, key, pcs, 3));
	r = wait_for(&j, key);
	assert_int_equal(r->count, 3);
	assert_string_equal(r->names[0].name, "inner");
	assert_int_equal(r->names[0].offset, 0);
	assert_string_equal(r->names[1].name, "outer");
	assert_int_equal(r->names[1].offset, 8);
	assert_int_equal(r->names[2].offset, 0);
	free(r);
	end(&j);
}

static void a_stack_is_unwound(void **state)
{
	struct symbol_regs regs = { { 0 } };
	uint64_t stack[16] = { 0 };
	struct symbol_result *r;
	struct symbol_key key;
	struct job j;

	(void)state;
	begin(&j);
	key = key_of(&j, SYMBOL_ASK_STACK, 78);
#if defined(__x86_64__)
	regs.word[16] = live_address(&j.live, "inner"); /* its first instruction: the caller is on top of the stack */
	regs.word[19] = 0x7fff0000;
	stack[0] = live_address(&j.live, "outer") + 9;
#else
	regs.word[32] = live_address(&j.live, "inner");
	regs.word[31] = 0x7fff0000;
	regs.word[30] = live_address(&j.live, "outer") + 9;
#endif
	assert_true(symbol_worker_ask_stack(j.worker, key, &regs, stack, sizeof stack, 0x7fff0000));
	r = wait_for(&j, key);
	assert_string_equal(r->names[0].name, "inner");
#ifdef HAVE_LIBDW
	assert_true(r->count >= 2);
	assert_string_equal(r->names[1].name, "outer");
	assert_int_equal(r->names[1].offset, 8);
#endif
	assert_false(r->unwound.whole);
	assert_string_not_equal(r->unwound.why, "");
	free(r);
	end(&j);
}

static void a_process_that_nobody_told_of(void **state)
{
	struct symbol_result *r;
	struct symbol_key key = { 1, SYMBOL_ASK_NAME, 0x1000 };
	struct job j;

	(void)state;
	begin(&j);
	assert_true(symbol_worker_ask(j.worker, key));
	r = wait_for(&j, key);
	assert_int_equal(r->names[0].kind, SYMBOL_UNKNOWN);
	assert_string_equal(r->names[0].why, "the process is not known: it has ended");
	free(r);
	end(&j);
}

static void what_was_asked_before_the_end_is_answered(void **state)
{
	struct symbol_result *r;
	struct symbol_counts counts;
	struct symbol_key key;
	struct job j;
	int dir;

	(void)state;
	begin(&j);
	key = key_of(&j, SYMBOL_ASK_NAME, live_address(&j.live, "inner"));
	assert_true(symbol_worker_ask(j.worker, key));
	symbol_worker_forget(j.worker, key.pid);
	r = wait_for(&j, key);
	assert_string_equal(r->names[0].name, "inner");
	free(r);
	symbol_worker_counts(j.worker, &counts);
	assert_int_equal(counts.processes, 0);
	dir = open_proc(key.pid); /* another with the same pid */
	symbol_worker_know(j.worker, key.pid, dir);
	symbol_worker_know(j.worker, key.pid, dir);
	symbol_worker_exec(j.worker, key.pid);
	close(dir);
	symbol_worker_counts(j.worker, &counts);
	assert_int_equal(counts.processes, 1);
	assert_true(symbol_worker_ask(j.worker, key));
	r = wait_for(&j, key);
	assert_string_equal(r->names[0].name, "inner");
	free(r);
	end(&j);
}

/* Far more questions than there is room for: none is lost without being counted. */
static void what_does_not_fit_is_counted(void **state)
{
	static char stack[SYMBOL_STACK_BYTES];
	struct symbol_regs regs = { { 0 } };
	struct symbol_counts counts;
	uint64_t taken = 0, refused = 0;
	struct job j;

	(void)state;
	begin(&j);
	for (uint64_t i = 0; i < 3000; i++) {
		struct symbol_key key = key_of(&j, SYMBOL_ASK_NAME, live_address(&j.live, "inner") + i);

		if (symbol_worker_ask(j.worker, key))
			taken++;
		else
			refused++;
	}
	for (uint64_t i = 0; i < 100; i++)
		if (symbol_worker_ask_stack(j.worker, key_of(&j, SYMBOL_ASK_STACK, i), &regs, stack, sizeof stack, 0x1000))
			taken++;
		else
			refused++;
	do {
		symbol_worker_counts(j.worker, &counts);
		assert_true(counts.waiting <= SYMBOL_WAITING);
		assert_true(counts.done <= SYMBOL_DONE);
		poll(NULL, 0, 5);
	} while (counts.answered < taken);
	assert_int_equal(counts.answered, taken);
	assert_int_equal(counts.refused, refused);
	assert_int_equal(counts.done + counts.untaken, taken);
	assert_int_equal(counts.waiting, 0);
	end(&j);
}

/* A function of the kernel with its address, by /proc/kallsyms; 0: hidden. */
static uint64_t kernel_function(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[1024], found[512], type;
	unsigned long long at = 0;

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%llx %c %511s", &at, &type, found) == 3 && strcmp(found, name) == 0)
			break;
	if (f)
		fclose(f);
	return at;
}

static void the_kernel_has_names(void **state)
{
	uint64_t schedule = kernel_function("schedule"), frames[2] = { schedule, schedule + 1 };
	struct symbol_key key = { SYMBOL_KERNEL, SYMBOL_ASK_NAME, schedule + 4 };
	struct symbol_key other = { SYMBOL_KERNEL, SYMBOL_ASK_NAME, 8 }, stack = { SYMBOL_KERNEL, SYMBOL_ASK_STACK, 1 };
	struct symbol_result *r;
	struct job j;

	(void)state;
	if (!schedule) {
		printf("# skip: the kernel hides its addresses\n");
		skip();
	}
	begin(&j);
	assert_true(symbol_worker_ask(j.worker, key));
	assert_true(symbol_worker_ask(j.worker, other));
	assert_true(symbol_worker_ask_frames(j.worker, stack, frames, 2));
	r = wait_for(&j, stack);
	assert_int_equal(r->count, 2);
	assert_string_equal(r->names[0].name, "schedule");
	assert_int_equal(r->names[1].offset, 0);
	free(r);
	r = wait_for(&j, key);
	assert_string_equal(r->names[0].name, "schedule");
	assert_string_equal(r->names[0].module, "kernel");
	assert_int_equal(r->names[0].offset, 4);
	free(r);
	r = wait_for(&j, other);
	assert_int_equal(r->names[0].kind, SYMBOL_UNKNOWN);
	assert_string_equal(r->names[0].why, "no symbol of the kernel is near");
	free(r);
	end(&j);
}

static void the_thread_keeps_few_rights(void **state)
{
	const uint64_t kept = (uint64_t)1 << CAP_SYS_PTRACE | (uint64_t)1 << CAP_DAC_READ_SEARCH |
		(uint64_t)1 << CAP_CHECKPOINT_RESTORE | (uint64_t)1 << CAP_SYSLOG;
	pid_t before[16], tid;
	size_t n = threads_list(before, 16);
	struct job j;

	(void)state;
	begin(&j);
	assert_true(thread_keeps_only(before, n, kept, &tid));
	end(&j);
}

/* However many questions there are; a second's worth of it may have been saved before. */
static void questions_take_a_tenth_of_a_cpu(void **state)
{
	nsec_t begun = clock_now();
	struct symbol_counts counts;
	struct job j;

	(void)state;
	begin(&j);
	for (uint64_t i = 1; clock_now() - begun < 3 * NSEC_PER_SEC; i++) {
		symbol_worker_exec(j.worker, child_pid(j.live.child)); /* its maps and files are opened anew for each */
		symbol_worker_ask(j.worker, key_of(&j, SYMBOL_ASK_LINE, live_address(&j.live, "inner") + i));
		symbol_worker_counts(j.worker, &counts);
		if (counts.waiting > 50)
			poll(NULL, 0, 1);
	}
	symbol_worker_counts(j.worker, &counts);
	printf("# %.1f ms of CPU in %.1f s for %u answers\n", nsec_to_seconds(counts.cpu) * 1e3, nsec_to_seconds(clock_now() - begun),
		(unsigned)counts.answered);
	assert_true(counts.answered > 0);
	assert_true(counts.cpu < (clock_now() - begun + 3 * NSEC_PER_SEC) / 10);
	end(&j);
}

static void stopping_does_not_wait_for_questions(void **state)
{
	struct job j;

	(void)state;
	begin(&j);
	for (uint64_t i = 0; i < 500; i++)
		symbol_worker_ask(j.worker, key_of(&j, SYMBOL_ASK_LINE, live_address(&j.live, "inner") + i));
	end(&j);
	symbol_worker_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_comes_later),
		cmocka_unit_test(a_line_comes_with_its_name),
		cmocka_unit_test(frames_get_their_names),
		cmocka_unit_test(a_stack_is_unwound),
		cmocka_unit_test(a_process_that_nobody_told_of),
		cmocka_unit_test(what_was_asked_before_the_end_is_answered),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(the_kernel_has_names),
		cmocka_unit_test(the_thread_keeps_few_rights),
		cmocka_unit_test(questions_take_a_tenth_of_a_cpu),
		cmocka_unit_test(stopping_does_not_wait_for_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
