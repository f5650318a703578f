/*
 * tach run by a user without any privilege, on a program of his own and on one of root's: what can be had is there, the
 * rest says why it is not, and nothing that is unknown is zero. As root the test becomes nobody for it; as somebody else
 * it is run as that.
 */
#include "../lib/tick.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/tach-nobody-XXXXXX";
static char tach[64], subject[64];

/* To where nobody may go: the build folder may be root's alone. */
static bool copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct stat st;
	bool ok = in >= 0 && out >= 0 && fstat(in, &st) == 0 && fchmod(out, 0755) == 0;

	for (off_t left = ok ? st.st_size : 0; ok && left > 0;) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		ok = n > 0;
		left -= n;
	}
	close(in);
	close(out);
	return ok;
}

static int prepare(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0)
		return -1;
	snprintf(tach, sizeof tach, "%s/tach", folder);
	snprintf(subject, sizeof subject, "%s/subject", folder);
	return copy(child_tach(), tach) && copy(child_subject(), subject) ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	unlink(tach);
	unlink(subject);
	return rmdir(folder);
}

/* Runs the words as nobody. */
static struct child *start_as_nobody(const char *const words[])
{
	const char *argv[24] = { "HOME=/dev/null/none", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
		"--bounding-set=-all" };
	size_t n = geteuid() == 0 ? 7 : 1;

	for (size_t i = 0; words[i]; i++)
		argv[n++] = words[i];
	argv[n] = NULL;
	return child_start(argv);
}

/* Every number of every tick is a number or null, and what is null at the end has its reason in the header. */
static void own_program(void **state)
{
	const char *const argv[] = { tach, "stat", "--json", "-i", "100ms", "-N", "5", "--", subject, "work", "2", NULL };
	struct child *c = start_as_nobody(argv);
	const char *tick = NULL, *line;
	int status = -1, ticks = 0;
	double cpu = (double)NAN;

	(void)state;
	while ((line = child_line(c, 10000)))
		if (json_valid(line) && json_find(line, "t")) {
			tick = line;
			ticks++;
			cpu = tick_total(tick, "cpu.user_seconds") + tick_total(tick, "cpu.system_seconds");
			assert_true(tick_gauge(tick, "mem.rss_bytes") > 100000);
			assert_true(tick_gauge(tick, "cpu.threads") >= 1);
			assert_false(isnan(tick_total(tick, "cpu.switches_voluntary")));
			assert_false(isnan(tick_total(tick, "io.read_bytes")));
			assert_true(tick_gauge(tick, "tcp.sockets") == 0); /* it has none, and that is known */
			assert_true(tick_total(tick, "tcp.tx_bytes") == 0);
		} else if (!json_valid(line)) {
			printf("# %.200s\n", line);
		}
	assert_int_equal(ticks, 5);
	assert_true(cpu >= 0.01 && cpu < 2);
	assert_true(child_wait(c, 5000, &status));
	assert_int_equal(status, 0);
	child_free(c);
}

static void program_of_root(void **state)
{
	/* Alone: among the children of 1 are this user's own. */
	const char *const argv[] = { tach, "stat", "--json", "-i", "100ms", "-N", "3", "-p", "1", "--no-children", NULL };
	struct child *c = start_as_nobody(argv);
	bool reason = false, sockets = false;
	const char *line;
	int ticks = 0;

	(void)state;
	while ((line = child_line(c, 10000))) {
		if (!json_valid(line))
			continue;
		if (json_find(line, "absent/io.read_bytes"))
			reason = true;
		if (json_find(line, "absent/tcp.tx_segments"))
			sockets = true;
		if (!json_find(line, "t"))
			continue;
		ticks++;
		assert_true(tick_gauge(line, "mem.rss_bytes") > 0); /* anybody may know this */
		assert_true(isnan(tick_total(line, "io.read_bytes"))); /* and this only the owner */
		assert_true(isnan(tick_total(line, "tcp.tx_segments")));
		assert_true(isnan(tick_gauge(line, "tcp.sockets")));
	}
	assert_int_equal(ticks, 3);
	assert_true(reason && sockets);
	child_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(own_program), cmocka_unit_test(program_of_root) };

	return cmocka_run_group_tests(tests, prepare, clean);
}
