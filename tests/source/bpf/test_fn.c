/* Functions of a process that calls them a known number of times for a known time, by the probes of --fn. */
#include "../../lib/child.h"
#include "../../lib/json.h"
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "base/clock.h"
#include "source/source.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the functions, whose first instructions are given ---- */

#if defined(__x86_64__)
#define ENTRY_PAD "endbr64\n"
#define ENTRY_PUSH "push %rbx\n"
#define POP "pop %rbx\n"
#define CALL "call "
#define JUMP "jmp "
#define SINGLE "mov %eax,%eax\nret\n"
#elif defined(__aarch64__)
#define ENTRY_PAD "bti c\n"
#define ENTRY_PUSH "stp x29, x30, [sp, #-16]!\n"
#define POP "ldp x29, x30, [sp], #16\n"
#define CALL "bl "
#define JUMP "b "
#define SINGLE "mov x0, x0\nret\n"
#endif

#define FUNCTION(name, body) \
	__asm__(".text\n.globl " #name "\n.type " #name ",@function\n" #name ":\n" body ".size " #name ",.-" #name "\n"); \
	void name(void)

void subject_nothing(void);
void subject_nap(void);
void subject_leave(void);
FUNCTION(subject_push, ENTRY_PUSH CALL "subject_nothing\n" POP "ret\n");
FUNCTION(subject_padded, ENTRY_PAD ENTRY_PUSH CALL "subject_nothing\n" POP "ret\n");
FUNCTION(subject_single, SINGLE);
FUNCTION(subject_sleep, ENTRY_PUSH CALL "subject_nap\n" POP "ret\n");
FUNCTION(subject_jumps, ENTRY_PUSH CALL "subject_leave\n" POP "ret\n");
FUNCTION(subject_tail, ENTRY_PUSH POP JUMP "subject_push\n");

/* A static probe as <sys/sdt.h> makes one: a nop, and a note that says where. */
unsigned short subject_semaphore __attribute__((section(".probes")));
FUNCTION(subject_static, "990: nop\nret\n"
	".pushsection .note.stapsdt,\"\",%note\n.balign 4\n.4byte 992f-991f, 994f-993f, 3\n991: .asciz \"stapsdt\"\n992: .balign 4\n"
	"993: .8byte 990b\n.8byte _.stapsdt.base\n.8byte subject_semaphore\n.asciz \"tach\"\n.asciz \"hit\"\n.asciz \"\"\n"
	"994: .balign 4\n.popsection\n"
	".pushsection .stapsdt.base,\"aG\",%progbits,.stapsdt.base,comdat\n.weak _.stapsdt.base\n.hidden _.stapsdt.base\n"
	"_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n.popsection\n.text\n");

/* The sanitizers bring the C++ library along, of whose exceptions tach is wary. */
#define TIMED "uretprobe:"

#define NAP_MS 5

void subject_nothing(void)
{
}

void subject_nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000 }, NULL);
}

static jmp_buf back;

void subject_leave(void)
{
	longjmp(back, 1);
}

__attribute__((noinline)) int subject_recurse(int n);
int subject_recurse(int n)
{
	int deeper = n ? subject_recurse(n - 1) : 0;

	__asm__ volatile("" : "+r"(deeper)); /* else it would become a loop */
	return deeper + 1;
}

enum { PUSH, PADDED, SINGLE_STEPPED, SLEEP, RECURSE, JUMPS, TAIL, STATIC, THREADS, CHILD, SEMAPHORE, BUSY };

static void *push_many(void *n)
{
	for (long i = 0; i < *(long *)n; i++)
		subject_push();
	return NULL;
}

static void in_child(long n)
{
	pid_t pid = fork();

	if (pid == 0) {
		usleep(600000);
		push_many(&n);
		usleep(300000);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void push_for(long ms)
{
	nsec_t end = clock_now() + (nsec_t)ms * NSEC_PER_MSEC;

	while (clock_now() < end)
		subject_push();
}

static void act(int what, long n)
{
	static void (*const plain[])(void) = { [PUSH] = subject_push, [PADDED] = subject_padded, [SINGLE_STEPPED] = subject_single,
		[SLEEP] = subject_sleep, [TAIL] = subject_tail };
	pthread_t threads[4];

	for (long i = 0; i < n && what <= SLEEP; i++)
		plain[what]();
	for (long i = 0; i < n && what == TAIL; i++)
		subject_tail();
	for (volatile long i = 0; i < n && what == JUMPS; i++)
		if (!setjmp(back))
			subject_jumps();
	for (long i = 0; i < n && what == STATIC && *(volatile unsigned short *)&subject_semaphore; i++)
		subject_static();
	for (int i = 0; i < 4 && what == THREADS; i++)
		pthread_create(&threads[i], NULL, push_many, &n);
	for (int i = 0; i < 4 && what == THREADS; i++)
		pthread_join(threads[i], NULL);
	if (what == RECURSE)
		subject_recurse((int)n);
	if (what == CHILD)
		in_child(n);
	if (what == BUSY)
		push_for(n);
}

/* ---- watching ---- */

static const char *const nothing[] = { "lat.syscall_seconds", NULL }; /* off until asked for */

static void need_probe(void)
{
	if (!probe_refused())
		return;
	printf("# skip: %s\n", probe_refused());
	skip();
}

/* Watches functions of a new puppet, by force unless told otherwise. */
struct watch {
	struct puppet puppet;
	struct probe *probe;
};

static struct watch watch_at_cost(const char *const functions[], bool force, double max_cost)
{
	struct watch w;
	struct source_env env = { .functions = functions, .force = force, .max_cost = max_cost };

	need_probe();
	w.puppet = puppet_start(act);
	w.probe = probe_open_env(w.puppet.pid, nothing, &env);
	return w;
}

static struct watch watch(const char *const functions[], const char *await)
{
	struct watch w = watch_at_cost(functions, true, 0);

	if (await && !probe_await(w.probe, await, STATUS_ON)) {
		const struct status *s = probe_status(w.probe, await);

		fail_msg("%s: %s", await, s ? s->why : "no such state");
	}
	return w;
}

static void unwatch(struct watch *w)
{
	probe_close(w->probe);
	puppet_end(&w->puppet);
}

static int calls(const struct watch *w, const char *name)
{
	char metric[80];

	snprintf(metric, sizeof metric, "fn.%s_calls", name);
	return (int)probe_value(w->probe, metric);
}

static const struct hist *times(const struct watch *w, const char *name)
{
	char metric[80];

	snprintf(metric, sizeof metric, "fn.%s_seconds", name);
	return probe_hist(w->probe, metric);
}

static int timed(const struct watch *w, const char *name)
{
	const struct hist *h = times(w, name);

	return h ? (int)hist_count(h) : -1;
}

static void counts_and_times_each_call(void **state)
{
	const char *const functions[] = { TIMED "subject_push", NULL };
	struct watch w = watch(functions, "fn subject_push");

	(void)state;
	puppet_do(&w.puppet, PUSH, 12345);
	probe_read(w.probe);
	assert_int_equal(calls(&w, "subject_push"), 12345);
	assert_int_equal(timed(&w, "subject_push"), 12345);
	puppet_do(&w.puppet, PUSH, 5);
	probe_read(w.probe);
	assert_int_equal(timed(&w, "subject_push"), 12350);
	puppet_do(&w.puppet, THREADS, 2500);
	probe_read(w.probe);
	assert_int_equal(calls(&w, "subject_push"), 22350);
	assert_int_equal(timed(&w, "subject_push"), 22350);
	unwatch(&w);
}

static void knows_how_long_calls_take(void **state)
{
	const char *const functions[] = { TIMED "subject_sleep", NULL };
	struct watch w = watch(functions, "fn subject_sleep");
	double p50;

	(void)state;
	puppet_do(&w.puppet, SLEEP, 40);
	probe_read(w.probe);
	assert_int_equal(timed(&w, "subject_sleep"), 40);
	p50 = hist_percentile(times(&w, "subject_sleep"), 0.5) / 1e6;
	assert_true(p50 >= NAP_MS && p50 < NAP_MS * 1.6); /* timer slack, and a machine that others use */
	unwatch(&w);
}

static void probes_behind_a_landing_pad(void **state)
{
	const char *const functions[] = { TIMED "subject_push", TIMED "subject_padded", NULL };
	struct watch w = watch(functions, "fn subject_padded");

	(void)state;
	assert_true(probe_await(w.probe, "fn subject_push", STATUS_ON));
	assert_non_null(strstr(probe_status(w.probe, "fn subject_padded")->why, "past its landing pad"));
	assert_null(strstr(probe_status(w.probe, "fn subject_push")->why, "landing pad"));
	puppet_do(&w.puppet, PADDED, 1000);
	probe_read(w.probe);
	assert_int_equal(timed(&w, "subject_padded"), 1000);
	assert_int_equal(timed(&w, "subject_push"), 0);
	unwatch(&w);
}

static void follows_recursion_and_tail_calls(void **state)
{
	const char *const functions[] = { TIMED "subject_recurse", TIMED "subject_tail", TIMED "subject_push", NULL };
	struct watch w = watch(functions, "fn subject_recurse");

	(void)state;
	assert_true(probe_await(w.probe, "fn subject_push", STATUS_ON));
	puppet_do(&w.puppet, RECURSE, 19);
	puppet_do(&w.puppet, TAIL, 100);
	probe_read(w.probe);
	assert_int_equal(calls(&w, "subject_recurse"), 20);
	assert_int_equal(timed(&w, "subject_recurse"), 20);
	assert_int_equal(timed(&w, "subject_tail"), 100);
	assert_int_equal(timed(&w, "subject_push"), 100);
	unwatch(&w);
}

/* 200 levels: more than is kept of a thread, and than the kernel lets return. What is lost is said. */
static void says_what_a_deep_recursion_loses(void **state)
{
	const char *const functions[] = { TIMED "subject_recurse", NULL };
	struct watch w = watch(functions, "fn subject_recurse");

	(void)state;
	puppet_do(&w.puppet, RECURSE, 199);
	probe_read(w.probe);
	assert_int_equal(calls(&w, "subject_recurse"), 200);
	assert_int_equal(probe_state(w.probe, "fn.subject_recurse_calls", NULL), POINT_PARTIAL);
	assert_non_null(probe_status(w.probe, "probe tables"));
	assert_true(timed(&w, "subject_recurse") < 200);
	puppet_do(&w.puppet, RECURSE, 9);
	probe_read(w.probe);
	assert_int_equal(calls(&w, "subject_recurse"), 210);
	unwatch(&w);
}

static void is_not_misled_by_longjmp(void **state)
{
	const char *const functions[] = { TIMED "subject_jumps", TIMED "subject_push", NULL };
	struct watch w = watch(functions, "fn subject_jumps");

	(void)state;
	assert_true(probe_await(w.probe, "fn subject_push", STATUS_ON));
	puppet_do(&w.puppet, JUMPS, 100);
	puppet_do(&w.puppet, PUSH, 100);
	probe_read(w.probe);
	assert_int_equal(calls(&w, "subject_jumps"), 100);
	assert_int_equal(timed(&w, "subject_jumps"), 0);
	assert_int_equal(timed(&w, "subject_push"), 100);
	unwatch(&w);
}

static void counts_static_probes(void **state)
{
	const char *const functions[] = { "usdt:test_fn:hit", "usdt:test_fn:tach:hit", "usdt:test_fn:other:hit", NULL };
	struct watch w = watch(functions, "fn usdt:test_fn:hit");

	(void)state;
	puppet_do(&w.puppet, STATIC, 777);
	probe_read(w.probe);
	assert_int_equal(calls(&w, "test_fn_hit"), 777);
	assert_int_equal(calls(&w, "test_fn_hit_2"), 777);
	assert_true(isnan(probe_value(w.probe, "fn.test_fn_hit_3_calls")));
	unwatch(&w);
}

static void takes_patterns_and_addresses(void **state)
{
	static char address[64];
	const char *const functions[] = { TIMED "test_fn:subject_p*", address, NULL };
	FILE *symbols = popen("nm /proc/$PPID/exe | sed -n 's/^0*\\([0-9a-f]*\\) T subject_sleep$/\\1/p'", "r");
	struct watch w;
	char text[32] = "";

	(void)state;
	if (!symbols || !fgets(text, sizeof text, symbols))
		text[0] = '\0';
	pclose(symbols);
	text[strcspn(text, "\n")] = '\0';
	snprintf(address, sizeof address, TIMED "test_fn:0x%s", text);
	w = watch(functions, "fn subject_padded");
	assert_true(probe_await(w.probe, "fn subject_push", STATUS_ON));
	puppet_do(&w.puppet, PUSH, 11);
	puppet_do(&w.puppet, PADDED, 22);
	puppet_do(&w.puppet, SLEEP, 3);
	probe_read(w.probe);
	assert_int_equal(timed(&w, "test_fn_subject_push"), 11);
	assert_int_equal(timed(&w, "test_fn_subject_padded"), 22);
	if (text[0]) {
		char metric[64];

		snprintf(metric, sizeof metric, "test_fn_0x%s", text);
		assert_int_equal(timed(&w, metric), 3);
	}
	unwatch(&w);
}

static void counts_children_too(void **state)
{
	const char *const functions[] = { TIMED "subject_push", NULL };
	struct watch w = watch(functions, "fn subject_push");
	bool partial = false;

	(void)state;
	puppet_order(&w.puppet, CHILD, 50);
	for (int i = 0; i < 10; i++) {
		usleep(100000);
		probe_read(w.probe);
		partial |= probe_state(w.probe, "fn.subject_push_calls", NULL) == POINT_PARTIAL;
	}
	puppet_await(&w.puppet);
	probe_read(w.probe);
	assert_int_equal(calls(&w, "subject_push"), 50);
	assert_true(partial); /* calls before the child was found would be missing */
	unwatch(&w);
}

static void does_not_touch_others(void **state)
{
	const char *const functions[] = { TIMED "subject_push", NULL };
	struct puppet other = puppet_start(act);
	struct watch w = watch(functions, "fn subject_push");

	(void)state;
	puppet_do(&other, PUSH, 1000);
	probe_read(w.probe);
	assert_int_equal(calls(&w, "subject_push"), 0);
	puppet_end(&other);
	unwatch(&w);
}

static void says_what_is_not_there(void **state)
{
	const char *const functions[] = { "subject_pish", "test_fm:subject_push", "test_fn:0x1", "libc:memcpy", "libc:no_such_*",
		"usdt:libc:", NULL };
	static const struct {
		const char *name, *why;
	} expected[] = {
		{ "fn subject_pish", "there is no function subject_pish in the program and its libraries; did you mean subject_push?" },
		{ "fn test_fm:subject_push", "has no file test_fm; did you mean test_fn?" },
		{ "fn test_fn:0x1", "no function is known to begin at 0x1 of test_fn" },
		{ "fn libc:memcpy", "only chooses, when the program starts, which function is used" },
		{ "fn libc:no_such_*", "no function in libc matches no_such_*" },
		{ "fn usdt:libc:", "a static probe is usdt:FILE:NAME or usdt:FILE:PROVIDER:NAME" },
	};
	struct watch w = watch_at_cost(functions, false, 0);
	const struct status *s = NULL;

	(void)state;
	for (int i = 0; i < 300 && !(s && s->state == STATUS_ABSENT); i++) { /* a file may still be loaded for half a second */
		usleep(10000);
		probe_read(w.probe);
		s = probe_status(w.probe, "fn test_fm:subject_push");
	}
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		s = probe_status(w.probe, expected[i].name);
		assert_non_null(s);
		if (s->state != STATUS_ABSENT || !strstr(s->why, expected[i].why))
			fail_msg("%s is in state %d: %s", expected[i].name, s->state, s->why);
	}
	unwatch(&w);
}

/* In a virtual machine a single step takes 17 us, on metal about one. */
static void refuses_a_dear_instruction(void **state)
{
	const char *const functions[] = { TIMED "subject_single", NULL };
	struct watch w = watch_at_cost(functions, false, 1);
	const struct status *s;

	(void)state;
	if (probe_await(w.probe, "fn subject_single", STATUS_OFF)) {
		s = probe_status(w.probe, "fn subject_single");
		assert_non_null(strstr(s->why, "single-step"));
		assert_string_equal(s->fix, "--force");
		puppet_do(&w.puppet, SINGLE_STEPPED, 10);
		probe_read(w.probe);
		assert_true(isnan(probe_value(w.probe, "fn.subject_single_calls")));
		unwatch(&w);
		w = watch_at_cost(functions, true, 1);
	}
	assert_true(probe_await(w.probe, "fn subject_single", STATUS_ON));
	puppet_do(&w.puppet, SINGLE_STEPPED, 10);
	probe_read(w.probe);
	assert_int_equal(timed(&w, "subject_single"), 10);
	unwatch(&w);
}

static void refuses_what_is_called_too_often(void **state)
{
	const char *const functions[] = { TIMED "subject_push", NULL };
	struct watch w = watch_at_cost(functions, false, 0.02);
	const struct status *s;

	(void)state;
	assert_true(probe_await(w.probe, "fn subject_push", STATUS_ON));
	puppet_do(&w.puppet, BUSY, 1500);
	probe_read(w.probe);
	s = probe_status(w.probe, "fn subject_push");
	assert_int_equal(s->state, STATUS_OFF);
	assert_non_null(strstr(s->why, "more than --max-cost 2"));
	puppet_do(&w.puppet, PUSH, 10);
	probe_read(w.probe);
	assert_true(isnan(probe_value(w.probe, "fn.subject_push_calls")));
	unwatch(&w);
	w = watch_at_cost(functions, false, 1);
	assert_true(probe_await(w.probe, "fn subject_push", STATUS_ON));
	puppet_do(&w.puppet, BUSY, 1500);
	probe_read(w.probe);
	assert_int_equal(probe_status(w.probe, "fn subject_push")->state, STATUS_ON);
	unwatch(&w);
}

static void outlives_its_process(void **state)
{
	const char *const functions[] = { TIMED "subject_push", TIMED "libc:nanosleep", NULL };
	struct watch w = watch(functions, "fn subject_push");
	double counted = 0;

	(void)state;
	puppet_do(&w.puppet, PUSH, 100);
	kill(w.puppet.pid, SIGKILL);
	for (int i = 0; i < 5; i++) { /* the tick that sees its end is the last that counts */
		double now;

		usleep(20000);
		probe_read(w.probe);
		now = probe_value(w.probe, "fn.subject_push_calls");
		counted = isnan(now) ? counted : now;
	}
	assert_int_equal((int)counted, 100);
	assert_int_equal(probe_status(w.probe, "fn")->state, STATUS_OFF); /* nobody pays for it any more */
	unwatch(&w);
	for (int i = 0; i < 8; i++) { /* at different moments of the attachment */
		w = watch_at_cost(functions, true, 0);
		usleep((useconds_t)i * 3000);
		kill(w.puppet.pid, SIGKILL);
		usleep(20000);
		probe_read(w.probe);
		unwatch(&w);
	}
}

/* ---- commands that tach starts, and C++ ---- */

/* The last value of a number of `tach stat --json`; NaN: none. */
static double last_number(struct child *c, const char *path, char *absent, size_t size)
{
	double value = (double)NAN;
	const char *line;

	while ((line = child_line(c, 20000))) {
		const char *why = json_valid(line) ? json_find(line, "absent") : NULL;

		if (json_valid(line) && !isnan(json_number(line, path)))
			value = json_number(line, path);
		if (why && strstr(why, "\"fn."))
			snprintf(absent, size, "%s", strstr(why, "\"fn."));
	}
	return value;
}

static void misses_no_call_of_a_command(void **state)
{
	char self[256] = "", absent[512];
	const char *argv[] = { child_tach(), "stat", "--json", "--force", "-i", "200ms", "--fn", TIMED "subject_push", "--fn",
		"libc:nanosleep", "--", self, "run", "4321", NULL };
	struct child *c;
	char *calls_line = NULL;
	const char *line;

	(void)state;
	need_probe();
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		fail();
	c = child_start(argv);
	while ((line = child_line(c, 20000)))
		if (json_valid(line) && json_find(line, "counters/fn.subject_push_calls")) {
			free(calls_line);
			calls_line = strdup(line);
		}
	child_free(c);
	(void)absent;
	assert_non_null(calls_line);
	assert_near(json_number(calls_line, "counters/fn.subject_push_calls/total"), 4321, 0);
	assert_near(json_number(calls_line, "counters/fn.libc_nanosleep_calls/total"), 100, 0);
	free(calls_line);
}

static const char throwing[] =
	"#include <stdexcept>\n#include <unistd.h>\n"
	"extern \"C\" __attribute__((noinline)) int deep(int x) { if (x & 1) throw std::runtime_error(\"odd\"); return x; }\n"
	"extern \"C\" __attribute__((noinline)) int outer(int x) { int y = deep(x); return x + y; }\n"
	"int main() { int caught = 0; for (int i = 0; i < 600; i++) { try { outer(i); } catch (std::exception &) { caught++; }\n"
	"usleep(1000); } return caught == 300 ? 7 : 1; }\n";

/* A return address that was replaced stops the unwinder, and that ends a C++ program. */
static void does_not_kill_who_throws(void **state)
{
	char folder[] = "/tmp/tach-fn-XXXXXX", source[64], program[64], command[256], absent[512] = "";
	const char *argv[] = { child_tach(), "stat", "--json", "-i", "100ms", "--max-cost", "100%", "--fn", "outer", "--", program, NULL };
	struct child *c;
	FILE *out;
	int status;

	(void)state;
	need_probe();
	if (!have_program("c++") || !mkdtemp(folder)) {
		printf("# skip: no C++ compiler here\n");
		skip();
	}
	snprintf(source, sizeof source, "%s/throw.cc", folder);
	snprintf(program, sizeof program, "%s/throw", folder);
	snprintf(command, sizeof command, "c++ -O1 -o %s %s", program, source);
	out = fopen(source, "w");
	fputs(throwing, out);
	fclose(out);
	assert_int_equal(system(command), 0);
	c = child_start(argv);
	(void)last_number(c, "histograms/fn.outer_seconds/count", absent, sizeof absent);
	assert_true(child_wait(c, 20000, &status));
	child_free(c);
	unlink(source);
	unlink(program);
	rmdir(folder);
	assert_int_equal(status, 7); /* its own */
	assert_non_null(strstr(absent, "exception"));
}

/* What the test is when tach starts it. */
static int run(long n)
{
	act(PUSH, n);
	for (int i = 0; i < 100; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_times_each_call),
		cmocka_unit_test(knows_how_long_calls_take),
		cmocka_unit_test(probes_behind_a_landing_pad),
		cmocka_unit_test(follows_recursion_and_tail_calls),
		cmocka_unit_test(says_what_a_deep_recursion_loses),
		cmocka_unit_test(is_not_misled_by_longjmp),
		cmocka_unit_test(counts_static_probes),
		cmocka_unit_test(takes_patterns_and_addresses),
		cmocka_unit_test(counts_children_too),
		cmocka_unit_test(does_not_touch_others),
		cmocka_unit_test(says_what_is_not_there),
		cmocka_unit_test(refuses_a_dear_instruction),
		cmocka_unit_test(refuses_what_is_called_too_often),
		cmocka_unit_test(outlives_its_process),
		cmocka_unit_test(misses_no_call_of_a_command),
		cmocka_unit_test(does_not_kill_who_throws),
	};

	if (argc == 3 && strcmp(argv[1], "run") == 0)
		return run(atol(argv[2]));
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
