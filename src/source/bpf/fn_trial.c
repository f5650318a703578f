/*
 * A function of a few bytes that begins with the same kind of instruction, in a file that lies in memory, called a
 * hundred times under the very probes that the target's function gets. The time of the calling thread is the price: with
 * the trap, the single step where there is one, and the programs.
 */
#include "source/bpf/fn_trial.h"

#include "base/clock.h"
#include "source/bpf/shared.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WARM 5   /* the first ones pay for faults */
#define ROUNDS 5 /* of which the cheapest counts: tach may be interrupted meanwhile */
#define HITS 20  /* a round */

static double time_calls(void (*function)(void))
{
	nsec_t least = UINT64_MAX;

	for (int i = 0; i < WARM; i++)
		function();
	for (int round = 0; round < ROUNDS; round++) {
		nsec_t begin = clock_cpu_thread(), took;

		for (int i = 0; i < HITS; i++)
			function();
		took = clock_cpu_thread() - begin;
		least = took < least ? took : least;
	}
	return nsec_to_seconds(least) / HITS;
}

static double measure(struct fn_trial *t, const struct fn_bpf *s, bool many, const struct fn_entry *entry, bool timed, int fd)
{
	struct fn_point point = { .slot = FN_TRIAL, .timed = timed };
	double price = (double)NAN;
	struct err e;
	bool failed;
	void (*function)(void);
	void *code;

	if (ftruncate(fd, sysconf(_SC_PAGESIZE)) || write(fd, entry->sample, sizeof entry->sample) < 0)
		return price;
	code = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (code == MAP_FAILED)
		return price;
	memcpy(&function, &code, sizeof function);
	if (fn_link(s, many, fd, getpid(), &point, 1, &failed, &t->links, &e) == 1)
		price = time_calls(function);
	munmap(code, (size_t)sysconf(_SC_PAGESIZE));
	return price;
}

double fn_trial_price(struct fn_trial *t, const struct fn_bpf *s, bool many, const struct fn_entry *entry, bool timed)
{
	double *price = &t->price[entry - fn_entries][timed];
	int fd;

	if (*price != 0)
		return *price;
	*price = (double)NAN;
	fd = memfd_create("tach-trial", MFD_CLOEXEC);
	if (fd >= 0) {
		*price = measure(t, s, many, entry, timed, fd);
		close(fd);
	}
	return *price;
}

void fn_trial_end(struct fn_trial *t)
{
	fn_unlink(&t->links);
}
