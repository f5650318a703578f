/*
 * What tach can see on each rung of privileges: it is started there, and the states of its sources and probes are compared
 * with the two tables of the manual. As root the test becomes nobody with a copy of tach that has the capabilities of the
 * rung; kernel.perf_event_paranoid is set back also when the test is killed.
 */
#include "../lib/child.h"
#include "../lib/json.h"
#include "../lib/probe.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MANUAL "man/tach.1"
#define PARANOID "/proc/sys/kernel/perf_event_paranoid"
#define RUNGS 6
#define ROWS 40
#define OTHER_USER 65533

/* The function that --fn asks for, in this program. */
__attribute__((noinline)) int ladder_step(int n);
int ladder_step(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}

static int walk(void)
{
	for (int i = 0; i < 2000; i++) {
		ladder_step(i);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	return 0;
}

/* ---- the tables ---- */

struct row {
	char name[32], cell[RUNGS][16];
	bool seen;
};

struct ladder {
	struct row rows[ROWS];
	size_t count;
};

/* "sched\ton\ton\t\-\t..." */
static bool take_row(struct ladder *l, char *line)
{
	struct row *r = &l->rows[l->count];
	char *at = strchr(line, '\t');
	int n = 0;

	if (!at || at == line || l->count == ROWS)
		return false;
	*r = (struct row){ .seen = false };
	snprintf(r->name, sizeof r->name, "%.*s", (int)(at - line), line);
	for (char *word = strtok(at, "\t\n"); word && n < RUNGS; word = strtok(NULL, "\t\n"))
		snprintf(r->cell[n++], sizeof r->cell[0], "%s", word[0] == '\\' ? word + 1 : word);
	l->count++;
	return n == RUNGS;
}

static void read_ladder(const char *name, struct ladder *l)
{
	FILE *in = fopen(MANUAL, "r");
	char begin[40], line[256];
	bool inside = false;

	*l = (struct ladder){ .count = 0 };
	assert_non_null(in);
	snprintf(begin, sizeof begin, ".\\\" ladder %s\n", name);
	while (fgets(line, sizeof line, in)) {
		if (strcmp(line, begin) == 0)
			inside = true;
		else if (inside && strncmp(line, ".\\\"", 3) == 0)
			break;
		else if (inside && line[0] != '.' && line[0] != '\t' && strchr(line, '\t'))
			assert_true(take_row(l, line));
	}
	fclose(in);
	assert_true(l->count > 15);
}

static struct row *row_of(struct ladder *l, const char *name)
{
	const char *shown = strncmp(name, "fn ", 3) == 0 ? "fn" : name; /* "fn test_ladder:ladder_step" */

	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->rows[i].name, shown) == 0)
			return &l->rows[i];
	return NULL;
}

/* Before Linux 6.6 functions are for root only. */
static bool is_old_kernel(void)
{
	struct utsname u;
	unsigned major = 0, minor = 0;

	return uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 && (major < 6 || (major == 6 && minor < 6));
}

/* A machine may lack what a privilege would allow. */
static bool agrees(const struct row *r, size_t rung, const char *state)
{
	const char *cell = r->cell[rung];

	if (strstr(cell, "any") || (rung && strcmp(r->name, "fn") == 0 && is_old_kernel()))
		return true;
	if (strcmp(cell, "on") == 0)
		return strcmp(state, "on") == 0 || strcmp(state, "partial") == 0 || strcmp(state, "absent") == 0;
	return strcmp(cell, state) == 0;
}

/* ---- rungs ---- */

static char folder[] = "/tmp/tach-ladder-XXXXXX";
static char tach[64], program[64];

static bool copy(const char *from, const char *to)
{
	char command[600];

	snprintf(command, sizeof command, "cp '%s' '%s' && chmod 755 '%s'", from, to, to);
	return system(command) == 0;
}

/* No value: takes them away. */
static bool set_file_capabilities(uint64_t capabilities)
{
	struct vfs_cap_data data = { .magic_etc = htole32(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE) };

	if (!capabilities) {
		removexattr(tach, "security.capability");
		return true;
	}
	data.data[0].permitted = htole32((uint32_t)capabilities);
	data.data[1].permitted = htole32((uint32_t)(capabilities >> 32));
	return setxattr(tach, "security.capability", &data, XATTR_CAPS_SZ_2, 0) == 0;
}

static bool write_paranoid(const char *text)
{
	int fd = open(PARANOID, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Holds the end of a pipe: when the test goes, however it does, the old value comes back. */
static int guard(const char *before)
{
	int line[2];
	char byte;

	if (pipe2(line, O_CLOEXEC))
		return -1;
	if (fork() == 0) {
		close(line[1]);
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		while (read(line[0], &byte, 1) > 0)
			;
		_exit(!write_paranoid(before));
	}
	close(line[0]);
	return line[1];
}

static char paranoid[16];
static int guarded = -1;

static int prepare(void **state)
{
	FILE *in = fopen(PARANOID, "r");
	char self[256] = "";

	(void)state;
	if (in && !fgets(paranoid, sizeof paranoid, in))
		paranoid[0] = '\0';
	if (in)
		fclose(in);
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0 || !mkdtemp(folder) || chmod(folder, 0755))
		return -1;
	snprintf(tach, sizeof tach, "%s/tach", folder);
	snprintf(program, sizeof program, "%s/test_ladder", folder);
	if (geteuid() == 0 && paranoid[0])
		guarded = guard(paranoid);
	return copy(child_tach(), tach) && copy(self, program) ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	if (guarded >= 0) {
		close(guarded);
		wait(NULL);
	}
	unlink(tach);
	unlink(program);
	return rmdir(folder);
}

#define BIT(capability) (1ull << (capability))

static const struct rung {
	const char *name;
	bool root;
	uint64_t capabilities;
	const char *paranoid; /* NULL: as it is */
} rungs[RUNGS] = {
	{ "root", true, 0, NULL },
	{ "CAP_BPF and CAP_PERFMON", false, BIT(CAP_BPF) | BIT(CAP_PERFMON), NULL },
	{ "CAP_PERFMON", false, BIT(CAP_PERFMON), NULL },
	{ "nothing, paranoid 1", false, 0, "1" },
	{ "nothing, paranoid 2", false, 0, "2" },
	{ "nothing, paranoid 4", false, 0, "4" },
};

/* NULL: one cannot stand there, as the reason in *why says. */
static struct child *start(const struct rung *r, const char *const target[], const char **why)
{
	const char *argv[32] = { "HOME=/nonexistent", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all" };
	static const char *const words[] = { "stat", "--json", "-i", "300ms", "-N", "5", "--force", "--fn", "test_ladder:ladder_step",
		NULL };
	size_t n = r->root ? 1 : 6;

	*why = NULL;
	if (geteuid() != 0)
		*why = "only root can stand on every rung";
	else if (access("/sys/kernel/btf/vmlinux", R_OK) || probe_refused())
		*why = "no probes can be loaded here";
	else if (!r->root && !have_program("setpriv"))
		*why = "no setpriv here";
	else if (!set_file_capabilities(r->capabilities))
		*why = "this file system keeps no capabilities";
	else if (r->paranoid && (guarded < 0 || !write_paranoid(r->paranoid)))
		*why = "kernel.perf_event_paranoid cannot be set here";
	if (*why)
		return NULL;
	argv[n++] = tach;
	for (int i = 0; words[i]; i++)
		argv[n++] = words[i];
	for (int i = 0; target[i]; i++)
		argv[n++] = target[i];
	return child_start(argv);
}

static void take_states(struct ladder *l, size_t rung, const char *line)
{
	char path[64], name[64], state[16];
	const char *at;

	for (size_t i = 0; i < l->count; i++)
		l->rows[i].seen = false;
	for (int i = 0; i < ROWS * 2; i++) {
		struct row *r;

		snprintf(path, sizeof path, "status/%d/name", i);
		at = json_find(line, path);
		if (!at)
			break;
		sscanf(at, "\"%63[^\"]", name);
		snprintf(path, sizeof path, "status/%d/state", i);
		sscanf(json_find(line, path), "\"%15[^\"]", state);
		r = row_of(l, name);
		if (!r)
			fail_msg("%s: the manual has no row \"%s\" (%s)", rungs[rung].name, name, state);
		r->seen = true;
		if (!agrees(r, rung, state))
			fail_msg("%s: \"%s\" is %s, and in the manual %s", rungs[rung].name, name, state, r->cell[rung]);
	}
	for (size_t i = 0; i < l->count; i++)
		if (!l->rows[i].seen && l->rows[i].cell[rung][0] != '-' && l->rows[i].cell[rung][0] != '(')
			fail_msg("%s: there is no state \"%s\"", rungs[rung].name, l->rows[i].name);
}

/* The states at the end. */
static void stand_on(struct ladder *l, size_t rung, const char *const target[])
{
	const char *why, *line;
	struct child *c = start(&rungs[rung], target, &why);
	char *last = NULL;

	if (!c) {
		printf("# skip: %s\n", why);
		skip();
	}
	while ((line = child_line(c, 20000)))
		if (json_valid(line) && json_find(line, "status")) {
			free(last);
			last = strdup(line);
		}
	child_free(c);
	if (rungs[rung].paranoid)
		write_paranoid(paranoid);
	assert_non_null(last);
	take_states(l, rung, last);
	free(last);
}

static void a_command_of_ones_own(void **state)
{
	const char *const target[] = { "--", program, "walk", NULL };
	struct ladder l;

	read_ladder("own", &l);
	stand_on(&l, (size_t)(uintptr_t)*state, target);
}

static void another_users_program(void **state)
{
	char pid[16];
	const char *const target[] = { "-p", pid, NULL };
	struct ladder l;
	pid_t other;

	read_ladder("other", &l);
	other = geteuid() == 0 ? fork() : -1;
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setgid(OTHER_USER) || setuid(OTHER_USER))
			_exit(1);
		execl(program, program, "walk", (char *)NULL);
		_exit(1);
	}
	usleep(100000);
	snprintf(pid, sizeof pid, "%d", (int)other);
	stand_on(&l, (size_t)(uintptr_t)*state, target);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

#define TEST(function, rung) { #function "_" #rung, function, NULL, NULL, (void *)(uintptr_t)(rung) }

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_of_ones_own, 0), TEST(a_command_of_ones_own, 1), TEST(a_command_of_ones_own, 2),
		TEST(a_command_of_ones_own, 3), TEST(a_command_of_ones_own, 4), TEST(a_command_of_ones_own, 5),
		TEST(another_users_program, 0), TEST(another_users_program, 1), TEST(another_users_program, 2),
		TEST(another_users_program, 3), TEST(another_users_program, 4), TEST(another_users_program, 5),
	};

	if (argc == 2 && strcmp(argv[1], "walk") == 0)
		return walk();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, prepare, clean);
}
