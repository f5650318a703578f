/* Bad input of every kind: one clear sentence on stderr, nothing on stdout, and the right exit status. */
#include "../lib/json.h"
#include "../lib/outcome.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS 8

struct bad {
	const char *words[WORDS];
	int status;
	const char *says; /* a part of the sentence */
};

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void join(char *out, size_t size, const char *const words[])
{
	*out = '\0';
	for (size_t i = 0; words[i]; i++)
		snprintf(out + strlen(out), size - strlen(out), " %s", words[i]);
}

/* Whether tach says what it should; tells what it says instead. */
static bool is_refused(const struct bad *b, const char *const env[])
{
	struct outcome o = outcome_of(b->words, env);
	bool good = o.status == b->status && o.out_size == 0 && strncmp(o.err, "tach: ", 6) == 0 &&
		    count_lines(o.err) == 1 && o.err[o.err_size - 1] == '\n' && strstr(o.err, b->says);
	char words[400];

	for (size_t i = 0; i + 1 < o.err_size; i++)
		good = good && (unsigned char)o.err[i] >= 0x20 && o.err[i] != 0x7f;
	join(words, sizeof words, b->words);
	if (!good)
		printf("# tach%s: status %d (not %d), %zu bytes on stdout, on stderr: %s(not: %s)\n", words, o.status,
			b->status, o.out_size, o.err, b->says);
	outcome_free(&o);
	return good;
}

static void expect_refused(const struct bad *list, size_t count, const char *const env[])
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++)
		wrong += !is_refused(&list[i], env);
	assert_int_equal(wrong, 0);
}

#define EXPECT_REFUSED(list, env) expect_refused(list, sizeof(list) / sizeof(list)[0], env)

static void words_that_mean_nothing(void **state)
{
	static const struct bad list[] = {
		{ { "stta" }, 2, "did you mean 'tach stat'?" },
		{ { "redis-server" }, 2, "is no subcommand" },
		{ { "\x1b[2Jstat" }, 2, "'?[2Jstat' is no subcommand" },
		{ { "help", "stta" }, 2, "did you mean 'tach stat'?" },
		{ { "help", "stat", "list" }, 2, "one subcommand" },
		{ { "list", "mertics" }, 2, "did you mean 'metrics'?" },
		{ { "list", "metrics", "panes" }, 2, "one list at a time" },
		{ { "version", "please" }, 2, "no words" },
		{ { "stat", "--jsno", "-p", "1" }, 2, "did you mean '--json'?" },
		{ { "stat", "-q", "-p", "1" }, 2, "-q" },
		{ { "stat", "-p", "1", "extra" }, 2, "'extra' is no option" },
		{ { "list", "--csv", "metrics" }, 2, "--csv is no option here" },
	};

	(void)state;
	EXPECT_REFUSED(list, NULL);
}

static void values_that_cannot_be(void **state)
{
	static const struct bad list[] = {
		{ { "stat", "-i", "5", "-p", "1" }, 2, "not a duration" },
		{ { "stat", "-i", "1ms", "-p", "1" }, 2, "out of range: 10ms to 1h" },
		{ { "stat", "-i", "-1s", "-p", "1" }, 2, "not a duration" },
		{ { "stat", "-p", "1", "-i" }, 2, "needs a value" },
		{ { "stat", "-N", "0", "-p", "1" }, 2, "out of range" },
		{ { "stat", "-N", "many", "-p", "1" }, 2, "not a count" },
		{ { "stat", "-t", "5ms", "-i", "10ms", "-p", "1" }, 2, "shorter than one tick" },
		{ { "stat", "-t", "1s", "-N", "5", "-p", "1" }, 2, "not both" },
		{ { "stat", "--json", "--csv", "-p", "1" }, 2, "not both" },
		{ { "stat", "-e", "no-such-event", "-p", "1" }, 2, "no-such-event" },
		{ { "stat", "--latency", "requst", "-p", "1" }, 2, "unknown kind of latency 'requst'; did you mean 'request'?" },
		{ { "stat", "--latency", "request:x", "-p", "1" }, 2, "did you mean 'request'?" },
		{ { "--latency", "\x1b[2J", "-p", "1" }, 2, "unknown kind of latency '?[2J'" },
		{ { "stat", "--max-cost", "2", "-p", "1" }, 2, "'2' is not a percentage" },
		{ { "stat", "--json=yes", "-p", "1" }, 2, "takes no value" },
		{ { "stat", "--config", "/nonexistent/config", "-p", "1" }, 2, "/nonexistent/config" },
		{ { "stat", "--log", "/nonexistent/log", "-p", "1" }, 1, "/nonexistent/log" },
		{ { "list", "--check-theme", "/nonexistent.theme" }, 1, "/nonexistent.theme" },
	};

	(void)state;
	EXPECT_REFUSED(list, NULL);
}

static void targets_that_are_none(void **state)
{
	static const struct bad list[] = {
		{ { NULL }, 2, "no target" },
		{ { "-i", "1s" }, 2, "no target" },
		{ { "-p", "1", "-n", "init" }, 2, "-p or -n" },
		{ { "-p", "1", "extra" }, 2, "'extra' is no option" },
		{ { "-p", "1" }, 1, "needs a terminal" },
		{ { "--", "true" }, 1, "needs a terminal" },
		{ { "stat" }, 2, "no target" },
		{ { "stat", "--" }, 2, "no target" },
		{ { "stat", "-p", "" }, 2, "-p" },
		{ { "stat", "-p", "12x" }, 2, "'12x'" },
		{ { "stat", "-p", "12,,13" }, 2, "'12,,13'" },
		{ { "stat", "-p", "0" }, 2, "'0'" },
		{ { "stat", "-p", "-1" }, 2, "'-1'" },
		{ { "stat", "-p", "99999999999999999999" }, 2, "'99999999999999999999'" },
		{ { "stat", "-p", "1\x1b[31m" }, 2, "'1?[31m'" },
		{ { "stat", "-p", "2147483647" }, 1, "2147483647" },
		{ { "stat", "-p", "1", "-n", "init" }, 2, "-p or -n" },
		{ { "stat", "-p", "1", "--", "true" }, 2, "-p or -- COMMAND" },
		{ { "stat", "-n", "no process has this name" }, 1, "no process has this name" },
		{ { "stat", "-n", "(" }, 2, "(" },
		{ { "stat", "-g", "no/such/cgroup" }, 1, "no/such/cgroup" },
		{ { "stat", "-U", "no-such-unit" }, 1, "no-such-unit" },
		{ { "stat", "--feed", "/nonexistent.feed" }, 1, "/nonexistent.feed" },
		{ { "stat", "--feed", "/" }, 1, "cannot read the feed: Is a directory" },
		{ { "stat", "--feed", "/dev/null" }, 1, "the feed is empty" },
		{ { "stat", "--feed", "/proc/self/status" }, 1, "this is no feed" },
	};

	(void)state;
	EXPECT_REFUSED(list, NULL);
}

static void workloads_that_are_none(void **state)
{
	static const struct bad list[] = {
		{ { "run", "packt-udp" }, 2, "did you mean 'packet-udp'?" },
		{ { "run", "\x1b[31m" }, 2, "'?[31m'" },
		{ { "run", "packet-udp", "--siez", "64" }, 2, "did you mean '--size'?" },
		{ { "run", "packet-udp", "--size", "fat" }, 2, "--size" },
		{ { "run", "packet-udp", "--size" }, 2, "--size needs a value" },
		{ { "run", "--no-dash", "packet-udp", "--rate", "-5" }, 2, "--rate" },
		{ { "run", "packet-udp", "--no-dash", "--batch", "0" }, 2, "--batch" },
		{ { "run", "-p", "1", "packet-udp" }, 2, "-p is no option here" },
		{ { "stat", "-w", "packt-udp" }, 2, "did you mean 'packet-udp'?" },
		{ { "stat", "-w", "packet-udp", "-p", "1" }, 2, "-p or -w" },
	};

	(void)state;
	EXPECT_REFUSED(list, NULL);
}

/* As a shell has it. */
static void commands_that_do_not_run(void **state)
{
	static const struct bad list[] = {
		{ { "stat", "--", "/nonexistent/program" }, 127, "No such file" },
		{ { "stat", "--", "no-such-program-anywhere" }, 127, "No such file" },
		{ { "stat", "--", "" }, 127, "No such file" },
		{ { "stat", "--", "/etc/passwd" }, 126, "Permission denied" },
		{ { "stat", "--output", "/nonexistent/file", "--", "true" }, 1, "/nonexistent/file" },
		{ { "stat", "--", "bad\x1b[2Jname" }, 127, "bad?[2Jname" },
	};

	(void)state;
	EXPECT_REFUSED(list, NULL);
}

static void environment_and_config(void **state)
{
	static const struct bad wrong[] = { { { "stat", "-p", "1" }, 2, "TACH_INTERVAL" } };
	static const char *const env[] = { "TACH_INTERVAL=soon", NULL };
	char path[] = "/tmp/tach-test-XXXXXX", says[64];
	struct bad file[] = { { { "stat", "--config", path, "-p", "1" }, 2, says } };
	int fd = mkstemp(path);

	(void)state;
	EXPECT_REFUSED(wrong, env);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "# mine\nintervall = 1s\n", 22), 22);
	close(fd);
	snprintf(says, sizeof says, "%s:2:", path);
	expect_refused(file, 1, NULL);
	unlink(path);
}

/* Many processes with one name, and what is said of them is harmless. */
static void an_ambiguous_name_lists_the_matches(void **state)
{
	const char *words[] = { "stat", "-n", "tach-test-twin", NULL };
	pid_t twins[2];
	struct outcome o;
	char pid[16];

	(void)state;
	for (int i = 0; i < 2; i++) {
		twins[i] = fork();
		if (twins[i] == 0) {
			execl("/bin/sleep", "tach-test-twin\x1b[31m", "60", (char *)NULL);
			_exit(127);
		}
	}
	usleep(100000);
	o = outcome_of(words, NULL);
	for (int i = 0; i < 2; i++) {
		kill(twins[i], SIGKILL);
		waitpid(twins[i], NULL, 0);
	}
	assert_int_equal(o.status, 1);
	assert_int_equal(o.out_size, 0);
	for (int i = 0; i < 2; i++) {
		snprintf(pid, sizeof pid, "%d ", (int)twins[i]);
		assert_non_null(strstr(o.err, pid));
	}
	assert_null(strchr(o.err, '\x1b'));
	assert_int_equal(count_lines(o.err), 3);
	outcome_free(&o);
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	assert_int_equal(system("${BUILD:-build}/tach list metrics 2>&1 >/dev/full | "
				"grep -qx 'tach: cannot write to stdout: No space left on device'"),
		0);
	assert_int_equal(system("test 1 = $(${BUILD:-build}/tach stat -i 10ms -N 5 -p $$ 2>&1 >/dev/full | "
				"grep -cx 'tach: cannot write to stdout: No space left on device')"),
		0);
	assert_int_equal(system("${BUILD:-build}/tach list metrics 2>/dev/null >/dev/full; test $? = 1"), 0);
	assert_int_equal(system("${BUILD:-build}/tach stat -i 10ms -N 2 -p $$ 2>&1 >&- | "
				"grep -qx 'tach: cannot write to stdout: Bad file descriptor'"),
		0);
}

/* The questions that need no target are answered, also with a config file that is broken. */
static void questions_are_answered(void **state)
{
	static const struct {
		const char *words[WORDS];
		const char *says;
	} list[] = {
		{ { "help" }, "-- COMMAND" },
		{ { "--help" }, "--" },
		{ { "help", "stat" }, "--json" },
		{ { "stat", "--help" }, "--json" },
		{ { "stat", "-h" }, "--json" },
		{ { "version" }, "tach " TACH_VERSION "\n" },
		{ { "--version" }, "tach " TACH_VERSION "\n" },
		{ { "list" }, "tach list metrics" },
		{ { "list", "metrics" }, "cpu.ipc" },
		{ { "list", "--json", "metrics" }, "\"cpu.ipc\"" },
		{ { "list", "metrics", "--json" }, "\"cpu.ipc\"" },
		{ { "list", "tables" }, "wait_seconds" },
		{ { "list", "tables", "--json" }, "{\"table\": \"locks\", \"column\": \"wait_seconds\", \"kind\": \"counter\", "
						  "\"unit\": \"seconds\", \"meaning\": \"blocked, of all threads\"}" },
		{ { "list", "actions" }, "memory-detail" },
		{ { "list", "options" }, "interval" },
		{ { "list", "themes" }, "default " },
		{ { "list", "workloads" }, "packet-udp" },
#ifdef HAVE_LIBBPF
		{ { "list", "probes", "--json" }, "\"asked_by\": \"--latency syscall\"" },
#endif
		{ { "run" }, "packet-udp" },
		{ { "run", "packet-udp", "--help" }, "--size BYTES" },
		{ { "stat", "--print-config" }, "interval = 1s" },
		{ { "stat", "--print-keys" }, "q = quit" },
		{ { "stat", "--print-theme" }, "[color]" },
	};
	static const char *const broken[] = { "TACH_INTERVAL=broken", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
		struct outcome o = outcome_of(list[i].words, strcmp(list[i].words[0], "run") == 0 ? NULL : broken);

		if (o.status != 0 || o.err_size || !strstr(o.out, list[i].says))
			fail_msg("tach %s: status %d, '%s' is not in: %s%s", list[i].words[0], o.status, list[i].says,
				o.out, o.err);
		outcome_free(&o);
	}
}

/* Whoever reads may go; that is told and ends it. */
static void a_reader_that_went_is_told(void **state)
{
	(void)state;
	assert_int_equal(system("said=$(mktemp)\n"
		"{ ${BUILD:-build}/tach stat -i 10ms -t 5s -p $$ 2>$said; echo $? >>$said; } | head -n 1 >/dev/null\n"
		"printf 'tach: cannot write to stdout: Broken pipe\\n1\\n' | cmp -s - $said\n"
		"same=$?; rm -f $said; exit $same"), 0);
}

static void lists_are_json_too(void **state)
{
	static const char *const lists[] = { "metrics", "sources", "workloads", "panes", "themes", "roles", "actions",
		"options" };

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		const char *words[] = { "list", lists[i], "--json", NULL };
		struct outcome o = outcome_of(words, NULL);

		assert_int_equal(o.status, 0);
		assert_true(json_valid(o.out));
		assert_non_null(json_find(o.out, "0/name"));
		outcome_free(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_mean_nothing),
		cmocka_unit_test(values_that_cannot_be),
		cmocka_unit_test(targets_that_are_none),
		cmocka_unit_test(workloads_that_are_none),
		cmocka_unit_test(commands_that_do_not_run),
		cmocka_unit_test(environment_and_config),
		cmocka_unit_test(an_ambiguous_name_lists_the_matches),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(a_reader_that_went_is_told),
		cmocka_unit_test(lists_are_json_too),
		cmocka_unit_test(questions_are_answered),
	};

	return cmocka_run_group_tests_name("cmd/usage", tests, NULL, NULL);
}
