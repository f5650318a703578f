/* Names of addresses of running programs: functions, variables, regions; stripped, replaced and deleted files; other
 * namespaces; lines. The programs are subject.c. */
#include "live.h"

#include <dlfcn.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

static char directory[] = "/tmp/tach-test-XXXXXX"; /* everybody may read it */

static int make_directory(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	return chmod(directory, 0755);
}

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
	char command[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof command, format, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static int remove_directory(void **state)
{
	(void)state;
	run("rm -rf %s", directory);
	return 0;
}

static void begin(struct live *l)
{
	char program[256];

	subject_path(program, sizeof program, "fp");
	live_begin(l, program);
}

static void check(struct live *l, uint64_t address, enum symbol_kind kind, const char *text)
{
	struct symbol_name name;

	assert_string_equal(live_text(l, address, &name), text);
	assert_int_equal(name.kind, kind);
	assert_true((name.why == NULL) == (kind == SYMBOL_FUNCTION || kind == SYMBOL_OBJECT || name.name[0] == '['));
}

static const char *why(struct live *l, uint64_t address)
{
	struct symbol_name name;

	symbols_name(l->symbols, address, &name);
	return name.why ? name.why : "";
}

static void functions_have_their_names(void **state)
{
	struct symbol_name name;
	struct live l;

	(void)state;
	begin(&l);
	check(&l, live_address(&l, "inner"), SYMBOL_FUNCTION, "inner");
	check(&l, live_address(&l, "inner") + 5, SYMBOL_FUNCTION, "inner+0x5");
	check(&l, live_address(&l, "nanosleep"), SYMBOL_FUNCTION, "nanosleep"); /* not __nanosleep, which it also is */
#ifdef HAVE_LIBIBERTY
	check(&l, live_address(&l, "cxx"), SYMBOL_FUNCTION, "shop::Table::find");
	check(&l, live_address(&l, "rust"), SYMBOL_FUNCTION, "mycrate::shop::find");
	check(&l, live_address(&l, "rust_old"), SYMBOL_FUNCTION, "mycrate::shop::add");
#endif
	symbols_name(l.symbols, live_address(&l, "nanosleep"), &name);
	assert_int_equal(strncmp(name.module, "libc.so", 7), 0);
	symbols_name(l.symbols, live_address(&l, "outer"), &name);
	assert_string_equal(name.module, "subject-fp");
	live_end(&l);
}

static void variables_have_their_names(void **state)
{
	struct live l;

	(void)state;
	begin(&l);
	check(&l, live_address(&l, "conn_tbl"), SYMBOL_OBJECT, "conn_tbl");
	check(&l, live_address(&l, "conn_tbl") + 24, SYMBOL_OBJECT, "conn_tbl+0x18");
	check(&l, live_address(&l, "zero_tbl") + 4095, SYMBOL_OBJECT, "zero_tbl+0xfff");
	live_end(&l);
}

/* Where a region begins, by the kernel. */
static uint64_t start_of(pid_t pid, const char *region)
{
	unsigned long start = 0;
	char path[32], line[512];
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	maps = fopen(path, "r");
	while (fgets(line, sizeof line, maps))
		if (strstr(line, region))
			sscanf(line, "%lx", &start);
	fclose(maps);
	return start;
}

static void regions_have_theirs(void **state)
{
	char text[64];
	uint64_t at;
	struct live l;

	(void)state;
	begin(&l);
	check(&l, start_of(child_pid(l.child), "[heap]") + 0x40, SYMBOL_REGION, "[heap]+0x40");
	check(&l, live_address(&l, "stack"), SYMBOL_REGION, "[stack]");
	check(&l, live_address(&l, "shared"), SYMBOL_REGION, "[shared]+0x40");
	at = live_address(&l, "anonymous");
	snprintf(text, sizeof text, "0x%llx", (unsigned long long)at);
	check(&l, at, SYMBOL_REGION, text);
	assert_string_equal(why(&l, at), "memory without a name");
	check(&l, 8, SYMBOL_UNKNOWN, "0x8");
	assert_string_equal(why(&l, 8), "not mapped");
	live_end(&l);
}

/* The kernel's own code in every process, at the same place in its image as in ours. */
static void the_vdso_has_names(void **state)
{
	uint64_t own = getauxval(AT_SYSINFO_EHDR), start = 0;
	void *image = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
	void *function = image ? dlsym(image, "__vdso_clock_gettime") : NULL;
	struct live l;

	(void)state;
	if (!own || !function) {
		printf("# skip: no vdso that tells its names\n");
		skip();
	}
	begin(&l);
	start = start_of(child_pid(l.child), "[vdso]");
	check(&l, start + ((uint64_t)(uintptr_t)function - own), SYMBOL_FUNCTION, "clock_gettime");
	check(&l, start + ((uint64_t)(uintptr_t)function - own) + 1, SYMBOL_FUNCTION, "clock_gettime+0x1");
	dlclose(image);
	live_end(&l);
}

/* ---- stripped programs and their debug files ---- */

/* A copy of the subject in the directory, made smaller by that command; %s in it is the copy. */
static void copy_subject(char path[256], const char *name, const char *command)
{
	char subject[256];

	subject_path(subject, sizeof subject, "fp");
	snprintf(path, 256, "%s/%s", directory, name);
	run("cp %s %s", subject, path);
	if (command)
		run("p=%s && cd %s && %s", path, directory, command);
}

static void a_stripped_program_says_so(void **state)
{
	struct symbol_name name;
	char path[256];
	struct live l;

	(void)state;
	copy_subject(path, "stripped", "strip $p");
	live_begin(&l, path);
	symbols_name(l.symbols, live_address(&l, "inner"), &name);
	assert_int_equal(name.kind, SYMBOL_MODULE);
	assert_string_equal(name.module, "stripped");
	assert_string_equal(name.why, "stripped: only the names that it exports are known");
	assert_true(name.offset < 0x4000); /* as addr2line takes it */
	live_end(&l);
}

static void check_debug_file(const char *command, bool found)
{
	struct symbol_line line;
	char path[256];
	struct err e;
	struct live l;

	copy_subject(path, "linked", command);
	live_begin(&l, path);
	if (found)
		check(&l, live_address(&l, "inner") + 3, SYMBOL_FUNCTION, "inner+0x3");
	else
		assert_string_equal(why(&l, live_address(&l, "inner") + 3), "stripped: only the names that it exports are known");
	assert_int_equal(symbols_line(l.symbols, live_address(&l, "inner"), &line, &e), found ? 0 : -1);
	if (!found)
		assert_string_equal(e.text, "linked: no debug information: build with -g, or install its debug package");
	live_end(&l);
	run("rm -rf %s/linked* %s/.debug", directory, directory);
}

static void a_debug_file_beside_the_program(void **state)
{
	(void)state;
	check_debug_file("objcopy --only-keep-debug $p linked.debug && strip $p && objcopy --add-gnu-debuglink=linked.debug $p",
		true);
	check_debug_file("mkdir .debug && objcopy --only-keep-debug $p .debug/linked.debug && strip $p && "
		"objcopy --add-gnu-debuglink=.debug/linked.debug $p", true);
}

static void debug_information_that_is_compressed(void **state)
{
	(void)state;
#ifdef HAVE_LIBDW
	check_debug_file("objcopy --compress-debug-sections $p", true);
#else
	printf("# skip: built without libdw\n");
	skip();
#endif
}

static void a_debug_file_known_by_its_checksum(void **state)
{
	(void)state;
	check_debug_file("objcopy --remove-section=.note.gnu.build-id $p && objcopy --only-keep-debug $p linked.debug 2>/dev/null && "
		"strip $p && objcopy --add-gnu-debuglink=linked.debug $p", true);
	check_debug_file("objcopy --remove-section=.note.gnu.build-id $p && objcopy --only-keep-debug $p linked.debug 2>/dev/null && "
		"strip $p && objcopy --add-gnu-debuglink=linked.debug $p && printf x >>linked.debug", false);
}

/* The name in the link is right, but it belongs to another build. */
static void the_debug_file_of_another_build(void **state)
{
	char other[256], command[1024];

	(void)state;
	subject_path(other, sizeof other, "nofp");
	snprintf(command, sizeof command,
		"objcopy --only-keep-debug $p linked.debug && strip $p && objcopy --add-gnu-debuglink=linked.debug $p && "
		"objcopy --only-keep-debug $OLDPWD/%s linked.debug", other[0] == '/' ? "" : other);
	check_debug_file(command, false);
}

/* ---- files that are not what they were ---- */

static void a_deleted_program_keeps_its_names(void **state)
{
	char path[256];
	struct live l;

	(void)state;
	copy_subject(path, "deleted", NULL);
	live_begin(&l, path);
	run("rm %s", path);
	check(&l, live_address(&l, "inner"), SYMBOL_FUNCTION, "inner");
	live_end(&l);
}

struct mapped {
	struct live live;
	char path[256];
};

static void map_copy(struct mapped *m, const char *name)
{
	char program[256];
	const char *argv[] = { program, "map", m->path, NULL };

	subject_path(program, sizeof program, "fp");
	copy_subject(m->path, name, NULL);
	live_start(&m->live, argv);
}

/* Root may open the very file that is mapped. */
static void a_replaced_file_as_root(void **state)
{
	struct mapped m;
	char other[256];

	(void)state;
	if (geteuid() != 0) {
		printf("# skip: needs root: /proc/PID/map_files\n");
		skip();
	}
	map_copy(&m, "library");
	subject_path(other, sizeof other, "nofp");
	run("cp %s %s.new && mv %s.new %s", other, m.path, m.path, m.path);
	live_look(&m.live, child_pid(m.live.child));
	assert_string_not_equal(why(&m.live, live_address(&m.live, "mapped") + 64),
		"the file was deleted or replaced since it was mapped");
	live_end(&m.live);
}

/* Runs it without any privilege, in a child; returns the status that it ends with. */
static int unprivileged(int (*body)(void))
{
	pid_t pid = fork();
	int status = -1;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(geteuid() == 0 && (setgid(65534) || setuid(65534)) ? 99 : body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static char own_program[256], own_library[256]; /* which the unprivileged may replace */

/* What is said of the library once a copy of that file has taken its name. */
static const char *why_replaced_by(struct live *l, const char *path)
{
	run("cp %s %s.new && mv -f %s.new %s", path, own_library, own_library, own_library);
	symbols_stale(l->symbols);
	return why(l, live_address(l, "mapped") + 0x40);
}

static int look_without_privilege(void)
{
	const char *const argv[] = { own_program, "map", own_library, NULL };
	struct symbol_name name;
	char copy[300];
	struct live l;

	snprintf(copy, sizeof copy, "%s.copy", own_library);
	run("cp %s %s", own_library, copy);
	live_start(&l, argv);
	live_look(&l, child_pid(l.child));
	symbols_name(l.symbols, live_address(&l, "inner"), &name);
	if (strcmp(name.name, "inner") != 0)
		return 2;
	run("rm %s", own_program);
	symbols_stale(l.symbols);
	symbols_name(l.symbols, live_address(&l, "inner"), &name); /* deleted: by /proc/PID/exe */
	if (strcmp(name.name, "inner") != 0)
		return 6;
	if (strstr(why(&l, live_address(&l, "mapped") + 0x40), "replaced")) /* by its path */
		return 3;
	if (strcmp(why_replaced_by(&l, "/bin/true"), "the file was deleted or replaced since it was mapped") != 0)
		return 4;
	if (strstr(why_replaced_by(&l, copy), "replaced")) /* the same again, told by headers and build id */
		return 5;
	symbols_close(l.symbols);
	symbol_cache_free(l.cache);
	live_look(&l, 1); /* root's */
	if (geteuid() != 0 && strcmp(why(&l, 8), "not permitted to read the maps of the process") != 0)
		return 7;
	live_end(&l);
	return 0;
}

static void a_replaced_file_without_privilege(void **state)
{
	char nofp[256];

	(void)state;
	subject_path(nofp, sizeof nofp, "nofp");
	run("mkdir -m 777 %s/own", directory);
	copy_subject(own_program, "own/program", "chmod 755 $p");
	snprintf(own_library, sizeof own_library, "%s/own/library", directory);
	run("cp %s %s && chmod 755 %s", nofp, own_library, own_library);
	assert_int_equal(unprivileged(look_without_privilege), 0);
}

static void a_file_without_code(void **state)
{
	char program[256], path[256], text[300];
	const char *argv[] = { program, "map", path, NULL };
	struct live l;

	(void)state;
	snprintf(path, sizeof path, "%s/data.txt", directory);
	run("seq 2000 >%s", path);
	subject_path(program, sizeof program, "fp");
	live_start(&l, argv);
	live_look(&l, child_pid(l.child));
	snprintf(text, sizeof text, "data.txt+0x10");
	check(&l, live_address(&l, "mapped") + 16, SYMBOL_MODULE, text);
	live_end(&l);
}

static void an_ended_process_keeps_what_was_read(void **state)
{
	struct symbol_name name;
	struct live l;

	(void)state;
	begin(&l);
	check(&l, live_address(&l, "inner"), SYMBOL_FUNCTION, "inner");
	kill(child_pid(l.child), SIGKILL);
	waitid(P_PID, (id_t)child_pid(l.child), &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	symbols_stale(l.symbols);
	check(&l, live_address(&l, "inner") + 1, SYMBOL_FUNCTION, "inner+0x1");
	check(&l, live_address(&l, "conn_tbl"), SYMBOL_OBJECT, "conn_tbl");
	live_end(&l);

	begin(&l); /* and one of which nothing was read */
	kill(child_pid(l.child), SIGKILL);
	waitid(P_PID, (id_t)child_pid(l.child), &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	symbols_name(l.symbols, live_address(&l, "inner"), &name);
	assert_int_equal(name.kind, SYMBOL_UNKNOWN);
	assert_string_equal(name.why, "the process has ended");
	live_end(&l);
}

static void exec_gives_other_names(void **state)
{
	char program[256], script[512];
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	const char *line;
	struct live l;

	(void)state;
	subject_path(program, sizeof program, "fp");
	snprintf(script, sizeof script, "echo ready; sleep 0.3; exec %s rest", program);
	live_start(&l, argv);
	live_look(&l, child_pid(l.child));
	assert_int_equal(strncmp(why(&l, 8), "not mapped", 10), 0); /* reads the maps of the shell */
	while ((line = child_line(l.child, 10000)) && strcmp(line, "ready") != 0 && l.nsaid < 32)
		snprintf(l.said[l.nsaid++], sizeof l.said[0], "%s", line);
	symbols_stale(l.symbols);
	check(&l, live_address(&l, "inner"), SYMBOL_FUNCTION, "inner");
	live_end(&l);
}

static uint64_t code_of(pid_t pid)
{
	return start_of(pid, "r-xp") + 0x100;
}

/* The last mapping with code of the shell has a name; what it runs then may be executed, but not read. */
static int look_past_an_unreadable_exec(void)
{
	char script[512];
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct symbol_name name;
	const char *line;
	struct live l;
	uint64_t code;

	snprintf(script, sizeof script, "echo ready; sleep 0.3; exec %s rest", own_program);
	live_start(&l, argv);
	live_look(&l, child_pid(l.child));
	code = code_of(child_pid(l.child));
	symbols_name(l.symbols, code, &name);
	if (!name.module[0] && !name.name[0])
		return 2;
	while ((line = child_line(l.child, 10000)) && strcmp(line, "ready") != 0)
		;
	symbols_stale(l.symbols);
	symbols_name(l.symbols, code, &name);
	if (name.kind != SYMBOL_UNKNOWN || strcmp(name.why, "not permitted to read the maps of the process") != 0)
		return 3;
	live_end(&l);
	return 0;
}

static void what_may_not_be_read_has_no_old_names(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		printf("# skip: needs root: a program of another user\n");
		skip();
	}
	run("mkdir -p %s/own", directory);
	copy_subject(own_program, "own/secret", "chmod 711 $p");
	assert_int_equal(unprivileged(look_past_an_unreadable_exec), 0);
}

/* A process that maps one file, and at the word another in its place. */
static void map_one_after_the_other(char *const files[2], int hear, int tell)
{
	void *at = NULL;

	for (int i = 0; i < 2; i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);

		at = mmap(at, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | (at ? MAP_FIXED : 0), fd, 0);
		close(fd);
		if (write(tell, &at, sizeof at) != sizeof at || read(hear, &at, sizeof at) != sizeof at)
			_exit(1);
	}
}

static nsec_t eleven_seconds_later(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (nsec_t)t.tv_sec * NSEC_PER_SEC + (nsec_t)t.tv_nsec + 11 * NSEC_PER_SEC;
}

static void another_file_at_the_same_place(void **state)
{
	char one[300], other[300], *const files[2] = { one, other };
	struct symbol_name name;
	struct live l = { .child = NULL };
	int hear[2], tell[2];
	void *at;
	pid_t pid;

	(void)state;
	snprintf(one, sizeof one, "%s/one.so", directory);
	snprintf(other, sizeof other, "%s/other.so", directory);
	run("seq 2000 >%s && seq 3000 >%s", one, other);
	assert_int_equal(pipe(hear) | pipe(tell), 0);
	pid = fork();
	if (pid == 0) {
		alarm(60);
		map_one_after_the_other(files, hear[0], tell[1]);
		_exit(0);
	}
	assert_int_equal(read(tell[0], &at, sizeof at), sizeof at);
	live_look(&l, pid);
	symbols_name(l.symbols, (uintptr_t)at + 16, &name);
	assert_string_equal(name.module, "one.so");
	assert_int_equal(write(hear[1], &at, sizeof at), sizeof at);
	assert_int_equal(read(tell[0], &at, sizeof at), sizeof at);
	clock_replace(eleven_seconds_later, NULL);
	symbols_name(l.symbols, (uintptr_t)at + 16, &name);
	clock_replace(NULL, NULL);
	assert_string_equal(name.module, "other.so");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	symbols_close(l.symbols);
	symbol_cache_free(l.cache);
	for (int i = 0; i < 2; i++) {
		close(hear[i]);
		close(tell[i]);
	}
}

/* ---- code made at run time, and namespaces ---- */

static void write_perfmap(const char *path, uint64_t address)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "%llx 100 LazyCompile:~handle /srv/app.js:7\x1b[31m\n", (unsigned long long)address);
	fclose(f);
}

static void code_made_at_run_time(void **state)
{
	static const char none[] = "code made at run time, and no perf map that names it";
	char path[64];
	uint64_t code;
	struct live l;

	(void)state;
	begin(&l);
	code = live_address(&l, "code");
	assert_string_equal(why(&l, code + 0x10), none);
	snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)child_pid(l.child));
	write_perfmap(path, code);
	symbols_stale(l.symbols);
	check(&l, code + 0x10, SYMBOL_FUNCTION, "LazyCompile:~handle /srv/app.js:7?[31m+0x10");
	assert_string_equal(why(&l, code + 0x100), "code made at run time that its perf map does not name");
	unlink(path);
	live_end(&l);

	begin(&l); /* the file of another user is nobody's word */
	code = live_address(&l, "code");
	snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)child_pid(l.child));
	write_perfmap(path, code);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_string_equal(why(&l, code + 0x10), none);
	}
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0); /* nor is a pipe: opening it must not wait */
	symbols_stale(l.symbols);
	assert_string_equal(why(&l, code + 0x20), none);
	unlink(path);
	live_end(&l);
}

static pid_t only_child_of(pid_t pid)
{
	char path[64], text[64] = "";
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "r");
	if (f && !fgets(text, sizeof text, f))
		text[0] = '\0';
	if (f)
		fclose(f);
	return (pid_t)atoi(text);
}

/* Its program, and the map of its code, are where only it sees them; and its own pid is another than ours for it. */
static void a_process_in_namespaces_of_its_own(void **state)
{
	char subject[256], script[1024];
	const char *const argv[] = { "unshare", "-m", "-p", "-f", "/bin/sh", "-c", script, NULL };
	struct symbol_line line;
	char path[256];
	struct live l;
	struct err e;
	pid_t pid;
	int root;

	(void)state;
	if (geteuid() != 0 || system("unshare -m -p -f true 2>/dev/null") != 0) {
		printf("# skip: needs root and namespaces\n");
		skip();
	}
	subject_path(subject, sizeof subject, "fp");
	assert_non_null(realpath(subject, path));
	snprintf(script, sizeof script,
		"mount -t tmpfs none /mnt && cp %s /mnt/subject && mount -t tmpfs none /tmp && exec /mnt/subject rest", path);
	live_start(&l, argv);
	pid = only_child_of(child_pid(l.child));
	assert_true(pid > 0);
	live_look(&l, pid);
	check(&l, live_address(&l, "inner"), SYMBOL_FUNCTION, "inner");
	assert_int_equal(symbols_line(l.symbols, live_address(&l, "inner"), &line, &e), 0);
	snprintf(path, sizeof path, "/proc/%d/root/tmp/perf-1.map", (int)pid);
	write_perfmap(path, live_address(&l, "code"));
	root = open_proc(pid);
	check(&l, live_address(&l, "code"), SYMBOL_FUNCTION, "LazyCompile:~handle /srv/app.js:7?[31m");
	close(root);
	live_end(&l);
}

/* ---- bounds ---- */

/* What is given up for want of room is read again when it is asked for. */
static void a_small_cache_forgets_and_finds_again(void **state)
{
	struct live l;
	int dir;

	(void)state;
	begin(&l);
	symbols_close(l.symbols);
	symbol_cache_free(l.cache);
	l.cache = symbol_cache_new(2400); /* 50 symbols a file: not all of the program's, much less of the C library's */
	dir = open_proc(child_pid(l.child));
	l.symbols = symbols_open(l.cache, child_pid(l.child), dir);
	close(dir);
	for (uint64_t i = 0; i < 20; i++) {
		struct symbol_name name;

		symbols_name(l.symbols, live_address(&l, "inner") + i, &name);
		assert_string_equal(name.module, "subject-fp");
		assert_true(name.kind == SYMBOL_FUNCTION ? strcmp(name.name, "inner") == 0 :
			strcmp(name.why, "it has more names than are kept") == 0);
		symbols_name(l.symbols, live_address(&l, "nanosleep") + i, &name);
		assert_int_equal(strncmp(name.module, "libc", 4), 0);
		assert_true(symbol_cache_bytes(l.cache) <= 2400);
	}
	live_end(&l);
}

static void the_line_of_an_address(void **state)
{
	char text[64];
	struct symbol_line line;
	struct live l;
	struct err e;

	(void)state;
	begin(&l);
	assert_int_equal(symbols_line(l.symbols, live_address(&l, "cxx"), &line, &e), 0);
	assert_non_null(strstr(line.file, "tests/symbol/subject.c"));
	run("sed -n %up tests/symbol/subject.c | grep -q 'return conn_tbl.n & 63..value;$'", line.line);
	assert_int_equal(strncmp(symbol_line_text(text, sizeof text, &line), "subject.c:", 10), 0);
	assert_int_equal(symbols_line(l.symbols, 8, &line, &e), -1);
	assert_string_equal(e.text, "not mapped");
	assert_int_equal(symbols_line(l.symbols, live_address(&l, "stack"), &line, &e), -1);
	assert_string_equal(e.text, "memory without a file");
	live_end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_have_their_names),
		cmocka_unit_test(variables_have_their_names),
		cmocka_unit_test(regions_have_theirs),
		cmocka_unit_test(the_vdso_has_names),
		cmocka_unit_test(a_stripped_program_says_so),
		cmocka_unit_test(a_debug_file_beside_the_program),
		cmocka_unit_test(debug_information_that_is_compressed),
		cmocka_unit_test(a_debug_file_known_by_its_checksum),
		cmocka_unit_test(the_debug_file_of_another_build),
		cmocka_unit_test(a_deleted_program_keeps_its_names),
		cmocka_unit_test(a_replaced_file_as_root),
		cmocka_unit_test(a_replaced_file_without_privilege),
		cmocka_unit_test(a_file_without_code),
		cmocka_unit_test(an_ended_process_keeps_what_was_read),
		cmocka_unit_test(exec_gives_other_names),
		cmocka_unit_test(what_may_not_be_read_has_no_old_names),
		cmocka_unit_test(another_file_at_the_same_place),
		cmocka_unit_test(code_made_at_run_time),
		cmocka_unit_test(a_process_in_namespaces_of_its_own),
		cmocka_unit_test(a_small_cache_forgets_and_finds_again),
		cmocka_unit_test(the_line_of_an_address),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
