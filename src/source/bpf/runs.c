/* bpf_enable_stats() and the counts of programs. */
#include "source/bpf/runs.h"

#include "base/alloc.h"
#include "base/thread.h"

#include <bpf/bpf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WINDOW (200 * NSEC_PER_MSEC)

struct runs {
	pthread_t thread;
	bool running;            /* there is one to be joined */
	atomic_bool done, denied;
	struct runs_program list[RUNS_MOST];
	size_t count;
	double seconds;
};

struct runs *runs_open(void)
{
	return xcalloc(1, sizeof(struct runs));
}

bool runs_denied(const struct runs *r)
{
	return atomic_load(&r->denied);
}

static void add(struct runs_program *p, int sign)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof info;

	if (bpf_obj_get_info_by_fd(p->fd, &info, &size))
		return;
	p->count += sign * info.run_cnt;
	p->time += sign * info.run_time_ns;
}

static void *measure(void *context)
{
	struct runs *r = context;
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	nsec_t begin = clock_now();

	atomic_store(&r->denied, stats < 0);
	if (stats >= 0) {
		for (size_t i = 0; i < r->count; i++)
			add(&r->list[i], -1);
		nanosleep(&(struct timespec){ .tv_nsec = WINDOW }, NULL);
		for (size_t i = 0; i < r->count; i++)
			add(&r->list[i], 1);
		close(stats);
	}
	r->seconds = nsec_to_seconds(clock_now() - begin);
	for (size_t i = 0; i < r->count; i++)
		close(r->list[i].fd);
	atomic_store(&r->done, true);
	return NULL;
}

bool runs_begin(struct runs *r, const struct runs_program *list, size_t count)
{
	bool begun = !r->running && !runs_denied(r);

	if (begun) {
		memcpy(r->list, list, count * sizeof *list);
		r->count = count;
		atomic_store(&r->done, false);
		begun = r->running = thread_start(&r->thread, measure, r) == 0;
	}
	for (size_t i = 0; !begun && i < count; i++)
		close(list[i].fd);
	return begun;
}

const struct runs_program *runs_take(struct runs *r, size_t *count, double *seconds)
{
	if (!r->running || !atomic_load(&r->done))
		return NULL;
	pthread_join(r->thread, NULL);
	r->running = false;
	*count = r->count;
	*seconds = r->seconds;
	return runs_denied(r) ? NULL : r->list;
}

void runs_close(struct runs *r)
{
	if (r && r->running)
		pthread_join(r->thread, NULL);
	free(r);
}
