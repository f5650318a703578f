/* The thread that looks: what it may do, and that nobody waits for a look that hangs. */
#include "../../lib/threads.h"
#include "source/blocked/sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#define BIT(capability) ((uint64_t)1 << (capability))

static void it_has_two_capabilities_and_crashes_aloud(void **state)
{
	pid_t before[16], tid;
	size_t n = threads_list(before, 16);
	struct sampler *s;
	uint64_t blocked;
	struct err e;

	(void)state;
	s = sampler_open(&e);
	assert_non_null(s);
	assert_true(thread_keeps_only(before, n, BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH), &tid));
	blocked = thread_bits(tid, "SigBlk:");
	assert_true(blocked & BIT(SIGINT - 1));
	assert_false(blocked & (BIT(SIGSEGV - 1) | BIT(SIGBUS - 1)));
	sampler_close(s);
}

/* Memory of which nobody ever gives the second page; it waits for a lock at the end of the first, whose owner would stand
 * in the second. */
static void wait_at_the_edge(int tell)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register all = { .range = { (uintptr_t)memory + 4096, 4096 }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	uint32_t *word = (uint32_t *)(void *)(memory + 4092);
	bool ready;

	*word = 2;
	ready = fd >= 0 && !ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &all);
	if (write(tell, &ready, sizeof ready) != sizeof ready)
		return;
	for (int i = 0; ready && i < 60; i++)
		syscall(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, &(struct timespec){ .tv_sec = 1 }, NULL, 0);
}

static pid_t start_waiting(bool *ready)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) || (pid = fork()) < 0)
		_exit(9);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		wait_at_the_edge(fds[1]);
		_exit(0);
	}
	if (read(fds[0], ready, sizeof *ready) != sizeof *ready)
		_exit(8);
	return pid;
}

/* Ends at once with what came of it, for the thread that hangs is left alone with its memory. */
static void look_into_it(void)
{
	bool ready = false, held_up = false;
	pid_t pid = start_waiting(&ready);
	struct target *target;
	struct watch list;
	struct sampler *s;
	struct err e;

	if (!ready)
		_exit(77);
	target = target_open_pids(&pid, 1, &(struct target_options){ .children = false }, &e);
	s = sampler_open(&e);
	if (!target || !s)
		_exit(7);
	list = watch_list(target);
	sampler_follow(s, &list);
	for (int i = 0; i < 100 && !held_up; i++, poll(NULL, 0, 10))
		held_up = !sampler_report(s);
	if (!held_up)
		_exit(6);
	sampler_close(s);
	kill(pid, SIGKILL);
	_exit(0);
}

static void a_look_that_hangs_is_left_alone(void **state)
{
	pid_t pid = fork();
	int status = -1;

	(void)state;
	if (pid == 0) {
		alarm(30);
		look_into_it();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		printf("# skip: memory cannot be withheld (userfaultfd)\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_two_capabilities_and_crashes_aloud),
		cmocka_unit_test(a_look_that_hangs_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
